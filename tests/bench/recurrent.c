/* A GRU and an LSTM, forward and backward on one thread (units 64, 130 inputs that have a gradient, 25 sequences of 15 steps), against
 * the matrix products that such a pass cannot do without, timed alone. A run needs one product of W, of its
 * gradient, of the inputs' gradient and of U's gradient over all steps, and two of U a step. Single steps, whose input depends on the
 * step before, need all six a step. Smaller is better; 1 is out of reach. */
#include "net/net.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNITS = 64, INPUTS = 130, LANES = 25, STEPS = 15, ROUNDS = 500 };

/* What the products work on, as large as in a pass and shared as there: the steps of a run stand side by side. */
struct memory {
    int rows; /* of W and U: gates times units */
    float *W, *U, *x, *h, *gates, *W_gradient, *U_gradient, *x_gradient, *h_gradient;
};

static float *numbers(int n)
{
    float *a = xmalloc((size_t)n * sizeof *a);
    for (int i = 0; i < n; i++)
        a[i] = 1e-3F * (float)(i % 97);
    return a;
}

static struct memory memory_new(int gates)
{
    int rows = gates * UNITS, lanes = STEPS * LANES;
    struct memory m = {.rows = rows, .W = numbers(rows * INPUTS), .U = numbers(rows * UNITS), .x = numbers(INPUTS * lanes)};
    m.h = numbers(UNITS * lanes);
    m.gates = numbers(rows * lanes);
    m.W_gradient = numbers(rows * INPUTS);
    m.U_gradient = numbers(rows * UNITS);
    m.x_gradient = numbers(INPUTS * lanes);
    m.h_gradient = numbers(UNITS * lanes);
    return m;
}

static void memory_free(struct memory *m)
{
    float *all[] = {m->W, m->U, m->x, m->h, m->gates, m->W_gradient, m->U_gradient, m->x_gradient, m->h_gradient};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* out = A B for `lanes` of the lanes, A of rows×cols. */
static void forward(int rows, int cols, int lanes, const float *A, const float *B, float *out)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, lanes, cols, 1, A, cols, B, STEPS * LANES, 0, out, STEPS * LANES);
}

/* gradient of A = g Bᵀ */
static void back_to_matrix(int rows, int cols, int lanes, const float *g, const float *B, float *gradient)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, lanes, 1, g, STEPS * LANES, B, STEPS * LANES, 1, gradient, cols);
}

/* gradient of B = Aᵀ g */
static void back_to_lanes(int rows, int cols, int lanes, const float *A, const float *g, float *gradient)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, cols, lanes, rows, 1, A, cols, g, STEPS * LANES, 0, gradient, STEPS * LANES);
}

static void products_of_run(const struct memory *m)
{
    forward(m->rows, INPUTS, STEPS * LANES, m->W, m->x, m->gates);
    for (int s = 0; s < STEPS; s++)
        forward(m->rows, UNITS, LANES, m->U, m->h + s * LANES, m->gates + s * LANES);
    for (int s = STEPS - 1; s >= 0; s--)
        back_to_lanes(m->rows, UNITS, LANES, m->U, m->gates + s * LANES, m->h_gradient + s * LANES);
    back_to_matrix(m->rows, UNITS, STEPS * LANES, m->gates, m->h, m->U_gradient);
    back_to_matrix(m->rows, INPUTS, STEPS * LANES, m->gates, m->x, m->W_gradient);
    back_to_lanes(m->rows, INPUTS, STEPS * LANES, m->W, m->gates, m->x_gradient);
}

static void products_of_steps(const struct memory *m)
{
    for (int at = 0; at < STEPS * LANES; at += LANES) {
        forward(m->rows, INPUTS, LANES, m->W, m->x + at, m->gates + at);
        forward(m->rows, UNITS, LANES, m->U, m->h + at, m->gates + at);
    }
    for (int at = (STEPS - 1) * LANES; at >= 0; at -= LANES) {
        back_to_matrix(m->rows, UNITS, LANES, m->gates + at, m->h + at, m->U_gradient);
        back_to_lanes(m->rows, UNITS, LANES, m->U, m->gates + at, m->h_gradient + at);
        back_to_matrix(m->rows, INPUTS, LANES, m->gates + at, m->x + at, m->W_gradient);
        back_to_lanes(m->rows, INPUTS, LANES, m->W, m->gates + at, m->x_gradient + at);
    }
}

static struct params params;
static struct gru gru;
static struct lstm lstm;
static int inputs;
static struct tape *tape;
static real *gradient;

static var *run_of(bool is_lstm, var *x)
{
    return is_lstm ? lstm_run(tape, &lstm, x, NULL, STEPS, LANES, NULL, FORWARD)
                   : gru_run(tape, &gru, x, NULL, STEPS, LANES, NULL, FORWARD);
}

static var *steps_of(bool is_lstm, var *x)
{
    var *now = filled(tape, is_lstm ? 2 * UNITS : UNITS, LANES, 0);
    for (int s = 0; s < STEPS; s++) {
        var *xs = step_of(tape, x, s, LANES);
        now = is_lstm ? lstm_step(tape, &lstm, now, xs) : gru_step(tape, &gru, now, xs);
    }
    return now;
}

static void pass(bool is_lstm, bool whole)
{
    tape_begin(tape, &params, gradient, GROUP_ALL);
    var *x = param(tape, inputs);
    var_seed(whole ? run_of(is_lstm, x) : steps_of(is_lstm, x), NULL, 1);
    tape_backward(tape);
}

/* In turns, the best of each. One pass at a time, which is shorter than what the scheduler gives at once on a busy machine. */
static void compare(const char *name, bool is_lstm, bool whole)
{
    struct memory m = memory_new(is_lstm ? 4 : 3);
    double ours = INFINITY, alone = INFINITY;
    for (int r = 0; r < ROUNDS; r++) {
        double began = seconds_now();
        if (whole)
            products_of_run(&m);
        else
            products_of_steps(&m);
        double between = seconds_now();
        pass(is_lstm, whole);
        alone = fmin(alone, between - began);
        ours = fmin(ours, seconds_now() - between);
    }
    printf("%s: ratio %.2f (%.0f us, its products alone %.0f us)\n", name, ours / alone, 1e6 * ours, 1e6 * alone);
    memory_free(&m);
}

int main(void)
{
    openblas_set_num_threads(1);
    params_init(&params);
    gru = gru_declare(&params, "gru", INPUTS, UNITS, GROUP_PHI, 1, 1);
    lstm = lstm_declare(&params, "lstm", INPUTS, UNITS, GROUP_PHI, 1, 1);
    inputs = params_add(&params, "x", INPUTS, STEPS * LANES, GROUP_THETA, 1);
    params_normal(&params, inputs, 1, 0, 1);
    gradient = xcalloc(params.size, sizeof *gradient);
    tape = tape_new();
    compare("gru_run_over_gemms", false, true);
    compare("lstm_run_over_gemms", true, true);
    compare("gru_steps_over_gemms", false, false);
    compare("lstm_steps_over_gemms", true, false);
    tape_free(tape);
    free(gradient);
    params_free(&params);
    return 0;
}
