/* Networks between pictures and features: convolutions and dense layers. */
#include "net/net.h"

#include <math.h>
#include <stdlib.h>

enum { SIZE = 4, STRIDE = 2, PAD = 1 };
/* The convolutions' activation: as good as free, where a tanh of every pixel and channel costs as much as a thin layer's sums. */
static const enum activation conv_activation = ACT_RELU;

/* Channels where the list names none, for pictures that stay at least LEAST pixels high and wide. */
static const struct int_list standard_channels = {4, {8, 16, 32, 32}};
enum { LEAST = 4 };

static bool is_at_least(struct image i, int side)
{
    return i.height >= side && i.width >= side;
}

int network_plan(struct image picture, const struct layer_list *l, struct conv out[NETWORK_MOST_CONVOLUTIONS], struct error *e)
{
    const struct int_list *channels = l->channels.n ? &l->channels : &standard_channels;
    struct image now = picture;
    int n = 0;
    for (; l->convolutions && n < channels->n; n++, now = out[n - 1].coarse) {
        out[n] = conv_of(now, channels->v[n], SIZE, STRIDE, PAD);
        if (l->channels.n == 0 && n > 0 && !is_at_least(out[n].coarse, LEAST))
            break;
        if (!is_at_least(now, STRIDE))
            return error_set(e, DSSM_USAGE,
                             "expected at most %d convolutions of a picture of %d×%d pixels, each of which halves it, got %d", n,
                             picture.height, picture.width, l->channels.n ? l->channels.n : 1),
                   -1;
    }
    return n;
}

double network_most_weights(struct image picture, const struct layer_list *l, int end)
{
    struct conv conv[NETWORK_MOST_CONVOLUTIONS];
    int n = network_plan(picture, l, conv, NULL);
    double most = 0, rows = (double)picture.height * picture.width * picture.channels;
    for (int i = 0; i < n; i++) {
        const struct image *c = &conv[i].coarse;
        most = fmax(most, (double)c->channels * SIZE * SIZE * conv[i].fine.channels);
        rows = (double)c->height * c->width * c->channels;
        most = fmax(most, rows);
    }
    for (int i = 0; i <= l->dense.n; i++)
        most = fmax(most, (i > 0 ? l->dense.v[i - 1] : rows) * (i < l->dense.n ? l->dense.v[i] : end));
    return most;
}

static int add_entry(struct params *p, const char *name, int layer, const char *kind, int rows, int cols, unsigned group)
{
    char *entry = xasprintf("%s.conv.%d.%s", name, layer, kind);
    int index = params_add(p, entry, rows, cols, group, 1);
    free(entry);
    return index;
}

/* The parameters of the convolutions, with He's start for what a ReLU leaves of an input's variance: uniform in ±√(6/fan-in), the fan-in
 * of a transposed one being the weights that reach a pixel. */
static struct network convolutions_declare(struct params *p, const char *name, struct image picture, const struct layer_list *l,
                                           bool to_picture, enum activation last, unsigned group, uint64_t seed)
{
    struct error e;
    struct network n = {.to_picture = to_picture, .last = last};
    n.convolutions = network_plan(picture, l, n.conv, &e);
    if (n.convolutions < 0)
        bug("network %s: %s", name, e.text);
    for (int i = 0; i < n.convolutions; i++) {
        const struct conv *c = &n.conv[i];
        int taps = SIZE * SIZE, fan_in = to_picture ? taps / (STRIDE * STRIDE) * c->coarse.channels : taps * c->fine.channels;
        n.kernel[i] = add_entry(p, name, i, "weight", c->coarse.channels, taps * c->fine.channels, group);
        n.bias[i] = add_entry(p, name, i, "bias", to_picture ? c->fine.channels : c->coarse.channels, 1, group);
        params_uniform(p, n.kernel[i], seed, sqrt(6.0 / fan_in));
    }
    return n;
}

/* Numbers at the dense layers' end of the convolutions. */
static int inner_rows(const struct network *n, struct image picture)
{
    return image_rows(n->convolutions ? n->conv[n->convolutions - 1].coarse : picture);
}

struct network network_from_picture(struct params *p, const char *name, struct image picture, const struct layer_list *l, int out,
                                    enum activation output, unsigned group, uint64_t seed)
{
    struct network n = convolutions_declare(p, name, picture, l, false, conv_activation, group, seed);
    n.dense = mlp_declare(p, name, inner_rows(&n, picture), &l->dense, out, ACT_TANH, output, group, seed);
    return n;
}

struct network network_to_picture(struct params *p, const char *name, int in, const struct layer_list *l, struct image picture,
                                  enum activation output, unsigned group, uint64_t seed)
{
    struct network n = convolutions_declare(p, name, picture, l, true, output, group, seed);
    n.dense =
        mlp_declare(p, name, in, &l->dense, inner_rows(&n, picture), ACT_TANH, n.convolutions ? conv_activation : output, group, seed);
    return n;
}

var *network_apply(struct tape *t, const struct network *n, var *x)
{
    if (n->to_picture)
        x = mlp_apply(t, &n->dense, x);
    for (int i = 0; i < n->convolutions; i++) {
        int k = n->to_picture ? n->convolutions - 1 - i : i;
        var *kernel = param(t, n->kernel[k]), *bias = param(t, n->bias[k]);
        x = n->to_picture ? convolve_back(t, &n->conv[k], kernel, bias, x, k == 0 ? n->last : conv_activation)
                          : convolve(t, &n->conv[k], kernel, bias, x, conv_activation);
    }
    return n->to_picture ? x : mlp_apply(t, &n->dense, x);
}

void network_output_start(struct params *p, const struct network *n, double bias)
{
    if (n->convolutions)
        params_fill(p, n->bias[0], bias);
    else
        mlp_output_start(p, &n->dense, 0, p->entry[n->dense.bias[n->dense.layers - 1]].rows, bias, 1);
}
