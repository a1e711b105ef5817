/* Learning: it gets better, a run in pieces gives the bytes of a whole one, bad updates are skipped, too many end it. */
#include "small.h"

struct learning {
    struct small s;
    struct learn_settings how;
    char checkpoint[64], metrics[64];
    volatile sig_atomic_t stop;
};

static void learning_open(struct learning *l)
{
    *l = (struct learning){.s = small_open("ekvae"), .how = small_learn()};
    snprintf(l->checkpoint, sizeof l->checkpoint, "/tmp/dssm-learn-%ld.ck", (long)getpid());
    snprintf(l->metrics, sizeof l->metrics, "/tmp/dssm-learn-%ld.jsonl", (long)getpid());
    unlink(l->checkpoint);
    unlink(l->metrics);
}

static void learning_close(struct learning *l)
{
    unlink(l->checkpoint);
    unlink(l->metrics);
    small_close(&l->s);
}

/* A policy that begins anew, as a program's does. */
static int run(struct learning *l, bool files, struct error *e)
{
    struct policy_settings how = small_policy();
    struct train_io io = {.program = "test", .quiet = true, .pool = l->s.pool, .stop = &l->stop};
    if (files)
        io.checkpoint = l->checkpoint, io.metrics = l->metrics;
    policy_free(l->s.p);
    l->s.p = policy_new(&how, l->s.m, 0, 3, e);
    policy_centre(l->s.p, &l->s.g, &l->s.b);
    return learn_run(l->s.p, l->s.m, &l->s.g, &l->s.b, &l->how, &io, 0x1234, e);
}

/* The lines without their seconds. Caller decrefs. */
static json_t *lines_of(const char *path)
{
    char line[8192];
    json_t *all = json_array();
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        json_t *one = json_loads(line, 0, NULL);
        json_object_del(one, "seconds");
        json_array_append_new(all, one);
    }
    if (f)
        fclose(f);
    return all;
}

static void it_gets_better(void **state)
{
    (void)state;
    struct learning l;
    struct error e;
    learning_open(&l);
    l.how.updates = 200, l.how.batch = 20, l.how.eval_every = 20, l.how.learning_rate = 0.02;
    assert_int_equal(run(&l, true, &e), DSSM_OK);
    json_t *lines = lines_of(l.metrics);
    assert_int_equal(json_array_size(lines), 11);
    double first = json_real_value(json_object_get(json_array_get(lines, 1), "reward")),
           last = json_real_value(json_object_get(json_array_get(lines, 10), "reward"));
    assert_true(first < 0 && last < 0 && last > first + 0.02 * fabs(first));
    assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 0), "type")), "settings");
    assert_int_equal(json_integer_value(json_object_get(l.s.p->training, "updates")), 200);
    json_decref(lines);
    learning_close(&l);
}

/* The model's step, which stops the run at a given call as a signal would. */
static struct {
    int calls, stop_at;
    volatile sig_atomic_t *stop;
} spy;

static struct gauss spy_step(const struct model *m, struct tape *t, struct latent now, var *u, var **memory)
{
    if (++spy.calls == spy.stop_at)
        *spy.stop = SIGTERM;
    return model_kind_find("ekvae")->step(m, t, now, u, memory);
}

/* Stopped in the middle, again and again: what goes on from there ends with the same bytes. */
static void in_pieces(void **state)
{
    (void)state;
    struct model_kind kind = *model_kind_find("ekvae");
    struct learning l;
    struct error e;
    kind.step = spy_step;
    learning_open(&l);
    assert_int_equal(run(&l, true, &e), DSSM_OK);
    size_t bytes = l.s.p->params.size * sizeof(real);
    real *whole = memcpy(xmalloc(bytes), l.s.p->params.value, bytes);
    json_t *metrics = lines_of(l.metrics), *training = json_deep_copy(l.s.p->training);
    learning_close(&l);
    for (int first = 1; first < 60; first += 9) { /* twelve updates of five steps */
        int status, runs = 0;
        learning_open(&l);
        l.s.m->kind = &kind;
        do {
            l.stop = 0;
            spy.calls = 0, spy.stop_at = first + runs, spy.stop = &l.stop;
            status = run(&l, true, &e);
            if (status)
                assert_non_null(strstr(e.text, "the same command goes on from the checkpoint"));
        } while (status == DSSM_FAILURE && ++runs < 100);
        assert_int_equal(status, DSSM_OK);
        assert_true(runs > 0 || first > 55);
        assert_memory_equal(whole, l.s.p->params.value, bytes);
        json_t *again = lines_of(l.metrics);
        assert_true(json_equal(again, metrics) && json_equal(training, l.s.p->training));
        json_decref(again);
        spy.calls = 0;
        assert_int_equal(run(&l, true, &e), DSSM_OK); /* it is done: nothing more happens */
        assert_int_equal(spy.calls, 0);
        assert_memory_equal(whole, l.s.p->params.value, bytes);
        assert_true(json_equal(training, l.s.p->training));
        learning_close(&l);
    }
    json_decref(metrics);
    json_decref(training);
    free(whole);
}

static void another_goal_is_refused(void **state)
{
    (void)state;
    struct learning l;
    struct error e;
    learning_open(&l);
    assert_int_equal(run(&l, true, &e), DSSM_OK);
    l.s.g.value[0] += 1;
    assert_int_equal(run(&l, true, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "checkpoint is of another run: goal.value is "));
    learning_close(&l);
}

static void divergence_names_the_term(void **state)
{
    (void)state;
    struct learning l;
    struct error e;
    learning_open(&l);
    l.how.updates = 200;
    l.s.g.value[0] = NAN;
    assert_int_equal(run(&l, false, &e), DSSM_DIVERGED);
    assert_memory_equal(e.text, "diverged at update 50: the reward is ", 37);
    assert_non_null(strstr(e.text, "nan, for 50 updates in a row"));
    learning_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gets_better),
        cmocka_unit_test(in_pieces),
        cmocka_unit_test(another_goal_is_refused),
        cmocka_unit_test(divergence_names_the_term),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
