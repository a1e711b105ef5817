/* The training loop: one update is forward, objective, backward, guard, Adam. */
#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOISE_SHUFFLE = 100 };

/* ---- batches ---- */

/* The sequences of the update at hand: consecutive pieces of this epoch's order. */
static const int *pick_batch(struct run *r, int *n)
{
    *n = r->s->batch < r->data->n ? r->s->batch : r->data->n;
    int in_epoch = r->data->n / *n, epoch = (int)r->now.update / in_epoch;
    if (epoch != r->epoch) {
        draw_shuffle((struct draw){start_seed(r), NOISE_SHUFFLE, (uint32_t)epoch, 0, 0}, r->data->n, r->order);
        r->epoch = epoch;
    }
    return r->order + (int)r->now.update % in_epoch * *n;
}

/* Lets the sequences of the next update come while this one is computed, if they are in a file. */
static void expect_next(const struct run *r, int n)
{
    int next = ((int)r->now.update + 1) % (r->data->n / n);
    if (next > 0) /* else a new order begins */
        dataset_expect(r->data, r->order + next * n, n);
}

/* ---- one update ---- */

/* Groups that move in this update: those of the phase, without the hierarchical prior's as long as that keeps still. */
static unsigned moving_in(const struct run *r, const struct objective_state *o)
{
    unsigned moving = objective_moving(&r->s->objective, o);
    return r->now.update < r->s->prior_after ? moving & ~(unsigned)(GROUP_PSI0 | GROUP_PHI0) : moving;
}

/* Counts an update that is not taken; the error names the term when there were too many. */
static int skip_update(struct run *r, const char *term, double value, struct error *e)
{
    r->skipped++;
    r->now.update++;
    if (++r->skipped_in_row < UPDATES_TOO_MANY_SKIPPED)
        return DSSM_OK;
    return error_set(e, DSSM_DIVERGED, "diverged at update %.0f: %s is %g, for %d updates in a row", r->now.update, term, value,
                     UPDATES_TOO_MANY_SKIPPED);
}

int run_forward(struct run *r, unsigned moving, struct batch_result *out, struct error *e)
{
    int n;
    const int *pick = pick_batch(r, &n);
    struct noise noise = {start_seed(r), (uint32_t)r->now.update, false};
    expect_next(r, n);
    return gradient_forward(r->engine, pick, n, NULL, dataset_longest(r->data, pick, n), moving, &noise, out, e);
}

/* On sub-sequences. The objective stays as it is: a short sequence tells less of a state, so its distortion does not compare with 𝒟₀. */
static int forward_cropped(struct run *r, struct objective_weights *w, struct batch_result *b, struct error *e)
{
    int n, update = (int)r->now.update;
    const int *pick = pick_batch(r, &n);
    struct noise noise = {start_seed(r), (uint32_t)update, false};
    int length = crop_length(r->s, noise.seed, update, dataset_longest(r->data, pick, n));
    for (int i = 0; i < n; i++)
        r->from[i] = crop_start(noise.seed, update, pick[i], (int)record_steps(&r->data->record[pick[i]]), length);
    expect_next(r, n);
    *w = r->objective->weights(&r->s->objective, &r->now.objective, update);
    return gradient_forward(r->engine, pick, n, r->from, length, moving_in(r, &r->now.objective), &noise, b, e);
}

/* Forward, and again with all groups where this very batch ends the initial phase. */
static int forward(struct run *r, struct objective_weights *w, struct objective_state *o, struct batch_result *b, struct error *e)
{
    unsigned moving = moving_in(r, o);
    struct batch_result again;
    if (run_forward(r, moving, b, e))
        return e->code;
    if (!isfinite(b->distortion) || !isfinite(b->rate))
        return DSSM_OK;
    *w = r->objective->advance(&r->s->objective, o, (int)r->now.update, b->distortion);
    return moving_in(r, o) != moving ? run_forward(r, moving_in(r, o), &again, e) : DSSM_OK;
}

static int one_update(struct run *r, struct error *e)
{
    struct objective_weights w;
    struct objective_state o = r->now.objective;
    struct batch_result b;
    bool cropped = crop_due(r->s, (int)r->now.update);
    if (cropped ? forward_cropped(r, &w, &b, e) : forward(r, &w, &o, &b, e))
        return e->code;
    if (!isfinite(b.distortion))
        return skip_update(r, "the distortion", b.distortion, e);
    if (!isfinite(b.rate))
        return skip_update(r, "the rate", b.rate, e);
    unsigned moving = moving_in(r, &o);
    double norm = gradient_backward(r->engine, w, moving, r->gradient);
    if (!(norm < GRADIENT_WILD))
        return skip_update(r, "the gradient's norm", norm, e);
    gradient_shorten(r->gradient, r->model->params.size, norm, r->s->clip);
    adam_step(&r->now.adam, &r->model->params, r->gradient, moving, learning_rate_at(r->s, (int)r->now.update, r->s->updates));
    r->now.objective = o;
    r->now.update++;
    r->skipped_in_row = 0;
    if (cropped) /* a line of metrics is about whole sequences */
        return DSSM_OK;
    r->sum_distortion += b.distortion;
    r->sum_rate += b.rate;
    r->sum_n++;
    start_count(r, b.distortion, b.rate);
    return DSSM_OK;
}

/* ---- talk ---- */

static double share_done(const struct run *r)
{
    double shorts = r->s->starts > 1 ? (double)r->s->starts * r->s->start_updates : 0;
    double all = shorts + r->s->updates - (shorts > 0 ? r->s->start_updates : 0);
    double done = r->starts_done < r->s->starts ? (double)r->starts_done * r->s->start_updates + r->now.update
                                                : shorts + r->now.update - (shorts > 0 ? r->s->start_updates : 0);
    return done / all;
}

static void show(struct run *r)
{
    const struct objective_state *o = &r->now.objective;
    double constant_part = distortion_constant(r->numbers, model_settings(r->model)->sigma_x2);
    char start[48] = "";
    if (r->starts_done < r->s->starts)
        snprintf(start, sizeof start, "start %d of %d, ", r->starts_done + 1, r->s->starts);
    progress_show(r->progress, share_done(r), "%supdate %.0f, lambda %.3g, %s phase, distortion %.1f above its constant, rate %.1f", start,
                  r->now.update, o->lambda, o->main_phase > 0 ? "main" : "initial", o->distortion - constant_part,
                  r->sum_n > 0 ? r->sum_rate / r->sum_n : 0);
}

/* Once, when λ has left all sense because the bound on the distortion stays violated. */
static void warn_out_of_reach(struct run *r)
{
    const struct objective_state *o = &r->now.objective;
    if (r->warned || r->objective != objective_kinds[0] || o->main_phase > 0 || o->lambda < 100)
        return;
    double constant_part = distortion_constant(r->numbers, model_settings(r->model)->sigma_x2);
    r->warned = true;
    program_say(&(const struct program){.name = r->io->program}, r->io->quiet,
                "warning: update %.0f: the bound on the distortion is out of reach so far: D0 is excess:%.3g, the lowest distortion was "
                "excess:%.3g, "
                "and lambda has run up to %.3g. Give --d0 a value above the lowest, or a larger --sigma-x2, or a lower --learning-rate.",
                r->now.update, o->d0 - constant_part, o->lowest - constant_part, o->lambda);
}

/* ---- the run ---- */

static bool finished(const struct run *r)
{
    return r->starts_done >= r->s->starts && r->now.update >= r->s->updates;
}

bool run_stop_asked(const struct run *r)
{
    return r->io->stop && *r->io->stop;
}

static int stop_here(struct run *r, struct error *e)
{
    if (checkpoint_save(r, e))
        return e->code;
    return error_set(e, DSSM_FAILURE,
                     r->io->checkpoint ? "stopped at update %.0f; the same command goes on from the checkpoint" : "stopped at update %.0f",
                     r->now.update);
}

/* Data that cannot be read any more: what was learned so far is kept, for when they are what they were. */
static int keep_and_fail(struct run *r, const struct error *e)
{
    struct error other;
    checkpoint_save(r, &other);
    return e->code;
}

/* What is due after an update: the end of a short training, a line of metrics, a snapshot, a checkpoint. */
static int after_update(struct run *r, struct error *e)
{
    int update = (int)r->now.update;
    bool short_over = r->starts_done < r->s->starts && update >= r->s->start_updates;
    if (update % 20 == 0)
        show(r);
    warn_out_of_reach(r);
    if ((update % r->s->eval_every == 0 || short_over || finished(r)) && r->sum_n > 0 && metrics_evaluation(r, e))
        return e->code;
    if (snapshot_save(r, e))
        return e->code;
    if (short_over)
        start_finish(r, false);
    return update % r->s->checkpoint_every == 0 ? checkpoint_save(r, e) : DSSM_OK;
}

static int loop(struct run *r, struct error *e)
{
    while (!finished(r)) {
        if (run_stop_asked(r))
            return stop_here(r, e);
        int status = one_update(r, e);
        if (status == DSSM_DIVERGED && r->starts_done < r->s->starts && start_finish(r, true))
            continue; /* the other starts go on without it */
        if (status && status != DSSM_DIVERGED)
            return keep_and_fail(r, e);
        if (status || after_update(r, e))
            return e->code;
    }
    if (adam_updates(&r->now.adam) == 0)
        return error_set(e, DSSM_DIVERGED,
                         "all %.0f updates had to be skipped, so nothing was learned: a loss or a gradient was not finite", r->now.update);
    return checkpoint_save(r, e);
}

static int begin(struct run *r, struct error *e)
{
    const struct model_settings *ms = model_settings(r->model);
    bool found, automatic;
    double d0 = 0;
    r->numbers = r->data->observed / r->data->n * r->data->dx;
    if (train_check(r->s, e) || objective_d0(r->s->objective.d0, r->numbers, ms->sigma_x2, &d0, &automatic, e))
        return e->code;
    if (r->s->starts == 1)
        r->starts_done = 1;
    start_begin(r, 0);
    r->now.objective.d0 = d0;
    for (int i = 0; i < r->s->starts; i++)
        r->score[i] = NAN;
    if (checkpoint_load(r, &found, e))
        return e->code;
    if (automatic && !found && probe_d0(r, e))
        return e->code;
    return metrics_open(r, e);
}

json_t *run_summary(const struct run *r)
{
    const struct objective_state *o = &r->now.objective;
    json_t *all = json_object(), *scores = json_array();
    json_object_set_new(all, "updates", json_integer((json_int_t)r->now.update));
    json_object_set_new(all, "start", json_integer((json_int_t)r->now.start));
    for (int i = 0; i < r->s->starts && r->s->starts > 1; i++)
        json_array_append_new(scores, metrics_number(r->score[i]));
    json_object_set_new(all, "start_lagrangians", scores);
    json_object_set_new(all, "d0", metrics_number(o->d0));
    json_object_set_new(all, "lambda", metrics_number(o->lambda));
    json_object_set_new(all, "distortion", metrics_number(o->distortion));
    json_object_set_new(all, "main_phase_since", json_integer((json_int_t)o->main_since));
    json_object_set_new(all, "skipped", json_integer((json_int_t)r->skipped));
    json_object_set_new(all, "data_crc32", json_integer(r->data->hash));
    if (r->io->provenance)
        json_object_set(all, "settings", (json_t *)(uintptr_t)r->io->provenance);
    return all;
}

int train_run(struct model *m, const struct dataset *d, const struct dataset *validation, const struct train_settings *s,
              const struct train_io *io, struct error *e)
{
    struct train_settings own = *s; /* a short training is no longer than a whole one */
    own.start_updates = s->start_updates < s->updates ? s->start_updates : s->updates;
    struct run r = {.model = m, .data = d, .validation = validation, .s = &own, .io = io, .objective = objective_kinds[s->objective.kind]};
    int batch = s->batch < d->n ? s->batch : d->n;
    r.began = seconds_now();
    r.now.adam = adam_new(&m->params);
    position_init(&r.best, &m->params);
    r.score = xcalloc((size_t)s->starts, sizeof *r.score);
    r.order = xcalloc((size_t)d->n, sizeof *r.order);
    r.from = xcalloc((size_t)batch, sizeof *r.from);
    r.gradient = xcalloc(m->params.size, sizeof(real));
    r.engine = gradient_new(m, d, batch, io->pool);
    r.progress = progress_new(io->program, io->quiet);
    int status = begin(&r, e);
    if (status == DSSM_OK)
        status = loop(&r, e);
    progress_end(r.progress);
    json_decref(m->training);
    m->training = run_summary(&r);
    lines_close(&r.metrics);
    gradient_free(r.engine);
    adam_free(&r.now.adam);
    position_free(&r.best);
    free(r.score);
    free(r.order);
    free(r.from);
    free(r.gradient);
    return status;
}
