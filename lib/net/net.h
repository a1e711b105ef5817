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
    bool has_straight; /* a linear map beside the layers: its weights' index */
    int straight;
};

/* Declares NAME.0.weight, NAME.0.bias, …: in → hidden sizes → out. Weights Glorot-uniform, biases 0, drawn from the seed. */
struct mlp mlp_declare(struct params *p, const char *name, int in, const struct int_list *hidden, int out, enum activation hidden_act,
                       enum activation output_act, unsigned group, uint64_t seed);
/* Adds NAME.straight, zeros at the start: a linear map from the input that is added to a linear output, so that what has to arrive exactly
 * need not go through layers that saturate. */
void mlp_add_straight(struct params *p, const char *name, struct mlp *m);
/* x in×L → out×L */
var *mlp_apply(struct tape *t, const struct mlp *m, var *x);
/* Its derivative at x in a direction, in×L → out×L. Hidden layers are of tanh, the output linear, and there is no straight map. */
var *mlp_slope(struct tape *t, const struct mlp *m, var *x, var *along);
/* Fills the last layer's biases of rows from..from+n-1 with a value, and scales the last layer's weights of these rows. */
void mlp_output_start(struct params *p, const struct mlp *m, int from, int n, double bias, double weight_scale);

/* ---- Gaussian head (mlp.c): the first n rows of a network's output are a mean, the next n a log variance ---- */

/* out (2n)×L → mean n×L, variance exp(·) + VARIANCE_FLOOR */
#define VARIANCE_FLOOR 1e-8
struct gauss gauss_head(struct tape *t, var *out);
/* Log variances of a network with a Gaussian head (output size 2n, linear) start at log_variance. */
void gauss_start(struct params *p, const struct mlp *m, double log_variance);
/* Such a network: n is half of its output. */
struct mlp gauss_declare(struct params *p, const char *name, int in, const struct int_list *hidden, int n, double log_variance,
                         unsigned group, uint64_t seed);

/* ---- convolutions (conv.c) ----
 *
 * A picture is a value whose rows are (y·width + x)·channels + c, the order of the arrays in a stream: nothing is ever reordered, and the
 * part of a patch that lies in one row of the picture is a run of rows, which is read where it lies. */
struct image {
    int height, width, channels;
};
static inline int image_rows(struct image i)
{
    return i.height * i.width * i.channels;
}

/* A kernel of size×size pixels that goes over the fine picture in strides, `pad` pixels over its border, and leaves the coarse one. */
enum { CONV_MOST_SIZE = 8 };
struct conv {
    struct image fine, coarse;
    int size, stride, pad;
};
/* With the coarse picture's height and width: those of the places where the kernel begins no earlier than `pad` before the fine picture
 * and ends no later than `pad` behind it. Height and width 0: there is none. bug() unless 1 ≤ stride ≤ size ≤ CONV_MOST_SIZE and
 * 0 ≤ pad < size. */
struct conv conv_of(struct image fine, int channels, int size, int stride, int pad);
/* act(K ∗ x + b): K coarse.channels × (size·size·fine.channels), columns (ky·size + kx)·fine.channels + c; b coarse.channels×1 or NULL;
 * x image_rows(fine)×L → image_rows(coarse)×L */
var *convolve(struct tape *t, const struct conv *c, var *K, var *b, var *x, enum activation act);
/* The transposed one, act(Kᵀ ∗ x + b): the same K, b fine.channels×1 or NULL; x image_rows(coarse)×L → image_rows(fine)×L */
var *convolve_back(struct tape *t, const struct conv *c, var *K, var *b, var *x, enum activation act);

/* ---- networks between pictures and features (network.c) ----
 *
 * Convolutions of 4×4 pixels in strides of 2, each of which halves the picture, and dense layers; or dense layers alone. A vector is a
 * picture of one pixel. */

enum { NETWORK_MOST_CONVOLUTIONS = 8 };

/* The convolutions that the list asks for on a picture, its own end first → their number, or −1 with e: the picture is too small. Without
 * channels there are as many as leave it at least 4 pixels high and wide, at most 4, with 8, 16, 32 and 32 channels. */
int network_plan(struct image picture, const struct layer_list *l, struct conv out[NETWORK_MOST_CONVOLUTIONS], struct error *e);
/* Weights of the largest kernel or matrix of such a network, `end` numbers being at its other end; beyond any int too. */
double network_most_weights(struct image picture, const struct layer_list *l, int end);

struct network {
    int convolutions;
    bool to_picture; /* dense layers first, then transposed convolutions */
    struct conv conv[NETWORK_MOST_CONVOLUTIONS];
    int kernel[NETWORK_MOST_CONVOLUTIONS], bias[NETWORK_MOST_CONVOLUTIONS]; /* parameter indices */
    enum activation last;                                                   /* of the convolution beside the picture */
    struct mlp dense;
};

/* Declares NAME.conv.0.weight, NAME.conv.0.bias, … (0 is the convolution beside the picture) and NAME.0.weight, …: picture →
 * convolutions → dense layers → out. Hidden dense layers are tanh, convolutions ReLU. The list must have a plan. */
struct network network_from_picture(struct params *p, const char *name, struct image picture, const struct layer_list *l, int out,
                                    enum activation output, unsigned group, uint64_t seed);
/* The mirror image: in → dense layers → transposed convolutions → picture. */
struct network network_to_picture(struct params *p, const char *name, int in, const struct layer_list *l, struct image picture,
                                  enum activation output, unsigned group, uint64_t seed);
/* x in×L → out×L */
var *network_apply(struct tape *t, const struct network *n, var *x);
/* Fills the biases of the last layer of a network to a picture. */
void network_output_start(struct params *p, const struct network *n, double bias);

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

#endif
