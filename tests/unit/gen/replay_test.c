/* Controls replayed: from a given state against the plant stepped by hand, from a drawn one, and what does not fit. */
#include "made.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct plant plant = {&plant_pendulum, &seen_angle};
static const struct protocol how = {.seed = 3, .actions = {.kind = ACTIONS_IID}};

/* A stream of one record "a" with u [steps,width] (1, 2, …), and the field [1,states] of the given numbers unless states is 0; on disk. */
static void given_in(const char *field, const char *path, size_t steps, size_t width, const double *s, size_t states, float first)
{
    struct error e = {0};
    struct record rec;
    FILE *f = fopen(path, "w");
    json_t *header = header_new();
    struct writer *w = writer_open(f, header, false, &e);
    struct array u = array_new(DT_F4, 2, (size_t[]){steps, width});
    for (size_t i = 0; i < steps * width; i++)
        ((float *)u.data)[i] = (float)(i + 1);
    ((float *)u.data)[0] = first;
    record_init(&rec);
    record_set_id(&rec, "a");
    record_put(&rec, "u", u);
    record_put(&rec, "extra", array_new(DT_I4, 1, (size_t[]){2}));
    if (states) {
        struct array a = array_new(DT_F8, 2, (size_t[]){1, states});
        memcpy(a.data, s, states * sizeof *s);
        record_put(&rec, field, a);
    }
    if (writer_put(w, &rec, &e) || writer_close(w, &e))
        bug("%s", e.text);
    record_clear(&rec);
    json_decref(header);
    fclose(f);
}

static void given(const char *path, size_t steps, size_t width, const double *s, size_t states, float first)
{
    given_in("s", path, steps, width, s, states, first);
}

/* Replays the file at `in`, from its field start_from (or NULL); its one record into rec. */
static int replay_from(const char *start_from, const char *in, struct record *rec, struct error *e)
{
    char *out = scratch("replayed");
    FILE *from = fopen(in, "r"), *to = fopen(out, "w");
    struct reader *reader = reader_open(from, "given", NULL, e);
    json_t *header = header_copy(reader_header(reader));
    gen_describe(header, &plant);
    struct writer *w = writer_open(to, header, false, e);
    int code = gen_replay(&plant, &how, reader, "given", start_from, w, e);
    if (code == DSSM_OK)
        code = writer_close(w, e);
    else
        writer_abandon(w);
    fclose(to);
    fclose(from);
    reader_close(reader);
    json_decref(header);
    if (code == DSSM_OK)
        assert_int_equal(stream_records(out, 0, rec), 1);
    free(out);
    return code;
}

static int replay(const char *in, struct record *rec, struct error *e)
{
    return replay_from(NULL, in, rec, e);
}

static void from_a_given_state(void **state)
{
    (void)state;
    struct error e = {0};
    struct record rec;
    char *in = scratch("given");
    double s[2] = {1, 0.5};
    record_init(&rec);
    given(in, 4, 1, s, 2, 1);
    assert_int_equal(replay(in, &rec, &e), DSSM_OK);
    const struct array *truth = record_get(&rec, "s");
    assert_true(truth->shape[0] == 4);
    assert_non_null(record_get(&rec, "extra"));
    for (size_t t = 0; t < 4; t++) {
        assert_true(array_get(truth, 2 * t) == s[0] && array_get(truth, 2 * t + 1) == s[1]);
        plant_pendulum.step(&seen_angle, s, &(double){(double)t + 1});
    }
    record_clear(&rec);
    free(in);
}

/* The named field is what it starts from, not the true state; it is passed on, and must be there. */
static void from_another_field(void **state)
{
    (void)state;
    struct error e = {0};
    struct record rec;
    char *in = scratch("given");
    double s[2] = {-2, 3};
    record_init(&rec);
    given_in("belief", in, 4, 1, s, 2, 1);
    assert_int_equal(replay_from("belief", in, &rec, &e), DSSM_OK);
    for (size_t t = 0; t < 4; t++) {
        assert_true(array_get(record_get(&rec, "s"), 2 * t) == s[0] && array_get(record_get(&rec, "s"), 2 * t + 1) == s[1]);
        plant_pendulum.step(&seen_angle, s, &(double){(double)t + 1});
    }
    assert_true(array_get(record_get(&rec, "belief"), 1) == 3);
    assert_int_equal(replay_from("guess", in, &rec, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "given: record 1: field guess: expected shape [T,2] (angle,velocity), got nothing");
    given_in("belief", in, 4, 1, (double[]){1, NAN}, 2, 1);
    assert_int_equal(replay_from("belief", in, &rec, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "field belief: step 1: expected finite numbers"));
    record_clear(&rec);
    free(in);
}

static void from_a_drawn_state(void **state)
{
    (void)state;
    struct error e = {0};
    struct record rec;
    char *in = scratch("given");
    double s[2];
    record_init(&rec);
    given(in, 4, 1, NULL, 0, 1);
    assert_int_equal(replay(in, &rec, &e), DSSM_OK);
    sim_start(&plant, &how, 0, s);
    assert_memory_equal(record_get(&rec, "s")->data, s, sizeof s);
    record_clear(&rec);
    free(in);
}

static void what_does_not_fit(void **state)
{
    (void)state;
    struct error e = {0};
    struct record rec;
    char *in = scratch("given");
    record_init(&rec);
    given(in, 4, 2, NULL, 0, 1);
    assert_int_equal(replay(in, &rec, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "given: record 1: field u: expected shape [T,1] or [T], T from 1 to 1000000, got [4,2]");
    given(in, 4, 1, NULL, 0, NAN);
    assert_int_equal(replay(in, &rec, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "given: record 1: field u: step 1: expected a finite number"));
    given(in, 4, 1, (double[]){1, 2, 3}, 3, 1);
    assert_int_equal(replay(in, &rec, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "given: record 1: field s: expected shape [T,2] (angle,velocity), got [1,3]");
    given(in, 4, 1, (double[]){1, INFINITY}, 2, 1);
    assert_int_equal(replay(in, &rec, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "field s: step 1: expected finite numbers"));
    record_clear(&rec);
    free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(from_a_given_state), cmocka_unit_test(from_a_drawn_state),
                                       cmocka_unit_test(from_another_field), cmocka_unit_test(what_does_not_fit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
