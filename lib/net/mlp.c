/* Multilayer perceptrons and Gaussian heads. */
#include "net/net.h"

#include <stdlib.h>

/* Adds NAME.LAYER.KIND to the table. */
static int add_entry(struct params *p, const char *name, int layer, const char *kind, int rows, int cols, unsigned group)
{
    char *entry = xasprintf("%s.%d.%s", name, layer, kind);
    int index = params_add(p, entry, rows, cols, group, 1);
    free(entry);
    return index;
}

struct mlp mlp_declare(struct params *p, const char *name, int in, const struct int_list *hidden, int out, enum activation hidden_act,
                       enum activation output_act, unsigned group, uint64_t seed)
{
    struct mlp m = {.layers = hidden->n + 1, .hidden = hidden_act, .output = output_act};
    if (m.layers > MLP_MAX_LAYERS)
        bug("mlp_declare %s: %d layers, at most %d", name, m.layers, MLP_MAX_LAYERS);
    for (int i = 0; i < m.layers; i++) {
        int size = i < hidden->n ? hidden->v[i] : out;
        m.weight[i] = add_entry(p, name, i, "weight", size, in, group);
        m.bias[i] = add_entry(p, name, i, "bias", size, 1, group);
        params_glorot(p, m.weight[i], seed);
        in = size;
    }
    return m;
}

void mlp_add_straight(struct params *p, const char *name, struct mlp *m)
{
    const struct param *first = &p->entry[m->weight[0]], *last = &p->entry[m->weight[m->layers - 1]];
    char *entry = xasprintf("%s.straight", name);
    if (m->output != ACT_NONE)
        bug("mlp_add_straight %s: the output is not linear", name);
    m->straight = params_add(p, entry, last->rows, first->cols, first->group, 1);
    m->has_straight = true;
    free(entry);
}

var *mlp_apply(struct tape *t, const struct mlp *m, var *x)
{
    var *in = x;
    for (int i = 0; i < m->layers; i++)
        x = dense(t, param(t, m->weight[i]), param(t, m->bias[i]), x, i < m->layers - 1 ? m->hidden : m->output);
    return m->has_straight ? add(t, x, matmul(t, param(t, m->straight), in)) : x;
}

var *mlp_slope(struct tape *t, const struct mlp *m, var *x, var *along)
{
    if (m->hidden != ACT_TANH || m->output != ACT_NONE || m->has_straight)
        bug("mlp_slope: expected layers of tanh and a linear output");
    for (int i = 0; i < m->layers; i++) {
        var *W = param(t, m->weight[i]);
        along = matmul(t, W, along);
        if (i == m->layers - 1)
            break;
        x = dense(t, W, param(t, m->bias[i]), x, ACT_TANH);
        along = mul(t, along, shift(t, scale(t, v_square(t, x), -1), 1));
    }
    return along;
}

void mlp_output_start(struct params *p, const struct mlp *m, int from, int n, double bias, double weight_scale)
{
    int last = m->layers - 1, cols = p->entry[m->weight[last]].cols;
    real *b = params_value(p, m->bias[last]), *w = params_value(p, m->weight[last]);
    for (int i = from; i < from + n; i++) {
        b[i] = (real)bias;
        for (int j = 0; j < cols; j++)
            w[(size_t)i * (size_t)cols + (size_t)j] *= (real)weight_scale;
    }
}

struct gauss gauss_head(struct tape *t, var *out)
{
    int n = out->rows / 2;
    return (struct gauss){rows_of(t, out, 0, n), shift(t, v_exp(t, rows_of(t, out, n, n)), VARIANCE_FLOOR)};
}

void gauss_start(struct params *p, const struct mlp *m, double log_variance)
{
    int n = p->entry[m->weight[m->layers - 1]].rows / 2;
    mlp_output_start(p, m, n, n, log_variance, 1);
}

struct mlp gauss_declare(struct params *p, const char *name, int in, const struct int_list *hidden, int n, double log_variance,
                         unsigned group, uint64_t seed)
{
    struct mlp m = mlp_declare(p, name, in, hidden, 2 * n, ACT_TANH, ACT_NONE, group, seed);
    gauss_start(p, &m, log_variance);
    return m;
}
