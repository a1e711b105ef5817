/* The pair of networks between frames and what stands for them. */
#include "model/parts.h"

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

/* ---- pictures ---- */

/* Height, width and channels: `image` of the description, or a shape of three numbers, or of two, which has one channel. False: none. */
static bool read_picture(const json_t *x_field, int dx, struct image *out)
{
    const json_t *image = json_object_get(x_field, "image"), *shape = image ? image : json_object_get(x_field, "shape");
    size_t dims = json_array_size(shape);
    if (dims != 3 && (image || dims != 2))
        return false;
    double rows = 1;
    int side[3] = {1, 1, 1};
    for (size_t i = 0; i < dims; i++) {
        json_int_t size = json_integer_value(json_array_get(shape, i));
        if (size < 1 || size > dx)
            return false;
        side[i] = (int)size;
        rows *= side[i];
    }
    *out = (struct image){side[0], side[1], side[2]};
    return rows == dx;
}

struct image picture_of(const struct model *m)
{
    struct image image;
    return read_picture(m->x_field, m->dx, &image) ? image : (struct image){1, 1, m->dx};
}

static int check_layers(const char *option, const struct layer_list *l, int dx, const json_t *x_field, struct error *e)
{
    struct conv plan[NETWORK_MOST_CONVOLUTIONS];
    struct image picture;
    if (!l->convolutions)
        return DSSM_OK;
    if (!read_picture(x_field, dx, &picture))
        return error_set(e, DSSM_USAGE, "--%s: convolutions need pictures, but the header does not say that x is one of %d numbers", option,
                         dx);
    if (network_plan(picture, l, plan, e) < 0)
        return error_prefix(e, "--%s", option), DSSM_USAGE;
    double weights = network_most_weights(picture, l, 1);
    if (weights > MODEL_MOST_WEIGHTS)
        return error_set(e, DSSM_USAGE, "--%s: expected at most %d weights or numbers in a layer, got %.0f", option, MODEL_MOST_WEIGHTS,
                         weights);
    return DSSM_OK;
}

int coder_check(const struct model_settings *s, int dx, const json_t *x_field, struct error *e)
{
    int code = check_layers("encoder", &s->encoder, dx, x_field, e);
    return code ? code : check_layers("decoder", &s->decoder, dx, x_field, e);
}

/* ---- the networks ---- */

struct network decoder_declare(struct model *m, int decoded, uint64_t seed)
{
    bool sigmoid = output_is_sigmoid(m);
    struct network decoder = network_to_picture(&m->params, "decoder", decoded, &model_settings(m)->decoder, picture_of(m),
                                                sigmoid ? ACT_SIGMOID : ACT_NONE, GROUP_THETA, seed);
    if (sigmoid) /* most of a picture is dark */
        network_output_start(&m->params, &decoder, -3);
    return decoder;
}

struct coder coder_declare(struct model *m, int encoded, int decoded, uint64_t seed)
{
    struct coder c = {.encoder = network_from_picture(&m->params, "encoder", picture_of(m), &model_settings(m)->encoder, 2 * encoded,
                                                      ACT_NONE, GROUP_PHI, seed)};
    gauss_start(&m->params, &c.encoder.dense, model_settings(m)->encoder_log_variance);
    c.decoder = decoder_declare(m, decoded, seed);
    return c;
}

struct gauss coder_encode(struct tape *t, const struct coder *c, var *x)
{
    return gauss_head(t, network_apply(t, &c->encoder, x));
}

var *coder_decode(struct tape *t, const struct coder *c, var *a)
{
    return network_apply(t, &c->decoder, a);
}

var *coder_distortion(struct tape *t, const struct model *m, const struct batch *b, var *mean)
{
    var *x = batch_value(t, b->x, b->dx, b->T * b->B);
    var *frames = distortion_gauss(t, x, mean, model_settings(m)->sigma_x2);
    if (!b->all_seen)
        frames = mul_lanes(t, frames, batch_value(t, b->seen, 1, b->T * b->B));
    return sum_steps(t, frames, b->T);
}
