/* The locally linear transition of EKVAE, DVBS and, unless it is gated, DKS (Klushyn et al. 2021, eqs. 9 and 10). */
#include "model/parts.h"

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
    if (!s->centred)
        return;
    centre(p, tr->F);
    if (tr->du > 0)
        centre(p, tr->B);
}

static void start(struct params *p, const struct transition *tr, const struct transition_settings *s, uint64_t seed)
{
    params_fill(p, tr->log_Q, log(s->variance));
    mlp_output_start(p, &tr->g, 0, s->bases, 0, s->mixing_gain);
    if (tr->F >= 0)
        start_bases(p, tr, s, seed);
}

int transition_check(const struct transition_settings *s, int dz, int du, struct error *e)
{
    int K = s->positions, moving = dz - K;
    if (K >= dz && K > 0)
        return error_set(e, DSSM_USAGE, "--positions: expected less than the latent size %d, got %d", dz, K);
    if (2 * s->circles > K)
        return error_set(e, DSSM_USAGE, "--circles: expected at most one for two positions, of which there are %d, got %d", K, s->circles);
    if (s->motors > 0 && (moving != du || K - s->circles != du))
        return error_set(
            e, DSSM_USAGE,
            "--motors: expected a velocity and a coordinate for each control, got %d and %d for %d (--latent %d, --positions %d, "
            "--circles %d)",
            moving, K - s->circles, du, dz, K, s->circles);
    if (s->stops > 0 && (s->motors == 0 || K == 2 * s->circles))
        return error_set(e, DSSM_USAGE, "--stops: expected --motors, and a position that is on no circle");
    return DSSM_OK;
}

/* F and B as bases. */
static void declare_bases(struct params *p, struct transition *tr, const struct transition_settings *s)
{
    int moving = tr->dz - tr->positions;
    tr->F = params_add(p, "transition.F_minus_I", moving * tr->dz, s->bases, GROUP_PSI, 1);
    if (tr->du > 0)
        tr->B = params_add(p, "transition.B", moving * tr->du, s->bases, GROUP_PSI, 1);
}

struct transition transition_declare(struct params *p, int dz, int du, const struct transition_settings *s, uint64_t seed)
{
    struct transition tr = {.dz = dz, .du = du, .positions = s->positions, .circles = s->circles, .shared_noise = s->shared_noise};
    bool motors = s->motors > 0;
    tr.F = tr.B = tr.C = -1;
    tr.g = mlp_declare(p, "transition.g", motors ? s->positions : dz + du, &s->hidden, s->bases, ACT_TANH, ACT_NONE, GROUP_PSI, seed);
    if (motors)
        tr.motors = motors_declare(p, dz - s->positions, s, seed);
    else
        declare_bases(p, &tr, s);
    tr.log_Q = params_add(p, "transition.log_Q", dz, s->shared_noise ? 1 : s->bases, GROUP_PSI, 10);
    if (s->positions > 0)
        tr.C = positions_declare(p, &tr);
    start(p, &tr, s, seed);
    return tr;
}

/* The pictures of an arm leave it open on which side of the latent space a bent elbow belongs, and near each pose the coders choose for
 * themselves, so that the sides change somewhere on the way around. A control that moves one dimension alike in all poses decides it. */
void transition_push(struct params *p, const struct transition *tr, int j, int i, const struct push_settings *s)
{
    int M = p->entry[tr->B].cols;
    real *B = params_value(p, tr->B) + (size_t)(i * tr->du + j) * (size_t)M;
    for (int m = 0; m < M; m++)
        B[m] += (real)s->strength;
    transition_quiet(p, tr, i, s->variance);
}

void transition_quiet(struct params *p, const struct transition *tr, int i, double variance)
{
    int noises = p->entry[tr->log_Q].cols;
    for (int m = 0; m < noises; m++)
        params_value(p, tr->log_Q)[(size_t)i * (size_t)noises + (size_t)m] = (real)log(variance);
}

/* Weights of the bases, M×L. What motors do is told by the positions alone: if the controls had a say in it, what each of them
 * does could be anything, and with it the coordinates. */
static var *mixture(struct tape *t, const struct transition *tr, var *z, var *u)
{
    var *in = z;
    if (tr->motors.n > 0)
        in = rows_of(t, z, 0, tr->positions);
    else if (u)
        in = stack_rows(t, 2, (var *const[]){z, u});
    return softmax(t, mlp_apply(t, &tr->g, in));
}

/* F_v z + B_v u: F, less the identity, and B mixed from the bases. */
static struct moving mixed(struct tape *t, const struct transition *tr, var *alpha, var *u)
{
    int K = tr->positions, dz = tr->dz, moving = dz - K;
    struct moving v = {.F = matmul(t, param(t, tr->F), alpha)};
    var *unit = filled(t, moving * dz, 1, 0);
    for (int i = 0; i < moving; i++)
        unit->v[(size_t)(i * dz + K + i) * (size_t)unit->ld] = 1;
    v.F = add(t, v.F, spread(t, unit, alpha->lanes));
    if (u)
        v.push = mat_vec(t, matmul(t, param(t, tr->B), alpha), u);
    return v;
}

struct transition_at transition_apply(struct tape *t, const struct transition *tr, var *z, var *u)
{
    if (tr->du > 0 && !u)
        u = filled(t, tr->du, z->lanes, 0);
    if (tr->du == 0)
        u = NULL;
    bool motors = tr->motors.n > 0;
    var *alpha = motors && tr->shared_noise ? NULL : mixture(t, tr, z, u), *Q = v_exp(t, param(t, tr->log_Q));
    struct transition_at at = positions_move(t, tr, z, motors ? motors_apply(t, tr, z, u) : mixed(t, tr, alpha, u));
    at.Q = shift(t, tr->shared_noise ? spread(t, Q, z->lanes) : matmul(t, Q, alpha), VARIANCE_FLOOR);
    return at;
}

var *transition_noise(struct tape *t, const struct transition *tr, const struct transition_at *at)
{
    return transition_spread(t, tr, at, at->Q);
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
