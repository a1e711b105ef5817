/* Latent and true states of a stream, record by record. */
#include "judge/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* What a taker was given. */
struct taken {
    int begun, d, q;
    char name[64];
    size_t steps;
    double z[16], y[16];
};

static void begin(void *arg, int d, int q, const struct quantity *quantity)
{
    struct taken *t = arg;
    t->begun++;
    t->d = d;
    t->q = q;
    strcpy(t->name, quantity[0].name);
}

static void add(void *arg, size_t steps, const double *z, const double *y)
{
    struct taken *t = arg;
    memcpy(t->z + t->steps * (size_t)t->d, z, steps * (size_t)t->d * sizeof *z);
    memcpy(t->y + t->steps * (size_t)t->q, y, steps * (size_t)t->q * sizeof *y);
    t->steps += steps;
}

static const struct pair_fields fields = {"z", "s", false};

/* A record of z (steps×d: 1, 2, 3, …) and s (s_steps×1: 10, 20, …). */
static struct record record_of(const char *id, size_t steps, size_t d, size_t s_steps)
{
    struct record r;
    record_init(&r);
    record_set_id(&r, id);
    struct array z = array_new(DT_F8, 2, (size_t[]){steps, d}), s = array_new(DT_F8, 2, (size_t[]){s_steps, 1});
    for (size_t i = 0; i < steps * d; i++)
        ((double *)z.data)[i] = (double)i + 1;
    for (size_t i = 0; i < s_steps; i++)
        ((double *)s.data)[i] = 10 * ((double)i + 1);
    record_put(&r, "z", z);
    record_put(&r, "s", s);
    return r;
}

/* Writes the records, clears them, and gives what pairs_read says of the stream. */
static int read_back(struct record *records, int n, bool described, struct taken *taken, struct error *e)
{
    char path[] = "/tmp/dssm-pairs-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    json_t *header = header_new();
    if (described)
        header_field(header, "s", DT_F8, 1, &(size_t){1}, "true state", NULL, NULL, NULL);
    struct writer *w = writer_open(f, header, false, e);
    for (int i = 0; i < n; i++) {
        assert_int_equal(writer_put(w, &records[i], e), DSSM_OK);
        record_clear(&records[i]);
    }
    assert_int_equal(writer_close(w, e), DSSM_OK);
    fclose(f);
    json_decref(header);
    memset(taken, 0, sizeof *taken);
    int code = pairs_read(path, &fields, &(struct pair_taker){begin, add, taken}, e);
    unlink(path);
    return code;
}

static void all_records(void **state)
{
    (void)state;
    struct error e = {0};
    struct taken t;
    struct record r[] = {record_of("a", 2, 2, 2), record_of("b", 1, 2, 1)};
    assert_int_equal(read_back(r, 2, true, &t, &e), DSSM_OK);
    assert_true(t.begun == 1 && t.d == 2 && t.q == 1 && t.steps == 3);
    assert_string_equal(t.name, "s1");
    static const double z[] = {1, 2, 3, 4, 1, 2}, y[] = {10, 20, 10};
    assert_memory_equal(t.z, z, sizeof z);
    assert_memory_equal(t.y, y, sizeof y);
    assert_int_equal(read_back(NULL, 0, true, &t, &e), DSSM_OK);
    assert_int_equal(t.begun, 0);
}

static void refusals(void **state)
{
    (void)state;
    struct taken t;
    static const char *const words[] = {
        "record 2: field s: expected 2 steps of 1 numbers, got 1 of 1",
        "record 2: field z: expected 2 numbers a step, as before, got 3",
        "record 1: field z: expected 1 to 1000 numbers a step, got 1001",
        "header: field s: not described",
    };
    struct record r[][2] = {{record_of("a", 1, 2, 1), record_of("b", 2, 2, 1)},
                            {record_of("a", 1, 2, 1), record_of("b", 1, 3, 1)},
                            {record_of("a", 1, 1001, 1), record_of("b", 1, 1001, 1)},
                            {record_of("a", 1, 2, 1), record_of("b", 1, 2, 1)}};
    for (int i = 0; i < 4; i++) {
        struct error e = {0};
        assert_int_equal(read_back(r[i], 2, i < 3, &t, &e), DSSM_BAD_INPUT);
        assert_non_null(strstr(e.text, words[i]));
    }
    struct error e = {0};
    assert_int_equal(pairs_read("/tmp/dssm-no-such-file", &fields, &(struct pair_taker){begin, add, &t}, &e), DSSM_FAILURE);
}

static void widths(void **state)
{
    (void)state;
    struct error e = {0};
    const struct pair_fields cubic = {"z", "s", true};
    assert_int_equal(pairs_width(&cubic, 0, 30, &e), DSSM_OK);
    assert_int_equal(pairs_width(&cubic, 0, 31, &e), DSSM_BAD_INPUT);
    assert_int_equal(pairs_width(&fields, 0, 31, &e), DSSM_OK);
    assert_int_equal(pairs_width(&fields, 3, 4, &e), DSSM_BAD_INPUT);
    assert_int_equal(pairs_width(&fields, 4, 4, &e), DSSM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_records), cmocka_unit_test(refusals), cmocka_unit_test(widths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
