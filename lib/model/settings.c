/* Settings that every model has. */
#include "model/model.h"

#define AT(member) offsetof(struct model_settings, member)

const struct option_row options_model[] = {
    {"latent", 'z', OPT_INT, AT(latent), "3", 1, 64, NULL, "N", "size of the latent state z"},
    {"sigma-x2", 0, OPT_REAL, AT(sigma_x2), "0.0005", 1e-9, 1e6, NULL, "V", "variance of the decoder's Gaussian, in squared units of x"},
    {"decoder-output", 0, OPT_CHOICE, AT(output), "auto", 0, 0, "auto|sigmoid|linear", "KIND",
     "last layer of the decoder; auto: sigmoid for |u1 images, else linear"},
    {"encoder", 0, OPT_LAYERS, AT(encoder), "128-128", 1, 65536, NULL, "LAYERS",
     "hidden layers of the encoder: widths; or convolutions of pictures, conv:C-C/N-N with channels and widths, conv alone for channels as "
     "suit the picture and one layer of 128"},
    {"decoder", 0, OPT_LAYERS, AT(decoder), "128-128", 1, 65536, NULL, "LAYERS",
     "hidden layers of the decoder, likewise; with convolutions it is the mirror image of the encoder of the same name"},
    {"encoder-log-variance", 0, OPT_REAL, AT(encoder_log_variance), "-4", -40, 10, NULL, "V",
     "log variance, at the start, of what the encoder, or a recurrent recognition, says of a state; it moves by some 0.001 an "
     "update, so let it begin near ln(sigma-x2) where observations are exact"},
    {"prior", 0, OPT_CHOICE, AT(prior), "vhp", 0, 0, "normal|vhp", "KIND",
     "initial distribution p(z_1): standard normal, or the variational hierarchical prior"},
    {"vhp-latent", 0, OPT_INT, AT(vhp_latent), "2", 1, 64, NULL, "N", "size of the hierarchical prior's own latent variable"},
    {"vhp-hidden", 0, OPT_SIZES, AT(vhp_hidden), "64-64", 1, 65536, NULL, "N-N", "hidden layers of the hierarchical prior"},
    {"filter", 0, OPT_FLAG, AT(filter), NULL, 0, 0, NULL, NULL,
     "learn the filter version: its beliefs know the steps so far, not the later ones"},
    {0},
};
