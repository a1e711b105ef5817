/* A small training for tests, of a model whose loss counts its calls: at a given call it stops the run as a signal would,
 * or spoils a number. One thread and one chunk, so that a call is an update (or an evaluation). */
#ifndef DSSM_TESTS_SPY_H
#define DSSM_TESTS_SPY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cblas.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"
#include "train/run.h"

enum spoil { SPOIL_NOTHING, SPOIL_DISTORTION, SPOIL_RATE, SPOIL_GRADIENT };

static struct {
    int calls;
    int stop_at;      /* the call that sets stop; 0: none */
    enum spoil spoil; /* what is made NaN … */
    int from, to;     /* … in calls from..to-1 */
    bool talks;       /* the run may say things */
    volatile sig_atomic_t stop;
    int steps[200]; /* T of the batch of each call */
} spy;

static inline void spy_undo(struct tape *t, void *note)
{
    (void)t;
    var **io = note;
    real *g = var_gradient(io[1]);
    if (g && var_arrived(io[0]))
        for (int l = 0; l < io[0]->lanes; l++)
            g[l] += NAN;
}

/* The same value, whose gradient is NaN. */
static inline var *spy_poison(struct tape *t, var *a)
{
    void *note;
    var *out = op_new(t, 1, a->lanes, (const var *const[]){a}, 1, spy_undo, 2 * sizeof(var *), &note);
    memcpy(out->v, a->v, sizeof(real) * (size_t)a->lanes);
    if (note)
        memcpy(note, (var *[]){out, a}, 2 * sizeof(var *));
    return out;
}

static inline struct loss spy_loss(const struct model *m, struct tape *t, const struct batch *b, const struct noise *n)
{
    struct loss l = model_kind_find("ekvae")->loss(m, t, b, n);
    int call = spy.calls++;
    if (call < 200)
        spy.steps[call] = b->T;
    if (spy.stop_at > 0 && call + 1 == spy.stop_at)
        spy.stop = SIGTERM;
    if (call < spy.from || call >= spy.to)
        return l;
    if (spy.spoil == SPOIL_DISTORTION)
        l.distortion = shift(t, l.distortion, NAN);
    if (spy.spoil == SPOIL_RATE)
        l.rate = shift(t, l.rate, NAN);
    if (spy.spoil == SPOIL_GRADIENT)
        l.rate = spy_poison(t, l.rate);
    return l;
}

/* ---- a training ---- */

struct training {
    struct dataset d, validation;
    struct model_kind kind;
    struct model *m;
    struct train_settings s;
    struct pool *pool;
    json_t *provenance;
    struct train_io io;
    char checkpoint[64], metrics[64];
};

static inline struct training training_open(const char *name)
{
    struct training t = {
        .d = fixture_dataset(12, 3, 5, 4, 1), .validation = fixture_dataset(3, 3, 5, 4, 1), .kind = *model_kind_find("ekvae")};
    void *settings = fixture_settings(&t.kind, "{" FIXTURE_TINY "}");
    struct error e;
    openblas_set_num_threads(1); /* as a trainer's main does */
    t.kind.loss = spy_loss;
    t.m = model_new(model_kind_find("ekvae"), settings, 4, 1, NULL, 5, &e);
    options_defaults(options_train, &t.s);
    options_defaults(options_objective, &t.s.objective);
    t.s.objective.d0 = "excess:40", t.s.objective.lambda_bound = 0.05, t.s.objective.nu = 0.01;
    t.s.updates = 40, t.s.batch = 5, t.s.eval_every = 7, t.s.checkpoint_every = 6, t.s.starts = 1, t.s.start_updates = 11, t.s.seed = 5;
    t.pool = pool_new(1);
    t.provenance = json_pack("{s:i, s:s, s:i}", "updates", 40, "objective", "co", "seed", 5);
    snprintf(t.checkpoint, sizeof t.checkpoint, "/tmp/dssm-%s-%ld.ck", name, (long)getpid());
    snprintf(t.metrics, sizeof t.metrics, "/tmp/dssm-%s-%ld.jsonl", name, (long)getpid());
    unlink(t.checkpoint);
    unlink(t.metrics);
    memset(&spy, 0, sizeof spy);
    free(settings);
    return t;
}

/* Runs it, or goes on with it. The model begins anew each time, as a program does. */
static inline int training_run(struct training *t, bool checkpoint, bool metrics, struct error *e)
{
    t->m->kind = &t->kind;
    t->io = (struct train_io){.program = "test",
                              .checkpoint = checkpoint ? t->checkpoint : NULL,
                              .metrics = metrics ? t->metrics : NULL,
                              .quiet = !spy.talks,
                              .pool = t->pool,
                              .provenance = t->provenance,
                              .stop = &spy.stop};
    spy.stop = 0;
    return train_run(t->m, &t->d, &t->validation, &t->s, &t->io, e);
}

static inline void training_close(struct training *t)
{
    unlink(t->checkpoint);
    unlink(t->metrics);
    dataset_free(&t->d);
    dataset_free(&t->validation);
    model_free(t->m);
    pool_free(t->pool);
    json_decref(t->provenance);
}

/* Lines of the metrics without their seconds, as an array. Caller decrefs. */
static inline json_t *metrics_lines(const char *path)
{
    char line[8192];
    json_t *all = json_array();
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        json_t *one = json_loads(line, 0, NULL);
        if (!one)
            bug("metrics_lines: no JSON: %s", line);
        json_object_del(one, "seconds");
        json_array_append_new(all, one);
    }
    if (f)
        fclose(f);
    return all;
}

#endif
