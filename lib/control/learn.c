/* The learning loop of policies: forward, backward, guard, Adam; checkpoints and metrics as the trainers have them. */
#include "control/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct learn_settings, member)
const struct option_row options_learn[] = {
    {"horizon", 0, OPT_INT, AT(horizon), "60", 2, 1e6, NULL, "H",
     "states of a dream, its first one counted: how far the policy looks ahead"},
    {"updates", 'u', OPT_INT, AT(updates), "1000", 1, 1e9, NULL, "N", "parameter updates"},
    {"batch", 'b', OPT_INT, AT(batch), "100", 1, 1e6, NULL, "N", "dreams an update, each from a start state of its own"},
    {"spread", 0, OPT_FLAG, AT(spread), NULL, 0, 0, NULL, NULL,
     "distance from the goal in spreads: each number in its deviation over the start states"},
    {"width", 0, OPT_REAL, AT(width), "0", 0, 1e6, NULL, "W",
     "reward that is flat far from the goal: its width, in mean distances of the start states; 0: minus the squared distance"},
    {"means", 0, OPT_FLAG, AT(means), NULL, 0, 0, NULL, NULL, "transitions go to their means; else they are drawn"},
    {"learning-rate", 0, OPT_REAL, AT(learning_rate), "0.003", 0, 10, NULL, "R", "Adam's learning rate"},
    {"flat-share", 0, OPT_REAL, AT(flat_share), "0.3", 0, 1, NULL, "F", "share of the updates at the full rate, before a cosine lowers it"},
    {"final-share", 0, OPT_REAL, AT(final_share), "0.01", 0, 1, NULL, "F", "share of the rate that is left at the end"},
    {"clip", 0, OPT_REAL, AT(clip), "1", 1e-9, 1e30, NULL, "G", "largest norm of a gradient; a longer one is shortened"},
    {"calm", 0, OPT_REAL, AT(calm), "0.001", 0, 1e6, NULL, "C",
     "cost of the network's squared output before its bound, in squared mean distances of the start states from the goal (or widths): "
     "keeps "
     "the policy from freezing at the bound"},
    {"state-clip", 0, OPT_REAL, AT(state_clip), "10", 0, 1e30, NULL, "G",
     "largest gradient of one dream's state, in mean gradients of a step's reward; 0: none is shortened"},
    {"eval-every", 0, OPT_INT, AT(eval_every), "100", 1, 1e9, NULL, "N", "updates between two lines of metrics"},
    {"checkpoint-every", 0, OPT_INT, AT(checkpoint_every), "250", 1, 1e9, NULL, "N", "updates between two checkpoints"},
    {0},
};
#undef AT

/* What goes into a checkpoint beside the parameters and Adam's moments; numbers only. */
struct progress_made {
    double update, skipped, skipped_in_row;
    double reward, last, full, norm, n; /* sums since the last line of metrics, of n updates */
    double evaluated;                   /* the reward of a dream's last quarter in the last line of metrics; NAN before the first */
    double metrics_bytes;
    double adam_steps[PARAM_GROUPS];
};
enum { PROGRESS_NUMBERS = sizeof(struct progress_made) / sizeof(double) };

struct learner {
    struct policy *p;
    const struct model *m;
    const struct goal *goal;
    const struct learn_settings *s;
    const struct train_io *io;
    struct return_engine *engine;
    struct adam adam;
    real *gradient;
    struct progress_made now;
    json_t *identity; /* what must be equal for a run to go on */
    double began;
    struct lines metrics;
    struct progress *progress;
};

/* ---- checkpoints ---- */

static json_t *identity(const struct learner *l, uint32_t data_crc32)
{
    json_t *meta =
        json_pack("{s:s, s:i, s:s, s:s, s:I, s:O, s:o}", "format", "dssm-checkpoint", "version", 1, "program_version", DSSM_VERSION, "kind",
                  "policy", "data_crc32", (json_int_t)data_crc32, "model", l->p->model, "goal", goal_json(l->goal));
    if (l->io->provenance)
        json_object_set_new(meta, "settings", json_deep_copy(l->io->provenance));
    return meta;
}

static int save(struct learner *l, struct error *e)
{
    if (!l->io->checkpoint || l->now.skipped_in_row > 0) /* after a skipped update the last good one stays */
        return DSSM_OK;
    struct archive a;
    if (l->metrics.file)
        l->now.metrics_bytes = lines_bytes(&l->metrics);
    memcpy(l->now.adam_steps, l->adam.steps, sizeof l->now.adam_steps);
    archive_init(&a);
    json_decref(a.meta);
    a.meta = json_incref(l->identity);
    resume_vectors_put(&a, &l->p->params, "now", l->p->params.value, &l->adam);
    resume_numbers_put(&a, "run.numbers", (const double *)&l->now, PROGRESS_NUMBERS);
    int status = resume_write(l->io->checkpoint, &a, e);
    archive_clear(&a);
    return status;
}

static int load(struct learner *l, struct error *e)
{
    struct archive a;
    bool found;
    int status = resume_read(l->io->checkpoint, l->identity, &a, &found, e);
    if (found && (resume_vectors_get(&a, &l->p->params, "now", l->p->params.value, &l->adam, e) ||
                  resume_numbers_get(&a, "run.numbers", (double *)&l->now, PROGRESS_NUMBERS, e)))
        status = error_prefix(e, "%s", l->io->checkpoint);
    memcpy(l->adam.steps, l->now.adam_steps, sizeof l->now.adam_steps);
    archive_clear(&a);
    return status;
}

/* ---- metrics ---- */

static json_t *settings_line(const struct learner *l)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:O, s:o, s:i}", "type", "settings", "version", DSSM_VERSION, "policy", "mlp", "model",
                             l->p->model, "goal", goal_json(l->goal), "parameters", (int)l->p->params.size);
    if (l->io->provenance)
        json_object_set(line, "settings", (json_t *)(uintptr_t)l->io->provenance);
    json_object_set(line, "history", l->p->history);
    return line;
}

static int evaluation(struct learner *l, struct error *e)
{
    struct progress_made *s = &l->now;
    json_t *line = json_pack("{s:s, s:i}", "type", "eval", "update", (int)s->update);
    s->evaluated = s->last / s->n;
    json_object_set_new(line, "reward", metrics_number(s->reward / s->n));
    json_object_set_new(line, "reward_last_quarter", metrics_number(s->last / s->n));
    json_object_set_new(line, "full_controls", metrics_number(s->full / s->n));
    json_object_set_new(line, "gradient_norm", metrics_number(s->norm / s->n));
    json_object_set_new(line, "skipped", json_integer((json_int_t)s->skipped));
    json_object_set_new(line, "seconds", metrics_number(seconds_now() - l->began));
    s->reward = s->last = s->full = s->norm = s->n = 0;
    return lines_put(&l->metrics, line, e);
}

/* ---- updates ---- */

static int skip(struct learner *l, const char *term, double value, struct error *e)
{
    l->now.skipped++;
    l->now.update++;
    if (++l->now.skipped_in_row < UPDATES_TOO_MANY_SKIPPED)
        return DSSM_OK;
    return error_set(e, DSSM_DIVERGED, "diverged at update %.0f: %s is %g, for %d updates in a row", l->now.update, term, value,
                     UPDATES_TOO_MANY_SKIPPED);
}

static int one_update(struct learner *l, struct error *e)
{
    const struct train_settings schedule = {
        .learning_rate = l->s->learning_rate, .flat_share = l->s->flat_share, .final_share = l->s->final_share};
    int update = (int)l->now.update;
    struct return_result r = return_forward(l->engine, update);
    if (!isfinite(r.reward) || !isfinite(r.cost))
        return skip(l, isfinite(r.reward) ? "the cost" : "the reward", isfinite(r.reward) ? r.cost : r.reward, e);
    double norm = return_backward(l->engine, l->gradient);
    if (!(norm < GRADIENT_WILD))
        return skip(l, "the gradient's norm", norm, e);
    gradient_shorten(l->gradient, l->p->params.size, norm, l->s->clip);
    adam_step(&l->adam, &l->p->params, l->gradient, GROUP_ALL, learning_rate_at(&schedule, update, l->s->updates));
    l->now.update++;
    l->now.skipped_in_row = 0;
    l->now.reward += r.reward;
    l->now.last += r.last;
    l->now.full += r.full;
    l->now.norm += norm;
    l->now.n++;
    return DSSM_OK;
}

static void show(struct learner *l)
{
    if (l->now.n > 0)
        progress_show(l->progress, l->now.update / l->s->updates, "update %.0f, reward a step %.4g, in the last quarter %.4g",
                      l->now.update, l->now.reward / l->now.n, l->now.last / l->now.n);
}

/* What is due after an update: a line of metrics, a checkpoint. */
static int after_update(struct learner *l, struct error *e)
{
    int update = (int)l->now.update;
    bool finished = update >= l->s->updates;
    if (update % 20 == 0)
        show(l);
    if ((update % l->s->eval_every == 0 || finished) && l->now.n > 0 && evaluation(l, e))
        return e->code;
    return update % l->s->checkpoint_every == 0 || finished ? save(l, e) : DSSM_OK;
}

static int stop_here(struct learner *l, struct error *e)
{
    if (save(l, e))
        return e->code;
    return error_set(e, DSSM_FAILURE,
                     l->io->checkpoint ? "stopped at update %.0f; the same command goes on from the checkpoint" : "stopped at update %.0f",
                     l->now.update);
}

static int loop(struct learner *l, struct error *e)
{
    if (load(l, e) || lines_open(&l->metrics, l->io->metrics, l->now.metrics_bytes, e) ||
        (!l->metrics.goes_on && lines_put(&l->metrics, settings_line(l), e)))
        return e->code;
    while (l->now.update < l->s->updates) {
        if (l->io->stop && *l->io->stop)
            return stop_here(l, e);
        if (one_update(l, e) || after_update(l, e))
            return e->code;
    }
    if (adam_updates(&l->adam) == 0)
        return error_set(e, DSSM_DIVERGED,
                         "all %.0f updates had to be skipped, so nothing was learned: a reward or a gradient was not finite",
                         l->now.update);
    return DSSM_OK;
}

static json_t *summary(const struct learner *l)
{
    json_t *all = json_pack("{s:I, s:I, s:o}", "updates", (json_int_t)l->now.update, "skipped", (json_int_t)l->now.skipped,
                            "reward_last_quarter", metrics_number(l->now.evaluated));
    if (l->io->provenance)
        json_object_set(all, "settings", (json_t *)(uintptr_t)l->io->provenance);
    return all;
}

int learn_run(struct policy *p, const struct model *m, const struct goal *g, const struct beginnings *b, const struct learn_settings *s,
              const struct train_io *io, uint32_t data_crc32, struct error *e)
{
    struct learner l = {.p = p, .m = m, .goal = g, .s = s, .io = io, .began = seconds_now(), .now.evaluated = NAN};
    json_decref(p->goal);
    p->goal = goal_json(g);
    l.engine = return_new(m, p, g, b, s, io->pool);
    l.adam = adam_new(&p->params);
    l.gradient = xcalloc(p->params.size, sizeof(real));
    l.identity = identity(&l, data_crc32);
    l.progress = progress_new(io->program, io->quiet);
    int status = loop(&l, e);
    progress_end(l.progress);
    json_decref(p->training);
    p->training = summary(&l);
    lines_close(&l.metrics);
    json_decref(l.identity);
    return_free(l.engine);
    adam_free(&l.adam);
    free(l.gradient);
    return status;
}
