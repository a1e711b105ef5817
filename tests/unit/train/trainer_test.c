/* The training loop: stopped anywhere and run again it ends with the same bits; updates that are no numbers are skipped and
 * counted, and too many in a row end the run with update and term; several starts; what is said when 𝒟₀ is out of reach. */
#include "spy.h"
#include "stored.h"

/* ---- stop and resume ---- */

struct outcome {
    real *value;
    json_t *training, *metrics;
};

static struct outcome outcome_of(const struct training *t)
{
    size_t bytes = t->m->params.size * sizeof(real);
    return (struct outcome){memcpy(xmalloc(bytes), t->m->params.value, bytes), json_deep_copy(t->m->training), metrics_lines(t->metrics)};
}

static void outcome_free(struct outcome *o)
{
    free(o->value);
    json_decref(o->training);
    json_decref(o->metrics);
}

static void assert_same(const struct outcome *a, const struct outcome *b, size_t size, int stopped_at)
{
    if (memcmp(a->value, b->value, size * sizeof(real)) != 0)
        fail_msg("stopped at call %d: other parameters", stopped_at);
    if (!json_equal(a->training, b->training))
        fail_msg("stopped at call %d: training %s and %s", stopped_at, json_dumps(a->training, 0), json_dumps(b->training, 0));
    if (!json_equal(a->metrics, b->metrics))
        fail_msg("stopped at call %d: metrics %s and %s", stopped_at, json_dumps(a->metrics, 0), json_dumps(b->metrics, 0));
}

/* What a run that is stopped differs in from training_open's. */
struct way {
    const char *objective;
    int starts, crop_every, prior_after;
};

static struct training open_way(struct way w)
{
    struct training t = training_open("trainer");
    t.s.starts = w.starts, t.s.crop_every = w.crop_every, t.s.crop_shortest = 2, t.s.prior_after = w.prior_after;
    for (int i = 0; objective_kinds[i]; i++)
        if (strcmp(objective_kinds[i]->name, w.objective) == 0)
            t.s.objective.kind = i;
    return t;
}

static struct outcome whole_run(struct way w)
{
    struct error e;
    struct training t = open_way(w);
    assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
    struct outcome o = outcome_of(&t);
    training_close(&t);
    return o;
}

/* Stopped at calls at, 2·at, …, and run again until it is done. */
static struct outcome interrupted_run(struct way w, int at, size_t *size)
{
    struct training t = open_way(w);
    struct error e;
    int status, runs = 0;
    do {
        spy.calls = 0;
        spy.stop_at = at + runs;
        status = training_run(&t, true, true, &e);
        if (status) {
            assert_int_equal(status, DSSM_FAILURE);
            assert_memory_equal(e.text, "stopped at update ", 18);
            assert_non_null(strstr(e.text, "the same command goes on from the checkpoint"));
        }
    } while (status && ++runs < 100);
    assert_true(runs > 0);
    assert_int_equal(status, DSSM_OK);
    *size = t.m->params.size;
    struct outcome o = outcome_of(&t);
    training_close(&t);
    return o;
}

static void resumed_equals_uninterrupted(struct way w)
{
    struct outcome whole = whole_run(w);
    static const int stops[] = {2, 5, 13, 14, 27, 38};
    for (int i = 0; i < 6; i++) {
        size_t size;
        struct outcome pieces = interrupted_run(w, stops[i], &size);
        assert_same(&whole, &pieces, size, stops[i]);
        outcome_free(&pieces);
    }
    outcome_free(&whole);
}

static void resume_co(void **state)
{
    (void)state;
    resumed_equals_uninterrupted((struct way){"co", 1, 0, 0});
}
static void resume_annealing(void **state)
{
    (void)state;
    resumed_equals_uninterrupted((struct way){"annealing", 1, 0, 0});
}
static void resume_between_starts(void **state)
{
    (void)state;
    resumed_equals_uninterrupted((struct way){"co", 3, 0, 0});
}
static void resume_with_crops(void **state)
{
    (void)state;
    resumed_equals_uninterrupted((struct way){"co", 1, 2, 0});
    resumed_equals_uninterrupted((struct way){"annealing", 3, 3, 0});
}
static void resume_with_a_prior_that_waits(void **state)
{
    (void)state;
    resumed_equals_uninterrupted((struct way){"co", 1, 0, 20});
    resumed_equals_uninterrupted((struct way){"co", 3, 2, 7});         /* it begins to move in each short start */
    resumed_equals_uninterrupted((struct way){"annealing", 2, 0, 30}); /* it does in the chosen one alone */
}

/* Run once more when it is done, it changes nothing. */
static void a_finished_run_stays(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
    struct outcome first = outcome_of(&t);
    model_restart(t.m, 1);
    spy.calls = 0;
    assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
    struct outcome again = outcome_of(&t);
    assert_int_equal(spy.calls, 0);
    assert_same(&first, &again, t.m->params.size, -1);
    outcome_free(&first);
    outcome_free(&again);
    training_close(&t);
}

static void stopped_without_a_checkpoint(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    spy.stop_at = 4;
    assert_int_equal(training_run(&t, false, false, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "stopped at update 4");
    training_close(&t);
}

/* Another seed gives other parameters; one, two and three threads the same. */
static void seeds_and_threads(void **state)
{
    (void)state;
    struct error e;
    real *first = NULL;
    for (int k = 0; k < 4; k++) {
        struct training t = training_open("trainer");
        pool_free(t.pool);
        t.pool = pool_new(k < 3 ? k + 1 : 1);
        t.s.seed = k < 3 ? 5 : 6;
        t.s.crop_every = 2;
        t.s.batch = 12;
        size_t bytes = t.m->params.size * sizeof(real);
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        if (!first)
            first = memcpy(xmalloc(bytes), t.m->params.value, bytes);
        assert_int_equal(memcmp(first, t.m->params.value, bytes) == 0, k < 3);
        training_close(&t);
    }
    free(first);
}

/* ---- sub-sequences ---- */

/* Each third update is on short sequences of changing length, the others are not, and the parameters are others than without. */
static void crops_are_where_they_should_be(void **state)
{
    (void)state;
    struct error e;
    real *value[2];
    size_t bytes = 0;
    int shorter = 0;
    for (int k = 0; k < 2; k++) {
        struct training t = training_open("trainer");
        t.s.crop_every = k ? 3 : 0, t.s.crop_shortest = 2, t.s.batch = 12;
        bytes = t.m->params.size * sizeof(real);
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        value[k] = memcpy(xmalloc(bytes), t.m->params.value, bytes);
        training_close(&t);
        assert_int_equal(spy.calls, 40);
        for (int i = 0; i < 40; i++) {
            assert_true(spy.steps[i] >= 2 && spy.steps[i] <= 5);
            assert_true(spy.steps[i] == 5 || (k == 1 && i % 3 == 2));
            shorter += spy.steps[i] < 5;
        }
    }
    assert_true(shorter > 5 && shorter < 13); /* of 13, a quarter at full length */
    assert_memory_not_equal(value[0], value[1], bytes);
    free(value[0]);
    free(value[1]);
}

/* λ, 𝒟̂ and phase stay as they are in a cropped update; its losses are in no line of metrics, and make none of their own. */
static void crops_leave_the_objective(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.objective.d0 = "nats:-1e9"; /* never met: λ grows by the bound in each update that counts */
    t.s.crop_every = 4, t.s.crop_shortest = 1, t.s.eval_every = 1, t.s.updates = 20;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *lines = metrics_lines(t.metrics);
    assert_int_equal(json_array_size(lines), 1 + 15);
    for (int i = 1, update = 1; i <= 15; i++, update += update % 4 == 3 ? 2 : 1) {
        const json_t *line = json_array_get(lines, (size_t)i);
        double lambda = json_real_value(json_object_get(line, "lambda"));
        assert_int_equal(json_integer_value(json_object_get(line, "update")), update);
        assert_true(fabs(lambda / (t.s.objective.lambda0 * exp(0.05 * i)) - 1) < 1e-6);
    }
    json_decref(lines);
    training_close(&t);
}

/* What is spoilt in a cropped update is skipped like any other. */
static void a_bad_crop_is_skipped(void **state)
{
    (void)state;
    for (int spoil = SPOIL_DISTORTION; spoil <= SPOIL_GRADIENT; spoil++) {
        struct training t = training_open("trainer");
        struct error e;
        t.s.crop_every = 2;
        spy.spoil = (enum spoil)spoil, spy.from = 7, spy.to = 8;
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        assert_int_equal(json_integer_value(json_object_get(t.m->training, "skipped")), 1);
        training_close(&t);
    }
}

static void crops_alone_are_refused(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.crop_every = 1;
    assert_int_equal(training_run(&t, false, false, &e), DSSM_USAGE);
    assert_memory_equal(e.text, "--crop-every: expected 0 or at least 2", 38);
    training_close(&t);
}

/* ---- phases ---- */

/* As published: until the bound is met only encoder and decoder move. */
static void initial_phase_moves_the_coders(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct training t = training_open("trainer");
        struct error e;
        t.s.objective.initial = all ? INITIAL_ALL : INITIAL_CODERS;
        t.s.objective.d0 = "nats:-1e9"; /* never met */
        size_t bytes = t.m->params.size * sizeof(real);
        model_restart(t.m, t.s.seed);
        real *before = memcpy(xmalloc(bytes), t.m->params.value, bytes);
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        for (int i = 0; i < t.m->params.n; i++) {
            const struct param *p = &t.m->params.entry[i];
            bool moved = memcmp(before + p->offset, t.m->params.value + p->offset, (size_t)(p->rows * p->cols) * sizeof(real)) != 0;
            if (moved != ((p->group & (all ? GROUP_ALL : GROUP_THETA | GROUP_PHI)) != 0))
                fail_msg("%s, initial phase %d: moved %d", p->name, all, moved);
        }
        free(before);
        training_close(&t);
    }
}

/* A bound that the first batch meets: everything moves from the first update on. */
static void met_at_once_all_move(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.objective.initial = INITIAL_CODERS;
    t.s.objective.d0 = "nats:1e9";
    t.s.updates = 1;
    size_t bytes = t.m->params.size * sizeof(real);
    model_restart(t.m, t.s.seed);
    real *before = memcpy(xmalloc(bytes), t.m->params.value, bytes);
    assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
    for (int i = 0; i < t.m->params.n; i++) {
        const struct param *p = &t.m->params.entry[i];
        bool moved = memcmp(before + p->offset, t.m->params.value + p->offset, (size_t)(p->rows * p->cols) * sizeof(real)) != 0;
        assert_true(moved == ((p->group & GROUP_ALL) != 0));
    }
    assert_int_equal(spy.calls, 2); /* once more with all groups */
    assert_int_equal(json_integer_value(json_object_get(t.m->training, "main_phase_since")), 0);
    free(before);
    training_close(&t);
}

/* The update that the summary names is the first one of the main phase. */
static void main_phase_is_dated(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.objective.d0 = "excess:20", t.s.updates = 200, t.s.eval_every = 1, t.s.learning_rate = 0.01;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_int_t since = json_integer_value(json_object_get(t.m->training, "main_phase_since"));
    json_t *lines = metrics_lines(t.metrics);
    assert_true(since > 0 && since < 200);
    for (size_t i = 1; i <= 200; i++) {
        const char *phase = json_string_value(json_object_get(json_array_get(lines, i), "phase"));
        assert_string_equal(phase, (json_int_t)i > since ? "main" : "initial"); /* line i is about update number i − 1 */
    }
    json_decref(lines);
    training_close(&t);
}

/* Have the parameters of these groups moved? All or none of them. */
static bool moved_from(const struct model *m, const real *before, unsigned groups)
{
    int moved = 0, n = 0;
    for (int i = 0; i < m->params.n; i++) {
        const struct param *p = &m->params.entry[i];
        if (!(p->group & groups))
            continue;
        n++;
        moved += memcmp(before + p->offset, m->params.value + p->offset, (size_t)(p->rows * p->cols) * sizeof(real)) != 0;
    }
    assert_true(n > 0 && (moved == 0 || moved == n));
    return moved > 0;
}

/* The hierarchical prior keeps still for so many updates, crops included, whatever else moves; from the next one on it moves. */
static void prior_after_holds_the_prior_still(void **state)
{
    (void)state;
    for (int updates = 19; updates <= 21; updates++) {
        struct training t = training_open("trainer");
        struct error e;
        t.s.objective.d0 = "nats:1e9"; /* met at once: everything else moves */
        t.s.prior_after = 20, t.s.crop_every = 3, t.s.updates = updates;
        size_t bytes = t.m->params.size * sizeof(real);
        model_restart(t.m, t.s.seed);
        real *before = memcpy(xmalloc(bytes), t.m->params.value, bytes);
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        assert_int_equal(moved_from(t.m, before, GROUP_PSI0 | GROUP_PHI0), updates > 20);
        assert_true(moved_from(t.m, before, GROUP_THETA | GROUP_PHI | GROUP_PSI));
        free(before);
        training_close(&t);
    }
}

/* Where it has not begun to move, Adam has counted none of its updates: its first step is a first one. */
static void a_prior_that_waits_has_no_moments(void **state)
{
    (void)state;
    real *value[2];
    size_t bytes = 0, differ = 0;
    for (int k = 0; k < 2; k++) {
        struct training t = training_open("trainer");
        struct error e;
        t.s.objective.d0 = "nats:1e9", t.s.prior_after = k ? 39 : 40, t.s.flat_share = 1;
        bytes = t.m->params.size * sizeof(real);
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        value[k] = memcpy(xmalloc(bytes), t.m->params.value, bytes);
        for (int i = 0; k == 1 && i < t.m->params.n; i++) {
            const struct param *p = &t.m->params.entry[i];
            for (int j = 0; j < p->rows * p->cols && (p->group & (GROUP_PSI0 | GROUP_PHI0)); j++) {
                size_t at = p->offset + (size_t)j;
                double step = fabs((double)(value[1][at] - value[0][at])), most = t.s.learning_rate * (double)p->rate;
                assert_true(step < 1.001 * most);
                differ += step > 0.9 * most; /* Adam's first step is the whole rate, whatever the gradient */
            }
        }
        training_close(&t);
    }
    assert_true(differ > 10);
    free(value[0]);
    free(value[1]);
}

/* ---- guards ---- */

static void spoilt_run(enum spoil spoil, int from, const char *text)
{
    struct training t = training_open("trainer");
    struct error e = {0};
    t.s.updates = 200;
    spy.spoil = spoil, spy.from = from, spy.to = 1 << 30;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_DIVERGED);
    assert_int_equal(e.code, DSSM_DIVERGED);
    assert_string_equal(e.text, text);
    training_close(&t);
}

static void divergence_names_update_and_term(void **state)
{
    (void)state;
    spoilt_run(SPOIL_DISTORTION, 0, "diverged at update 50: the distortion is nan, for 50 updates in a row");
    spoilt_run(SPOIL_RATE, 20, "diverged at update 70: the rate is nan, for 50 updates in a row");
    spoilt_run(SPOIL_GRADIENT, 3, "diverged at update 53: the gradient's norm is nan, for 50 updates in a row");
}

/* A parameter that is no number spoils what it enters; the run says so. */
static void a_parameter_that_is_nan(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e = {0};
    t.s.updates = 30;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_OK);
    /* The checkpoint with one number of the decoder replaced. */
    struct archive a;
    FILE *f = fopen(t.checkpoint, "rb");
    assert_int_equal(archive_read(&a, f, "ck", 0, &e), DSSM_OK);
    fclose(f);
    struct array *value = (struct array *)(uintptr_t)archive_get(&a, "now.value/decoder.0.weight");
    struct array *numbers = (struct array *)(uintptr_t)archive_get(&a, "now.numbers");
    ((float *)value->data)[1] = NAN;
    ((double *)numbers->data)[OBJECTIVE_STATE_SIZE + 1] = 10; /* updates done */
    f = fopen(t.checkpoint, "wb");
    assert_int_equal(archive_write(&a, f, &e), DSSM_OK);
    fclose(f);
    archive_clear(&a);
    t.s.updates = 200;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_DIVERGED);
    assert_string_equal(e.text, "diverged at update 60: the distortion is nan, for 50 updates in a row");
    training_close(&t);
}

/* A few bad updates are skipped, counted, and leave parameters and objective as they are. */
static void a_bad_update_is_skipped(void **state)
{
    (void)state;
    for (enum spoil spoil = SPOIL_DISTORTION; spoil <= SPOIL_GRADIENT; spoil++) {
        struct training t = training_open("trainer");
        struct error e;
        t.s.updates = 3;
        spy.spoil = spoil, spy.from = 0, spy.to = 3;
        size_t bytes = t.m->params.size * sizeof(real);
        model_restart(t.m, t.s.seed);
        real *before = memcpy(xmalloc(bytes), t.m->params.value, bytes);
        assert_int_equal(training_run(&t, false, false, &e), DSSM_DIVERGED); /* there was no other */
        assert_string_equal(e.text, "all 3 updates had to be skipped, so nothing was learned: a loss or a gradient was not finite");
        assert_memory_equal(before, t.m->params.value, bytes);
        free(before);
        training_close(&t);
    }
}

/* 49 bad, one good, 49 bad: no reason to give up. */
static void a_good_update_between(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.updates = 60;
    spy.spoil = SPOIL_RATE, spy.from = 5, spy.to = 54;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_OK);
    assert_int_equal(json_integer_value(json_object_get(t.m->training, "skipped")), 49);
    training_close(&t);
}

/* Diverged, the checkpoint is the last one before trouble began: from there the run goes on as if nothing had been. */
static void last_good_checkpoint_stays(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.updates = 100;
    spy.spoil = SPOIL_GRADIENT, spy.from = 20, spy.to = 1 << 30;
    assert_int_equal(training_run(&t, true, true, &e), DSSM_DIVERGED);
    spy.spoil = SPOIL_NOTHING;
    assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
    struct outcome resumed = outcome_of(&t);
    size_t size = t.m->params.size;
    training_close(&t);
    t = training_open("trainer");
    t.s.updates = 100;
    assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
    struct outcome whole = outcome_of(&t);
    training_close(&t);
    assert_same(&whole, &resumed, size, 0);
    outcome_free(&resumed);
    outcome_free(&whole);
}

/* ---- several starts ---- */

static void the_best_start_goes_on(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.starts = 3;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *scores = json_object_get(t.m->training, "start_lagrangians");
    int chosen = (int)json_integer_value(json_object_get(t.m->training, "start"));
    assert_int_equal(json_array_size(scores), 3);
    for (size_t i = 0; i < 3; i++) {
        double score = json_real_value(json_array_get(scores, i));
        assert_true(isfinite(score) && score >= json_real_value(json_array_get(scores, (size_t)chosen)));
        assert_true(i == 0 || score != json_real_value(json_array_get(scores, 0)));
    }
    assert_int_equal(json_integer_value(json_object_get(t.m->training, "updates")), 40);
    training_close(&t);
}

/* A start that diverges is never the best one. */
static void a_spoilt_start_loses(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    struct error e;
    t.s.starts = 2;
    spy.spoil = SPOIL_DISTORTION, spy.from = 0, spy.to = 11; /* the first start's 11 updates */
    assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
    assert_int_equal(json_integer_value(json_object_get(t.m->training, "start")), 1);
    assert_true(json_is_null(json_array_get(json_object_get(t.m->training, "start_lagrangians"), 0)));
    training_close(&t);
}

/* One that diverges for good ends there, and the others are tried; only if there is no other the run has diverged. */
static void a_diverged_start_is_passed_over(void **state)
{
    (void)state;
    struct error e;
    for (int all = 0; all < 2; all++) {
        struct training t = training_open("trainer");
        t.s.starts = 2, t.s.updates = 70, t.s.start_updates = 60, t.s.objective.lambda0 = 1e6;
        spy.spoil = SPOIL_DISTORTION, spy.from = 0, spy.to = all ? 1 << 30 : 50;
        assert_int_equal(training_run(&t, false, false, &e), all ? DSSM_DIVERGED : DSSM_OK);
        if (all)
            assert_int_equal(spy.calls, 100);
        else {
            const json_t *scores = json_object_get(t.m->training, "start_lagrangians");
            assert_int_equal(json_integer_value(json_object_get(t.m->training, "start")), 1);
            assert_true(json_is_null(json_array_get(scores, 0)));
            assert_true(json_real_value(json_array_get(scores, 1)) > 1e5); /* judged with its own lambda, not with none */
        }
        training_close(&t);
    }
}

/* ---- the warning ---- */

/* What a run of so many updates says on standard error. Caller frees. */
static char *words_of(struct training *t, int updates)
{
    char *text = xcalloc(1, 4096);
    struct error e;
    FILE *f = tmpfile();
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    dup2(fileno(f), STDERR_FILENO);
    t->s.updates = updates;
    spy.talks = true;
    int status = training_run(t, false, false, &e);
    spy.talks = false;
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(f);
    size_t n = fread(text, 1, 4095, f);
    fclose(f);
    assert_int_equal(status, DSSM_OK);
    assert_true(n < 4095);
    return text;
}

static void a_bound_out_of_reach_is_said_once(void **state)
{
    (void)state;
    struct training t = training_open("trainer");
    t.s.objective.d0 = "nats:-1e9", t.s.objective.lambda0 = 50, t.s.objective.lambda_bound = 0.1;
    char *text = words_of(&t, 40), *word = strstr(text, "out of reach");
    assert_memory_equal(text, "test: warning: update ", 22);
    assert_non_null(word);
    assert_null(strstr(word + 1, "out of reach"));
    assert_non_null(strstr(text, "lambda has run up to 1"));
    free(text);
    t.s.objective.d0 = "nats:1e9", t.s.objective.lambda0 = 0.01;
    text = words_of(&t, 40);
    assert_string_equal(text, "");
    free(text);
    training_close(&t);
}

/* ---- data that stay in a file ---- */

static struct training open_on_file(struct stored *s)
{
    struct training t = training_open("trainer-file");
    *s = stored_open(1);
    dataset_free(&t.d);
    t.d = s->file;
    return t;
}

static void close_on_file(struct training *t, struct stored *s)
{
    s->file = t->d;
    t->d = (struct dataset){0};
    training_close(t);
    stored_close(s);
}

/* A file that changes ends the run with its checkpoint; as it was again, the run ends as if nothing had been, and no update is made twice.
 */
static void a_file_that_changes_stops_the_run(void **state)
{
    (void)state;
    struct stored s;
    struct error e;
    struct training t = open_on_file(&s);
    assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
    struct outcome whole = outcome_of(&t);
    int calls = spy.calls;
    close_on_file(&t, &s);
    static const int changed[] = {41, 3, 68};
    for (int i = 0; i < 3; i++) {
        t = open_on_file(&s);
        stored_change(&s, changed[i]);
        char place[64];
        snprintf(place, sizeof place, "record %d: field x: the file has changed", changed[i] + 1);
        assert_int_equal(training_run(&t, true, true, &e), DSSM_BAD_INPUT);
        assert_non_null(strstr(e.text, place));
        assert_int_equal(access(t.checkpoint, R_OK), 0);
        assert_true(spy.calls > 0 && spy.calls < calls);
        stored_change(&s, changed[i]);
        assert_int_equal(training_run(&t, true, true, &e), DSSM_OK);
        assert_int_equal(spy.calls, calls);
        struct outcome o = outcome_of(&t);
        assert_same(&whole, &o, t.m->params.size, changed[i]);
        outcome_free(&o);
        close_on_file(&t, &s);
    }
    outcome_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resume_co),
        cmocka_unit_test(resume_annealing),
        cmocka_unit_test(resume_between_starts),
        cmocka_unit_test(resume_with_crops),
        cmocka_unit_test(resume_with_a_prior_that_waits),
        cmocka_unit_test(crops_are_where_they_should_be),
        cmocka_unit_test(crops_leave_the_objective),
        cmocka_unit_test(a_bad_crop_is_skipped),
        cmocka_unit_test(crops_alone_are_refused),
        cmocka_unit_test(a_finished_run_stays),
        cmocka_unit_test(stopped_without_a_checkpoint),
        cmocka_unit_test(seeds_and_threads),
        cmocka_unit_test(initial_phase_moves_the_coders),
        cmocka_unit_test(met_at_once_all_move),
        cmocka_unit_test(main_phase_is_dated),
        cmocka_unit_test(prior_after_holds_the_prior_still),
        cmocka_unit_test(a_prior_that_waits_has_no_moments),
        cmocka_unit_test(divergence_names_update_and_term),
        cmocka_unit_test(a_parameter_that_is_nan),
        cmocka_unit_test(a_bad_update_is_skipped),
        cmocka_unit_test(a_good_update_between),
        cmocka_unit_test(last_good_checkpoint_stays),
        cmocka_unit_test(the_best_start_goes_on),
        cmocka_unit_test(a_spoilt_start_loses),
        cmocka_unit_test(a_diverged_start_is_passed_over),
        cmocka_unit_test(a_bound_out_of_reach_is_said_once),
        cmocka_unit_test(a_file_that_changes_stops_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
