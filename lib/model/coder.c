/* The pair of networks between frames and what stands for them. */
#include "model/model.h"

#include <string.h>

/* Sigmoid for images, unless the user says otherwise. */
static bool output_is_sigmoid(const struct model *m)
{
    int output = model_settings(m)->output;
    if (output != OUTPUT_AUTO)
        return output == OUTPUT_SIGMOID;
    const char *dtype = json_string_value(json_object_get(m->x_field, "dtype"));
    return dtype && strcmp(dtype, "|u1") == 0;
}

struct mlp decoder_declare(struct model *m, int decoded, uint64_t seed)
{
    bool sigmoid = output_is_sigmoid(m);
    struct mlp decoder = mlp_declare(&m->params, "decoder", decoded, &model_settings(m)->decoder, m->dx, ACT_TANH,
                                     sigmoid ? ACT_SIGMOID : ACT_NONE, GROUP_THETA, seed);
    if (sigmoid) /* most of a picture is dark */
        mlp_output_start(&m->params, &decoder, 0, m->dx, -3, 1);
    return decoder;
}

struct coder coder_declare(struct model *m, int encoded, int decoded, uint64_t seed)
{
    struct coder c = {.encoder = gauss_declare(&m->params, "encoder", m->dx, &model_settings(m)->encoder, encoded, -4, GROUP_PHI, seed)};
    c.decoder = decoder_declare(m, decoded, seed);
    return c;
}

struct gauss coder_encode(struct tape *t, const struct coder *c, var *x)
{
    return gauss_head(t, mlp_apply(t, &c->encoder, x));
}

var *coder_decode(struct tape *t, const struct coder *c, var *a)
{
    return mlp_apply(t, &c->decoder, a);
}

var *coder_distortion(struct tape *t, const struct model *m, const struct batch *b, var *mean)
{
    var *x = batch_value(t, b->x, b->dx, b->T * b->B);
    var *frames = distortion_gauss(t, x, mean, model_settings(m)->sigma_x2);
    if (!b->all_seen)
        frames = mul_lanes(t, frames, batch_value(t, b->seen, 1, b->T * b->B));
    return sum_steps(t, frames, b->T);
}
