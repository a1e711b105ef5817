/* The run of a gen- program: its sequences against the plant rolled by hand, threads, failures. (More: tests/tool/gen-pendulum.bats.) */
#include "made.h"
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

static const struct program program = {.name = "gen-test"};
static const struct plant plant = {&plant_pendulum, &seen_angle};

static struct generation standard(const char *output)
{
    struct generation g;
    options_defaults(options_generation, &g);
    g.common = (struct common){.seed = 7, .threads = 2};
    g.output = output;
    return g;
}

static const struct option_row *none[] = {NULL};
static const struct operands nothing_given = {.given = none};

static void the_default_sequences(void **state)
{
    (void)state;
    struct error e = {0};
    char *out = scratch("default");
    struct generation g = standard(out);
    struct record rec;
    record_init(&rec);
    assert_true(g.sequences == 500 && g.steps == 15 && g.protocol.noise == 0 && !g.from_controls);
    assert_int_equal(gen_run(&program, &plant, &g, &nothing_given, "gen-test", &e), DSSM_OK);
    assert_int_equal(stream_records(out, 499, &rec), 500);
    assert_string_equal(rec.id, "pendulum-7-000499");
    /* by hand */
    struct protocol how = {.seed = 7, .actions = {.kind = ACTIONS_IID}};
    double s[30];
    float u[15];
    sim_start(&plant, &how, 499, s);
    sim_controls(&plant, &how, 499, 15, u);
    sim_roll(&plant, 15, u, s);
    assert_memory_equal(record_get(&rec, "u")->data, u, sizeof u);
    assert_memory_equal(record_get(&rec, "s")->data, s, sizeof s);
    assert_true(array_count(record_get(&rec, "x")) == 15);
    record_clear(&rec);
    free(out);
}

/* Few or many, one thread or three: the same sequence. */
static void a_sequence_is_itself(void **state)
{
    (void)state;
    struct error e = {0};
    char *a = scratch("a"), *b = scratch("b");
    struct generation few = standard(a), many = standard(b);
    struct record one, other;
    record_init(&one);
    record_init(&other);
    few.sequences = 5;
    many.sequences = 31;
    many.common.threads = 3;
    few.common.threads = 1;
    assert_int_equal(gen_run(&program, &plant, &few, &nothing_given, "c", &e), DSSM_OK);
    assert_int_equal(gen_run(&program, &plant, &many, &nothing_given, "c", &e), DSSM_OK);
    assert_int_equal(stream_records(a, 4, &one), 5);
    assert_int_equal(stream_records(b, 4, &other), 31);
    assert_string_equal(one.id, other.id);
    assert_memory_equal(record_get(&one, "s")->data, record_get(&other, "s")->data, 30 * sizeof(double));
    record_clear(&one);
    record_clear(&other);
    free(a);
    free(b);
}

static void failures_leave_no_file(void **state)
{
    (void)state;
    struct error e = {0};
    char *out = scratch("never");
    struct generation g = standard(out);
    g.actions = "sideways";
    assert_int_equal(gen_run(&program, &plant, &g, &nothing_given, "c", &e), DSSM_USAGE);
    g = standard(out);
    g.from_controls = "/nothing/there";
    assert_int_equal(gen_run(&program, &plant, &g, &nothing_given, "c", &e), DSSM_FAILURE);
    g.from_controls = "/dev/null";
    assert_int_equal(gen_run(&program, &plant, &g, &nothing_given, "c", &e), DSSM_CUT_SHORT);
    assert_int_equal(access(out, F_OK), -1);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_default_sequences), cmocka_unit_test(a_sequence_is_itself),
                                       cmocka_unit_test(failures_leave_no_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
