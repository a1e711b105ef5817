/* A live plant: it says what a sequence of the gen- program holds, control by control, and refuses what it cannot take. */
#include "made.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { STEPS = 7 };

/* Controls as a stream in memory, width numbers each: u, but for `spoilt` in the place of the third. */
struct controls {
    char *p;
    size_t n;
};

static struct controls controls_of(const float *u, int n, double spoilt, size_t width, bool ends)
{
    struct controls c = {0};
    FILE *f = open_memstream(&c.p, &c.n);
    json_t *header = header_new();
    if (isfinite(spoilt)) /* else no reader may hear of it, and the plant itself has to look */
        header_field(header, "u", DT_F4, 1, &width, NULL, NULL, NULL, NULL);
    struct writer *w = writer_open(f, header, false, NULL);
    json_decref(header);
    for (int t = 0; t < n; t++) {
        struct record r;
        struct array a = array_new(DT_F4, 2, (const size_t[]){1, width});
        record_init(&r);
        record_set_id(&r, "c");
        array_set(&a, 0, t == 2 ? spoilt : (double)u[t]);
        record_put(&r, "u", a);
        assert_int_equal(writer_put(w, &r, NULL), DSSM_OK);
        record_clear(&r);
    }
    if (ends)
        assert_int_equal(writer_close(w, NULL), DSSM_OK);
    else
        writer_abandon(w);
    fclose(f);
    return c;
}

/* Runs the plant on the controls; what it wrote is in *out (caller frees). */
static int live(const struct plant *p, const struct live *how, struct controls c, char **out, size_t *size, struct error *e)
{
    FILE *in = fmemopen(c.p, c.n, "r"), *to = open_memstream(out, size);
    int status = gen_live(p, how, "sim", "sim", in, "controls", to, e);
    fclose(in);
    fclose(to);
    free(c.p);
    return status;
}

static void it_says_what_a_sequence_holds(void **state)
{
    (void)state;
    struct plant p = {&plant_pendulum, &pendulum_standard};
    struct live how = {.protocol = {.seed = 3, .noise = 0.05}, .sequence = 4, .truth = true};
    struct record whole, r;
    struct error e = {0};
    float u[STEPS];
    double start[SIM_MOST];
    char *out;
    size_t size;
    record_init(&whole);
    record_init(&r);
    sim_start(&p, &how.protocol, 4, start);
    sim_controls(&p, &how.protocol, 4, STEPS, u);
    assert_int_equal(gen_simulate(&p, &how.protocol, 4, start, u, STEPS, &whole, NULL), DSSM_OK);
    assert_int_equal(live(&p, &how, controls_of(u, STEPS - 1, (double)u[2], 1, true), &out, &size, &e), DSSM_OK);
    FILE *f = fmemopen(out, size, "r");
    struct reader *reader = reader_open(f, "t", NULL, &e);
    assert_null(header_get_field(reader_header(reader), "u"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(reader_header(reader), "control"), "unit")), "N m");
    const struct array *x = record_get(&whole, "x"), *s = record_get(&whole, "s");
    for (size_t t = 0; t < STEPS; t++) {
        assert_int_equal(reader_next(reader, &r, &e), 1);
        assert_string_equal(r.id, "pendulum-3-000004");
        assert_int_equal(record_steps(&r), 1);
        assert_memory_equal(record_get(&r, "x")->data, (const char *)x->data + t * 256, 256);
        assert_memory_equal(record_get(&r, "s")->data, (const char *)s->data + t * 16, 16);
    }
    assert_int_equal(reader_next(reader, &r, &e), 0);
    reader_close(reader);
    fclose(f);
    record_clear(&whole);
    record_clear(&r);
    free(out);
}

/* What is beyond its strength acts as its strength; told or not, its state goes the same way; it may end by itself. */
static void a_motor_gives_no_more(void **state)
{
    (void)state;
    struct plant p = {&plant_pendulum, &seen_angle};
    static const float strong[] = {5, 5, 5, 5}, more[] = {50, 7, 5, 1e30f};
    char *out[3];
    size_t size[3];
    struct error e = {0};
    for (int k = 0; k < 3; k++) {
        struct live how = {.protocol = {.seed = 3}, .truth = false, .steps = k == 2 ? 3 : 0};
        assert_int_equal(live(&p, &how, controls_of(k ? more : strong, 4, 5, 1, true), &out[k], &size[k], &e), DSSM_OK);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(out[0], out[1], size[0]);
    assert_true(size[2] < size[1]);
    for (int k = 0; k < 3; k++)
        free(out[k]);
}

static void refused(double spoilt, size_t width, bool ends, int status, const char *text)
{
    struct plant p = {&plant_pendulum, &pendulum_standard};
    struct live how = {.protocol = {.seed = 3}, .truth = true};
    static const float u[4] = {1, 1, 1, 1};
    struct error e = {0};
    char *out;
    size_t size;
    assert_int_equal(live(&p, &how, controls_of(u, 4, spoilt, width, ends), &out, &size, &e), status);
    if (!strstr(e.text, text))
        fail_msg("%s", e.text);
    free(out);
}

static void what_it_cannot_take(void **state)
{
    (void)state;
    refused(1, 2, true, DSSM_BAD_INPUT, "controls: record 1: field u: expected shape [1,1]");
    refused(INFINITY, 1, true, DSSM_BAD_INPUT, "controls: record 3: field u: expected a finite number, got inf");
    refused(1, 1, false, DSSM_CUT_SHORT, "controls: ended after record 4, before its trailer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_a_sequence_holds),
        cmocka_unit_test(a_motor_gives_no_more),
        cmocka_unit_test(what_it_cannot_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
