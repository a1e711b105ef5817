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

/* ---- recurrent cells (gru.c, lstm.c) ----
 *
 * A cell's state is one value: the GRU's h, units×L; the LSTM's h above its c, 2·units×L. A run goes over T steps that stand side by
 * side (lane t·B+b), forward or backward in time, from `start` (rows×B; NULL: zeros). Where alive (1×(T·B); NULL: everywhere) is 0 the
 * state stays as it is: forward it stops at a sequence's end, backward it begins there. Result: the state after each step, rows×(T·B).
 * A run is one operation, and so is a step: a loop of steps gives the numbers of a run, for an input that depends on the step before. */

enum direction { FORWARD, BACKWARD };

/* Gated recurrent unit (Cho et al. 2014, with the reset gate behind the product as in cuDNN):
 *   r = σ(Wr x + Ur h + br), u = σ(Wu x + Uu h + bu), n = tanh(Wn x + bn + r ⊙ (Un h + cn)), h' = (1 − u) ⊙ n + u ⊙ h */
struct gru {
    int units;
    int W, U, b, c; /* 3·units×in and 3·units×units, rows in the order r, u, n; biases 3·units×1 and cn units×1 */
};
struct gru gru_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed);
/* One step: h units×L, x in×L → units×L */
var *gru_step(struct tape *t, const struct gru *g, var *h, var *x);
var *gru_run(struct tape *t, const struct gru *g, var *x, var *start, int steps, int lanes, var *alive, enum direction way);

/* Both directions over the same input, NAME.forward and NAME.backward, from zeros: after step t the forward h, which has seen steps 1…t,
 * above the backward h, which has seen t…T. x in×(T·B) → 2·units×(T·B) */
struct gru_both {
    struct gru forward, backward;
};
struct gru_both gru_both_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed);
var *gru_both_run(struct tape *t, const struct gru_both *g, var *x, int steps, int lanes, var *alive);

/* Long short-term memory (Hochreiter and Schmidhuber 1997, with forget gate):
 *   i, f, o = σ(W x + U h + b), g = tanh(…), c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c') */
struct lstm {
    int units;
    int W, U, b; /* 4·units×in, 4·units×units, 4·units×1, rows in the order i, f, o, g; the forget gate's bias starts at 1 */
};
struct lstm lstm_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed);
/* One step: state 2·units×L, x in×L → 2·units×L */
var *lstm_step(struct tape *t, const struct lstm *l, var *state, var *x);
var *lstm_run(struct tape *t, const struct lstm *l, var *x, var *start, int steps, int lanes, var *alive, enum direction way);

/* The same of LSTMs: the h of both, without the c. x in×(T·B) → 2·units×(T·B) */
struct lstm_both {
    struct lstm forward, backward;
};
struct lstm_both lstm_both_declare(struct params *p, const char *name, int in, int units, unsigned group, double rate, uint64_t seed);
var *lstm_both_run(struct tape *t, const struct lstm_both *l, var *x, int steps, int lanes, var *alive);

#endif
