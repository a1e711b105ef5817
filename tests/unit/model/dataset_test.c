/* Data sets: what is read, what the hash covers, and the text for everything that training cannot use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "fixture.h"

#include <sys/stat.h>
#include <unistd.h>

/* A stream of these records in train.msgpack. A header that declares no fields checks nothing. */
static void write_stream(struct record *records, int n)
{
    FILE *f = fopen("train.msgpack", "w");
    assert_non_null(f);
    struct error e;
    json_t *header = header_new();
    struct writer *w = writer_open(f, header, false, &e);
    assert_non_null(w);
    for (int i = 0; i < n; i++) {
        assert_int_equal(writer_put(w, &records[i], &e), DSSM_OK);
        record_clear(&records[i]);
    }
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    json_decref(header);
    fclose(f);
}

static int read_records(struct record *records, int n, struct dataset *d, struct error *e)
{
    write_stream(records, n);
    return dataset_open(d, "train.msgpack", DATA_MEMORY, e);
}

static void sequences_are_read(void **state)
{
    (void)state;
    struct record r[3];
    struct dataset d;
    struct error e;
    static const int lengths[] = {4, 7, 5};
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], i, lengths[i], 2, 1);
    assert_int_equal(read_records(r, 3, &d, &e), DSSM_OK);
    assert_int_equal(d.n, 3);
    assert_int_equal(d.dx, 2);
    assert_int_equal(d.du, 1);
    assert_int_equal(d.longest, 7);
    assert_non_null(d.header);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(record_steps(&d.record[i]), lengths[i]);
        assert_true(array_get(record_get(&d.record[i], "x"), 3) == 0.5 * fixture_draw(i, 1, 3));
    }
    dataset_free(&d);
    assert_null(d.record);
}

static void controls_may_be_absent(void **state)
{
    (void)state;
    struct record r[2];
    struct dataset d;
    struct error e;
    for (int i = 0; i < 2; i++)
        fixture_record(&r[i], i, 3, 2, 0);
    assert_int_equal(read_records(r, 2, &d, &e), DSSM_OK);
    assert_int_equal(d.du, 0);
    dataset_free(&d);
}

/* ---- the hash: any number, length, mask, id or order that differs shows ---- */

enum change { NOTHING, ONE_X, ONE_U, ID, LENGTH, ORDER, MASK, CHANGES };

static uint32_t hash_with(enum change change)
{
    struct record r[2];
    struct dataset d;
    struct error e;
    for (int i = 0; i < 2; i++)
        fixture_record(&r[i], change == ORDER ? 1 - i : i, change == LENGTH ? 5 : 4, 2, 1);
    if (change == ONE_X)
        ((double *)record_get(&r[1], "x")->data)[7] += 1e-9;
    if (change == ONE_U)
        ((double *)record_get(&r[1], "u")->data)[0] += 1e-9;
    if (change == ID)
        record_set_id(&r[0], "other");
    if (change == MASK)
        fixture_mask(&r[1], "1101");
    assert_int_equal(read_records(r, 2, &d, &e), DSSM_OK);
    uint32_t hash = d.hash;
    dataset_free(&d);
    return hash;
}

static void hash_covers_the_data(void **state)
{
    (void)state;
    assert_int_equal(hash_with(NOTHING), hash_with(NOTHING));
    for (enum change c = ONE_X; c < CHANGES; c++)
        if (hash_with(c) == hash_with(NOTHING))
            fail_msg("change %d leaves the hash", c);
}

/* ---- what is refused ---- */

static void no_x(struct record *r)
{
    record_remove(r, "x");
}
static void no_u(struct record *r)
{
    record_remove(r, "u");
}
static void wide_x(struct record *r)
{
    record_put(r, "x", fixture_array(0, 1, 4, 3, 1));
}
static void wide_u(struct record *r)
{
    record_put(r, "u", fixture_array(0, 1, 4, 2, 1));
}
static void short_u(struct record *r)
{
    record_put(r, "u", fixture_array(0, 1, 3, 1, 1));
}
static void nan_u(struct record *r)
{
    ((double *)record_get(r, "u")->data)[2] = NAN;
}
static void no_steps(struct record *r)
{
    record_put(r, "x", array_new(DT_F8, 2, (const size_t[]){0, 2}));
}
static void no_numbers(struct record *r)
{
    record_put(r, "x", array_new(DT_F8, 2, (const size_t[]){4, 0}));
}
static void scalar_x(struct record *r)
{
    record_put(r, "x", array_new(DT_F8, 0, NULL));
}
static void short_mask(struct record *r)
{
    record_put(r, "mask", array_new(DT_U1, 1, (const size_t[]){3}));
}

static const struct refusal {
    void (*spoil)(struct record *r);
    const char *text;
} refusals[] = {
    {no_x, "train.msgpack: record 2: field x: expected an array, got nothing"},
    {no_u, "train.msgpack: record 2: field u: expected an array, got nothing"},
    {wide_x, "train.msgpack: record 2: field x: expected 2 numbers a step, got 3"},
    {wide_u, "train.msgpack: record 2: field u: expected 1 numbers a step, got 2"},
    {short_u, "train.msgpack: record 2: field u: expected 4 steps as in x, got 3"},
    {nan_u, "train.msgpack: record 2: field u: step 3: expected a finite number"},
    {no_steps, "train.msgpack: record 2: field x: expected at least one step"},
    {no_numbers, "train.msgpack: record 2: field x: expected 1 to 16777216 numbers a step, got 0"},
    {scalar_x, "train.msgpack: record 2: field x: expected at least one step"},
    {short_mask, "train.msgpack: record 2: field mask: expected 4 steps as in x"},
};

static void unusable_records_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct record r[2];
        struct dataset d;
        struct error e = {0};
        for (int j = 0; j < 2; j++)
            fixture_record(&r[j], j, 4, 2, 1);
        refusals[i].spoil(&r[1]);
        assert_int_equal(read_records(r, 2, &d, &e), DSSM_BAD_INPUT);
        assert_int_equal(e.code, DSSM_BAD_INPUT);
        assert_string_equal(e.text, refusals[i].text);
        assert_int_equal(d.n, 0);
    }
}

static void nothing_to_learn_from(void **state)
{
    (void)state;
    struct dataset d;
    struct error e;
    assert_int_equal(read_records(NULL, 0, &d, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "train.msgpack: expected at least one sequence, got none");
}

static void a_cut_stream_says_so(void **state)
{
    (void)state;
    struct record r[2];
    struct dataset d;
    struct error e;
    struct stat about;
    for (int i = 0; i < 2; i++)
        fixture_record(&r[i], i, 4, 2, 1);
    write_stream(r, 2);
    assert_int_equal(stat("train.msgpack", &about), 0);
    assert_int_equal(truncate("train.msgpack", about.st_size - 10), 0);
    assert_int_equal(dataset_open(&d, "train.msgpack", DATA_MEMORY, &e), DSSM_CUT_SHORT);
    assert_int_equal(e.code, DSSM_CUT_SHORT);
    assert_non_null(strstr(e.text, "train.msgpack"));
}

/* A folder of our own to write in, and its end. */
static char folder[] = "/tmp/dssm-dataset-XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave(void **state)
{
    (void)state;
    return unlink("train.msgpack") || chdir("/") || rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_read),           cmocka_unit_test(controls_may_be_absent), cmocka_unit_test(hash_covers_the_data),
        cmocka_unit_test(unusable_records_are_refused), cmocka_unit_test(nothing_to_learn_from),  cmocka_unit_test(a_cut_stream_says_so),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
