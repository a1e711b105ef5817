/* Noises of beliefs that are made from the means of q(a|x). Training makes beliefs from samples, and learns R, the process noise and the
 * belief before the first frame for them; a mean's errors are smaller than a sample's. So a filter's model has for means
 *     R e^ρ,  Q e^κ,  and before the first frame N(m + μ, P e^π),
 * with ρ, κ, μ, π of 0 until dssm-calibrate fits them to sequences. The bound, and predictions that are sampled, do not know them. */
#include "model/parts.h"

struct calibration calibration_declare(struct params *p, int dz, int da)
{
    return (struct calibration){.log_R = params_add(p, "calibration.log_R", da, 1, GROUP_BELIEF, 1),
                                .log_Q = params_add(p, "calibration.log_Q", dz, 1, GROUP_BELIEF, 1),
                                .first_mean = params_add(p, "calibration.first_mean", dz, 1, GROUP_BELIEF, 1),
                                .first_log_var = params_add(p, "calibration.first_log_variance", dz, 1, GROUP_BELIEF, 1)};
}

int model_measured(const struct model *m)
{
    int index = params_find(&m->params, "calibration.log_R");
    if (index < 0)
        bug("model_measured: the %s has no surprise", m->kind->title);
    return m->params.entry[index].rows;
}

static var *times(struct tape *t, var *variance, int log_factor)
{
    return mul_rows(t, variance, v_exp(t, param(t, log_factor)));
}

var *calibrated_R(struct tape *t, const struct calibration *c, var *R)
{
    return c ? times(t, R, c->log_R) : R;
}

var *calibrated_Q(struct tape *t, const struct calibration *c, var *Q)
{
    return c ? times(t, Q, c->log_Q) : Q;
}

struct gauss calibrated_first(struct tape *t, const struct calibration *c, struct gauss first)
{
    return c ? (struct gauss){add_rows(t, first.mean, param(t, c->first_mean)), times(t, first.variance, c->first_log_var)} : first;
}

/* The prediction error's decomposition (Schweppe 1965): what is measured is told by what was before. */
struct loss surprise_of_batch(struct tape *t, const struct batch *b, struct belief predicted, var *a, var *C, var *R)
{
    struct surprise s = kalman_surprise(t, predicted, a, C, R);
    if (!b->all_seen) {
        var *seen = batch_value(t, b->seen, 1, b->T * b->B);
        s = (struct surprise){mul_lanes(t, s.square, seen), mul_lanes(t, s.volume, seen)};
    }
    return (struct loss){sum_steps(t, s.square, b->T), sum_steps(t, s.volume, b->T)};
}
