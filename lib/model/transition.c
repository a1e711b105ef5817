/* The locally linear transition of EKVAE, DVBS and, unless it is gated, DKS (Klushyn et al. 2021, eqs. 9 and 10). */
#include "model/model.h"

#include <math.h>

/* Takes the mean over the M columns away from each row. */
static void centre(struct params *p, int index)
{
    int rows = p->entry[index].rows, M = p->entry[index].cols;
    real *v = params_value(p, index);
    for (int i = 0; i < rows; i++, v += M) {
        double mean = 0;
        for (int m = 0; m < M; m++)
            mean += (double)v[m] / M;
        for (int m = 0; m < M; m++)
            v[m] -= (real)mean;
    }
}

/* vec(base⁽ᵐ⁾) stand in the columns of one matrix, so that a batch of mixtures is one product. F⁽ᵐ⁾ is kept as F⁽ᵐ⁾ − I, which
 * starts small and is pulled towards 0: a step that nothing is known of changes nothing. With centred bases an even mixture is the
 * identity exactly, so that at the start all motion comes from how α depends on z: products of states, such as velocity times position,
 * and not a constant matrix, with which one dimension would learn a Cartesian velocity in place of an angular one. */
static void start_bases(struct params *p, const struct transition *tr, const struct transition_settings *s, uint64_t seed)
{
    params_normal(p, tr->F, seed, 0, s->base_spread);
    p->entry[tr->F].decay = s->decay;
    if (tr->du > 0)
        params_normal(p, tr->B, seed, 0, s->base_spread);
    params_fill(p, tr->log_Q, log(s->variance));
    mlp_output_start(p, &tr->g, 0, s->bases, 0, s->mixing_gain);
    if (!s->centred)
        return;
    centre(p, tr->F);
    if (tr->du > 0)
        centre(p, tr->B);
}

int transition_check(const struct transition_settings *s, int dz, struct error *e)
{
    if (s->positions >= dz && s->positions > 0)
        return error_set(e, DSSM_USAGE, "--positions: expected less than the latent size %d, got %d", dz, s->positions);
    return DSSM_OK;
}

struct transition transition_declare(struct params *p, int dz, int du, const struct transition_settings *s, uint64_t seed)
{
    struct transition tr = {.dz = dz, .du = du, .positions = s->positions, .shared_noise = s->shared_noise, .B = -1, .C = -1};
    int moving = dz - s->positions; /* rows of F and B that are mixed */
    tr.g = mlp_declare(p, "transition.g", dz + du, &s->hidden, s->bases, ACT_TANH, ACT_NONE, GROUP_PSI, seed);
    tr.F = params_add(p, "transition.F_minus_I", moving * dz, s->bases, GROUP_PSI, 1);
    if (du > 0)
        tr.B = params_add(p, "transition.B", moving * du, s->bases, GROUP_PSI, 1);
    tr.log_Q = params_add(p, "transition.log_Q", dz, s->shared_noise ? 1 : s->bases, GROUP_PSI, 10);
    if (s->positions > 0) {
        tr.C = params_add(p, "transition.C", s->positions * moving, 1, GROUP_PSI, 1);
        for (int i = 0; i < s->positions; i++) /* at first a velocity is what a position moves in a step */
            params_value(p, tr.C)[i * moving + i % moving] = 1;
    }
    start_bases(p, &tr, s, seed);
    return tr;
}

/* The pictures of an arm leave it open on which side of the latent space a bent elbow belongs, and near each pose the coders choose for
 * themselves, so that the sides change somewhere on the way around. A control that moves one dimension alike in all poses decides it. */
void transition_push(struct params *p, const struct transition *tr, int j, int i, const struct push_settings *s)
{
    int M = p->entry[tr->B].cols, noises = p->entry[tr->log_Q].cols;
    real *B = params_value(p, tr->B) + (size_t)(i * tr->du + j) * (size_t)M;
    real *log_Q = params_value(p, tr->log_Q) + (size_t)i * (size_t)noises;
    for (int m = 0; m < M; m++)
        B[m] += (real)s->strength;
    for (int m = 0; m < noises; m++)
        log_Q[m] = (real)log(s->variance);
}

/* Base matrices of `width` columns mixed for each lane, dz rows of which those of positions are 0. */
static var *mixed(struct tape *t, const struct transition *tr, int bases, var *alpha, int width)
{
    var *rows = matmul(t, param(t, bases), alpha);
    return tr->positions == 0 ? rows : stack_rows(t, 2, (var *const[]){filled(t, tr->positions * width, alpha->lanes, 0), rows});
}

/* The rows of positions, in a matrix of `width` columns (a vector: 1), are moved by the others: p + C v'. */
static var *move_positions(struct tape *t, const struct transition *tr, var *C, var *matrix, int width)
{
    int K = tr->positions, n = tr->dz - K;
    if (K == 0)
        return matrix;
    var *p = rows_of(t, matrix, 0, K * width), *v = rows_of(t, matrix, K * width, n * width);
    return stack_rows(t, 2, (var *const[]){add(t, p, mat_mul(t, C, v, K, n, width)), v});
}

struct transition_at transition_apply(struct tape *t, const struct transition *tr, var *z, var *u)
{
    if (tr->du > 0 && !u)
        u = filled(t, tr->du, z->lanes, 0);
    var *zu = tr->du > 0 ? stack_rows(t, 2, (var *const[]){z, u}) : z;
    var *alpha = softmax(t, mlp_apply(t, &tr->g, zu));
    var *F = add_diag(t, mixed(t, tr, tr->F, alpha, tr->dz), filled(t, tr->dz, 1, 1), tr->dz);
    struct transition_at at = {.C = tr->positions > 0 ? spread(t, param(t, tr->C), z->lanes) : NULL};
    at.F = move_positions(t, tr, at.C, F, tr->dz);
    if (tr->du > 0)
        at.push = move_positions(t, tr, at.C, mat_vec(t, mixed(t, tr, tr->B, alpha, tr->du), u), 1);
    var *Q = v_exp(t, param(t, tr->log_Q));
    at.Q = shift(t, tr->shared_noise ? spread(t, Q, z->lanes) : matmul(t, Q, alpha), VARIANCE_FLOOR);
    return at;
}

var *transition_spread(struct tape *t, const struct transition *tr, const struct transition_at *at, var *variance)
{
    int K = tr->positions, dz = tr->dz, n = dz - K, lanes = variance->lanes;
    if (K == 0)
        return variance;
    var **row = tape_alloc(t, sizeof(var *) * (size_t)(2 * K + 1)); /* of L = [I C; 0 I] less its diagonal */
    for (int k = 0; k < K; k++) {
        row[2 * k] = filled(t, K, lanes, 0);
        row[2 * k + 1] = rows_of(t, at->C, k * n, n);
    }
    row[2 * K] = filled(t, n * dz, lanes, 0);
    var *L = add_diag(t, stack_rows(t, 2 * K + 1, row), filled(t, dz, 1, 1), dz);
    return sandwich_diag(t, L, variance, dz, dz);
}

var *transition_noise(struct tape *t, const struct transition *tr, const struct transition_at *at)
{
    return transition_spread(t, tr, at, at->Q);
}

var *transition_drag(struct tape *t, const struct transition *tr, const struct transition_at *at, var *d)
{
    return move_positions(t, tr, at->C, d, 1);
}

var *transition_before(struct tape *t, const struct transition *tr, var *z)
{
    int K = tr->positions, n = tr->dz - K;
    var *C = spread(t, param(t, tr->C), z->lanes);
    return sub(t, rows_of(t, z, 0, K), mat_mul(t, C, rows_of(t, z, K, n), K, n, 1));
}

var *transition_mean(struct tape *t, const struct transition_at *at, var *z)
{
    var *mean = mat_vec(t, at->F, z);
    return at->push ? add(t, mean, at->push) : mean;
}

struct gauss transition_gauss(struct tape *t, const struct transition *tr, var *z, var *u)
{
    struct transition_at at = transition_apply(t, tr, z, u);
    return (struct gauss){transition_mean(t, &at, z), transition_noise(t, tr, &at)};
}
