/* The automatic bound: found by a short training that leaves no trace, kept by the checkpoint. */
#include "spy.h"

static double d0_of(const struct training *t)
{
    return json_real_value(json_object_get(t->m->training, "d0"));
}

/* The run is the one that the same bound, given as a number, would have made. */
static void leaves_no_trace(void **state)
{
    (void)state;
    struct training t = training_open("probe");
    struct error e;
    char text[64];
    size_t bytes = t.m->params.size * sizeof(real);
    t.s.objective.d0 = "auto";
    assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
    assert_int_equal(spy.calls, 80); /* as many updates of the probe as there are */
    real *found = memcpy(xmalloc(bytes), t.m->params.value, bytes);
    double d0 = d0_of(&t);
    snprintf(text, sizeof text, "nats:%.17g", d0);
    t.s.objective.d0 = text;
    assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
    assert_true(d0_of(&t) == d0);
    assert_memory_equal(found, t.m->params.value, bytes);
    free(found);
    training_close(&t);
}

/* Above what cannot be undercut, below where training begins; longer training of the pair gives a tighter bound. */
static void lies_where_it_can_be_met(void **state)
{
    (void)state;
    double last = INFINITY, numbers = 0;
    for (int updates = 20; updates <= 320; updates *= 4) {
        struct training t = training_open("probe");
        struct error e;
        for (int i = 0; i < t.d.n; i++)
            numbers += (double)record_steps(&t.d.record[i]) * 4 / t.d.n;
        t.s.objective.d0 = "auto", t.s.updates = updates, t.s.learning_rate = 0.01;
        assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
        assert_true(d0_of(&t) > distortion_constant(numbers, 0.1) && d0_of(&t) < last);
        last = d0_of(&t);
        numbers = 0;
        training_close(&t);
    }
}

static void looked_for_once(void **state)
{
    (void)state;
    struct training t = training_open("probe");
    struct error e;
    t.s.objective.d0 = "auto";
    spy.stop_at = 60;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "stopped at update 20; the same command goes on from the checkpoint");
    double d0 = d0_of(&t);
    spy.calls = spy.stop_at = 0;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_OK);
    assert_int_equal(spy.calls, 20);
    assert_true(d0_of(&t) == d0);
    training_close(&t);
}

static void stopped_or_diverged_on_the_way(void **state)
{
    (void)state;
    struct training t = training_open("probe");
    struct error e;
    t.s.objective.d0 = "auto";
    spy.stop_at = 7;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "stopped while looking for the bound on the distortion");
    assert_int_equal(access(t.checkpoint, F_OK), -1);
    memset(&spy, 0, sizeof spy);
    spy.spoil = SPOIL_DISTORTION, spy.from = 30, spy.to = 1 << 30;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_DIVERGED);
    assert_string_equal(e.text, "the distortion is nan after 40 updates of encoder and decoder alone");
    training_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_no_trace),
        cmocka_unit_test(lies_where_it_can_be_met),
        cmocka_unit_test(looked_for_once),
        cmocka_unit_test(stopped_or_diverged_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
