/* Networks made of the engine's operations. A network is a few parameter indices: declared once into the
 * parameter table, applied on any tape. Uses base, cli (lists of sizes), grad, prob. */
#ifndef DSSM_NET_H
#define DSSM_NET_H

#include "cli/cli.h"
#include "grad/grad.h"
#include "prob/prob.h"

/* ---- multilayer perceptron (mlp.c) ---- */

enum { MLP_MAX_LAYERS = 9 };

struct mlp {
    int layers;
    int weight[MLP_MAX_LAYERS], bias[MLP_MAX_LAYERS]; /* parameter indices */
    enum activation hidden, output;
};

/* Declares NAME.0.weight, NAME.0.bias, …: in → hidden sizes → out. Weights Glorot-uniform, biases 0, drawn from the seed. */
struct mlp mlp_declare(struct params *p, const char *name, int in, const struct int_list *hidden, int out, enum activation hidden_act,
                       enum activation output_act, unsigned group, uint64_t seed);
/* x in×L → out×L */
var *mlp_apply(struct tape *t, const struct mlp *m, var *x);
/* Fills the last layer's biases of rows from..from+n-1 with a value, and scales the last layer's weights of these rows. */
void mlp_output_start(struct params *p, const struct mlp *m, int from, int n, double bias, double weight_scale);

/* ---- Gaussian head (mlp.c): the first n rows of a network's output are a mean, the next n a log variance ---- */

/* out (2n)×L → mean n×L, variance exp(·) + VARIANCE_FLOOR */
#define VARIANCE_FLOOR 1e-8
struct gauss gauss_head(struct tape *t, var *out);
/* A network with a Gaussian head: output size 2n, linear; log variances start at log_variance. */
struct mlp gauss_declare(struct params *p, const char *name, int in, const struct int_list *hidden, int n, double log_variance,
                         unsigned group, uint64_t seed);

#endif
