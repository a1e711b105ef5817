/* Convolutions and transposed convolutions as operations: each is one of three sums forward and the other two backward (conv_lanes.c). */
#include "net/conv.h"

struct note {
    struct conv conv;
    bool transposed;
    var *out, *K, *b, *x; /* b may be NULL */
    enum activation act;
};

static bool is_kernel(int size, int stride, int pad)
{
    return 1 <= stride && stride <= size && size <= CONV_MOST_SIZE && 0 <= pad && pad < size;
}

struct conv conv_of(struct image fine, int channels, int size, int stride, int pad)
{
    if (!is_kernel(size, stride, pad))
        bug("conv_of: size %d, stride %d, pad %d", size, stride, pad);
    int height = fine.height + 2 * pad - size, width = fine.width + 2 * pad - size;
    struct image coarse = {height / stride + 1, width / stride + 1, channels};
    if (height < 0 || width < 0)
        coarse.height = coarse.width = 0;
    return (struct conv){fine, coarse, size, stride, pad};
}

static struct lanes lanes_at(real *numbers, const var *a)
{
    return (struct lanes){numbers, (size_t)a->ld, a->lanes};
}

/* The gradient of the output becomes that of the sums, in its own place (nobody reads it after this), and b gets its sum. */
static void undo_rows(const struct note *n)
{
    int lanes = n->out->lanes, channels = n->transposed ? n->conv.fine.channels : n->conv.coarse.channels;
    real *gb = n->b ? var_gradient(n->b) : NULL;
    if (n->act == ACT_NONE && !gb)
        return;
    for (int r = 0; r < n->out->rows; r++) {
        size_t at = (size_t)r * (size_t)n->out->ld;
        activation_undo(lanes, n->out->v + at, n->out->g + at, n->act);
        if (gb)
            gb[(size_t)(r % channels) * (size_t)n->b->ld] += row_sum(lanes, n->out->g + at);
    }
}

static void undo_convolution(struct tape *t, void *note)
{
    const struct note *n = note;
    if (!var_arrived(n->out))
        return;
    undo_rows(n);
    struct lanes g = lanes_at(n->out->g, n->out), x = lanes_at(n->x->v, n->x);
    if (n->K->needs)
        conv_outer(&n->conv, n->transposed ? x : g, n->transposed ? g : x, var_gradient(n->K), (size_t)n->K->ld);
    if (!n->x->needs)
        return;
    bool first = var_gradient_first(n->x);
    struct lanes gx = lanes_at(first ? n->x->g : var_gradient(n->x), n->x);
    (n->transposed ? conv_down : conv_up)(t, &n->conv, n->K, g, gx, (struct finish){.add = !first, .act = ACT_NONE});
}

static void expect(const char *what, const var *a, int rows, int lanes)
{
    if (a && (a->rows != rows || a->lanes != lanes))
        bug("%s: expected %d×%d, got %d×%d", what, rows, lanes, a->rows, a->lanes);
}

static var *convolution(struct tape *t, const struct conv *c, bool transposed, var *K, var *b, var *x, enum activation act)
{
    struct image from = transposed ? c->coarse : c->fine, to = transposed ? c->fine : c->coarse;
    expect("convolution: K", K, c->coarse.channels, c->size * c->size * c->fine.channels);
    expect("convolution: bias", b, to.channels, 1);
    expect("convolution: x", x, image_rows(from), x->lanes);
    void *note;
    var *out = op_new(t, image_rows(to), x->lanes, (const var *const[]){K, b, x}, 3, undo_convolution, sizeof(struct note), &note);
    if (note)
        *(struct note *)note = (struct note){*c, transposed, out, K, b, x, act};
    (transposed ? conv_up : conv_down)(t, c, K, lanes_at(x->v, x), lanes_at(out->v, out), (struct finish){.bias = b, .act = act});
    return out;
}

var *convolve(struct tape *t, const struct conv *c, var *K, var *b, var *x, enum activation act)
{
    return convolution(t, c, false, K, b, x, act);
}

var *convolve_back(struct tape *t, const struct conv *c, var *K, var *b, var *x, enum activation act)
{
    return convolution(t, c, true, K, b, x, act);
}
