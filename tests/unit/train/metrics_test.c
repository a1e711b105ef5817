/* Metrics: settings first, then a line an evaluation; null for what is no number; lines behind a checkpoint are written once. */
#include "spy.h"

static void numbers_and_null(void **state)
{
    (void)state;
    json_t *a = metrics_number(1.5), *b = metrics_number(NAN), *c = metrics_number(-INFINITY);
    assert_true(json_real_value(a) == 1.5);
    assert_true(json_is_null(b) && json_is_null(c));
    json_decref(a);
    json_decref(b);
    json_decref(c);
}

static double real_of(const json_t *line, const char *key)
{
    const json_t *value = json_object_get(line, key);
    if (!json_is_number(value))
        fail_msg("%s is no number", key);
    return json_number_value(value);
}

static void first_line_has_the_settings(void **state)
{
    (void)state;
    struct training t = training_open("metrics");
    struct error e;
    header_history(t.d.header, "gen-pendulum", "gen-pendulum -n 12", true, 1);
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *lines = metrics_lines(t.metrics), *first = json_array_get(lines, 0);
    assert_string_equal(json_string_value(json_object_get(first, "type")), "settings");
    assert_string_equal(json_string_value(json_object_get(first, "model")), "ekvae");
    assert_string_equal(json_string_value(json_object_get(first, "version")), DSSM_VERSION);
    assert_string_equal(json_string_value(json_object_get(first, "data_crc32")), "abcdef01");
    assert_int_equal(json_integer_value(json_object_get(first, "sequences")), 12);
    assert_int_equal(json_integer_value(json_object_get(first, "parameters")), t.m->params.size);
    assert_true(json_equal(json_object_get(first, "settings"), t.provenance));
    assert_true(json_equal(json_object_get(first, "history"), json_object_get(t.d.header, "history")));
    assert_true(fabs(real_of(first, "d0") - real_of(first, "distortion_constant") - 40) < 1e-5);
    json_decref(lines);
    training_close(&t);
}

/* A short training's end is an evaluation, and so is the run's, whatever --eval-every says. */
static void ends_are_evaluated(void **state)
{
    (void)state;
    struct training t = training_open("metrics");
    struct error e;
    t.s.starts = 2, t.s.updates = 11, t.s.start_updates = 11, t.s.eval_every = 1000;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *lines = metrics_lines(t.metrics);
    assert_int_equal(json_array_size(lines), 3);
    for (int i = 0; i < 2; i++) {
        json_t *line = json_array_get(lines, (size_t)i + 1);
        assert_int_equal(json_integer_value(json_object_get(line, "start")), i);
        assert_int_equal(json_integer_value(json_object_get(line, "update")), 11);
    }
    json_decref(lines);
    training_close(&t);
}

static void a_line_an_evaluation(void **state)
{
    (void)state;
    struct training t = training_open("metrics");
    struct error e;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *lines = metrics_lines(t.metrics);
    static const int updates[] = {7, 14, 21, 28, 35, 40}; /* every 7, and the end */
    assert_int_equal(json_array_size(lines), 7);
    for (size_t i = 0; i < 6; i++) {
        const json_t *line = json_array_get(lines, i + 1);
        assert_string_equal(json_string_value(json_object_get(line, "type")), "eval");
        assert_int_equal(json_integer_value(json_object_get(line, "update")), updates[i]);
        assert_int_equal(json_integer_value(json_object_get(line, "skipped")), 0);
        assert_true(fabs(real_of(line, "elbo") + real_of(line, "distortion") + real_of(line, "rate")) < 1e-4);
        assert_true(fabs(real_of(line, "validation_elbo") + real_of(line, "validation_distortion") + real_of(line, "validation_rate")) <
                    1e-4);
        assert_true(real_of(line, "lambda") > 0 && real_of(line, "distortion_excess") > 0);
        const char *phase = json_string_value(json_object_get(line, "phase"));
        assert_true(strcmp(phase, "initial") == 0 || strcmp(phase, "main") == 0);
    }
    json_decref(lines);
    training_close(&t);
}

/* The mean of a line is over the updates since the last line of the same start: 11 updates a start, a line at 7. */
static void a_line_is_about_one_start(void **state)
{
    (void)state;
    struct training t = training_open("metrics");
    struct error e;
    t.s.starts = 2;
    t.s.updates = 14;
    t.s.flat_share = 1; /* the schedule would depend on the number of updates */
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *both = metrics_lines(t.metrics), *second = json_array_get(both, 3); /* behind update 7 of the first start and its end */
    training_close(&t);
    assert_int_equal(json_integer_value(json_object_get(second, "start")), 1);
    /* The second start alone is a run with its seed. */
    t = training_open("metrics");
    t.s.seed = 5 + 0x9e3779b97f4a7c15U;
    t.s.updates = 7;
    t.s.flat_share = 1;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *alone = metrics_lines(t.metrics), *line = json_array_get(alone, 1);
    assert_true(fabs(real_of(second, "distortion") - real_of(line, "distortion")) < 1e-6);
    assert_true(fabs(real_of(second, "rate") - real_of(line, "rate")) < 1e-6);
    json_decref(both);
    json_decref(alone);
    training_close(&t);
}

/* λ of annealing is 1/β, infinite at the first update. */
static void what_is_infinite_is_null(void **state)
{
    (void)state;
    struct training t = training_open("metrics");
    struct error e;
    t.s.objective.kind = 1;
    t.s.eval_every = 1, t.s.updates = 2;
    assert_int_equal(training_run(&t, false, true, &e), DSSM_OK);
    json_t *lines = metrics_lines(t.metrics);
    assert_true(json_is_null(json_object_get(json_array_get(lines, 1), "lambda")));
    assert_true(json_is_real(json_object_get(json_array_get(lines, 2), "lambda")));
    json_decref(lines);
    training_close(&t);
}

static void files_that_do_not_fit(void **state)
{
    (void)state;
    struct training t = training_open("metrics");
    struct error e;
    char name[64], text[200];
    spy.stop_at = 30;
    assert_int_equal(training_run(&t, true, true, &e), DSSM_FAILURE);
    FILE *f = fopen(t.metrics, "w"); /* another file under that name */
    fputs("{}\n", f);
    fclose(f);
    assert_int_equal(training_run(&t, true, true, &e), DSSM_BAD_INPUT);
    snprintf(text, sizeof text, "%s: is not the file that the checkpoint goes with: expected ", t.metrics);
    assert_memory_equal(e.text, text, strlen(text));
    snprintf(name, sizeof name, "%s", t.metrics);
    snprintf(t.metrics, sizeof t.metrics, "/nonexistent/m.jsonl");
    assert_int_equal(training_run(&t, false, true, &e), DSSM_FAILURE);
    assert_memory_equal(e.text, "/nonexistent/m.jsonl: cannot open: ", 35);
    snprintf(t.metrics, sizeof t.metrics, "/dev/full");
    assert_int_equal(training_run(&t, false, true, &e), DSSM_FAILURE);
    assert_memory_equal(e.text, "/dev/full: cannot write: ", 25);
    snprintf(t.metrics, sizeof t.metrics, "%s", name);
    training_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_null),      cmocka_unit_test(first_line_has_the_settings), cmocka_unit_test(a_line_an_evaluation),
        cmocka_unit_test(ends_are_evaluated),    cmocka_unit_test(a_line_is_about_one_start),   cmocka_unit_test(what_is_infinite_is_null),
        cmocka_unit_test(files_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
