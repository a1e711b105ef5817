/* An automatic bound on the distortion: what encoder and decoder reach when nothing but the distortion counts, and a little
 * more. The parameters are fresh afterwards, as if nothing had been. */
#include "train/run.h"

#include <math.h>

enum { PROBE_UPDATES = 1000 };
static const double PROBE_MARGIN = 1.5; /* 𝒟₀ lies this many times as far above the constant as the level that was reached */

/* One update of the coders for the distortion alone. */
static int probe_update(struct run *r, double *distortion, struct error *e)
{
    unsigned moving = GROUP_THETA | GROUP_PHI;
    struct batch_result b;
    if (run_forward(r, moving, &b, e))
        return e->code;
    double norm = gradient_backward(r->engine, (struct objective_weights){1, 0}, moving, r->gradient);
    if (isfinite(norm) && isfinite(b.distortion)) {
        real factor = (real)fmin(1, r->s->clip / norm);
        for (size_t i = 0; i < r->model->params.size; i++)
            r->gradient[i] *= factor;
        adam_step(&r->now.adam, &r->model->params, r->gradient, moving, r->s->learning_rate);
    }
    r->now.update++;
    *distortion = b.distortion;
    return DSSM_OK;
}

int probe_d0(struct run *r, struct error *e)
{
    double level = 0, constant_part = distortion_constant(r->numbers, model_settings(r->model)->sigma_x2);
    int updates = r->s->updates < PROBE_UPDATES ? r->s->updates : PROBE_UPDATES, last = (updates + 9) / 10;
    for (int i = 0; i < updates; i++) {
        if (run_stop_asked(r))
            return error_set(e, DSSM_FAILURE, "stopped while looking for the bound on the distortion");
        double distortion = 0;
        if (probe_update(r, &distortion, e))
            return e->code;
        if (i >= updates - last)
            level += distortion / last;
        if (i % 20 == 0)
            progress_show(r->progress, (double)i / updates, "looking for D0: distortion %.1f above its constant",
                          distortion - constant_part);
    }
    if (!isfinite(level))
        return error_set(e, DSSM_DIVERGED, "the distortion is %g after %d updates of encoder and decoder alone", level, updates);
    start_begin(r, 0);
    r->now.objective.d0 = constant_part + PROBE_MARGIN * (level - constant_part);
    return DSSM_OK;
}
