/* Steps to sequences: one behind the other, masks filled in, pieces where a record would be too large. */
#include "small.h"

struct sheet {
    char *p;
    size_t n;
    FILE *f;
    json_t *header;
    struct writer *w;
};

static struct sheet *sheet_open(size_t width)
{
    static struct sheet s;
    s = (struct sheet){.header = header_new()};
    header_field(s.header, "x", DT_F4, 1, &width, NULL, NULL, NULL, NULL);
    header_field(s.header, "n", DT_I4, 0, NULL, NULL, NULL, NULL, NULL);
    s.f = open_memstream(&s.p, &s.n);
    s.w = writer_open(s.f, s.header, false, NULL);
    return &s;
}

static void step_of_width(struct record *r, int number, size_t width, int mask)
{
    record_init(r);
    record_set_id(r, "whatever");
    struct array x = array_new(DT_F4, 2, (const size_t[]){1, width}), n = array_new(DT_I4, 1, &(size_t){1});
    for (size_t i = 0; i < width; i++)
        array_set(&x, i, number);
    array_set(&n, 0, number);
    record_put(r, "n", n);
    record_put(r, "x", x);
    record_put(r, "other", array_new(DT_U1, 1, &(size_t){9})); /* not described: not kept */
    if (mask < 0)
        return;
    struct array m = array_new(DT_U1, 1, &(size_t){1});
    array_set(&m, 0, mask);
    record_put(r, "mask", m);
}

/* What was written, record by record. */
static int read_back(struct sheet *s, struct record *out, int most)
{
    struct error e;
    struct reader *r;
    int n = 0;
    assert_int_equal(writer_close(s->w, &e), DSSM_OK);
    fclose(s->f);
    FILE *f = fmemopen(s->p, s->n, "r");
    r = reader_open(f, "t", NULL, &e);
    for (; n < most; n++) {
        record_init(&out[n]);
        int got = reader_next(r, &out[n], &e);
        if (got < 0)
            fail_msg("%s", e.text);
        if (got == 0)
            break;
    }
    reader_close(r);
    fclose(f);
    json_decref(s->header);
    free(s->p);
    return n;
}

static void joined_in_order(void **state)
{
    (void)state;
    struct sheet *s = sheet_open(3);
    struct episode sequence = episode_new("e", s->header, s->w);
    struct record step, back[4];
    struct error e;
    assert_int_equal(episode_write(&sequence, &e), DSSM_OK); /* nothing yet */
    for (int i = 0; i < 100; i++) {
        step_of_width(&step, i, 3, i == 7 ? 0 : i == 9 ? 1 : -1);
        assert_int_equal(episode_add(&sequence, &step, &e), DSSM_OK);
        assert_int_equal(step.n, 0);
    }
    assert_int_equal(episode_write(&sequence, &e), DSSM_OK);
    assert_true(sequence.written == 100);
    episode_free(&sequence);
    assert_int_equal(read_back(s, back, 4), 1);
    assert_string_equal(back[0].id, "e");
    assert_int_equal(record_steps(&back[0]), 100);
    assert_null(record_get(&back[0], "other"));
    for (size_t i = 0; i < 100; i++) {
        assert_true(array_get(record_get(&back[0], "n"), i) == (double)i && array_get(record_get(&back[0], "x"), 3 * i + 2) == (double)i);
        assert_true(array_get(record_get(&back[0], "mask"), i) == (i != 7));
    }
    record_clear(&back[0]);
}

static void large_ones_in_pieces(void **state)
{
    (void)state;
    enum { WIDTH = 1 << 20 };
    struct sheet *s = sheet_open(WIDTH); /* 4 MiB a step */
    struct episode sequence = episode_new("e", s->header, s->w);
    struct record step, back[8];
    struct error e;
    size_t steps = 0;
    for (int i = 0; i < 10; i++) {
        step_of_width(&step, i, WIDTH, -1);
        assert_int_equal(episode_add(&sequence, &step, &e), DSSM_OK);
    }
    assert_int_equal(episode_write(&sequence, &e), DSSM_OK);
    episode_free(&sequence);
    int n = read_back(s, back, 8);
    assert_true(n >= 3 && n <= 5);
    for (int i = 0; i < n; i++) {
        assert_string_equal(back[i].id, "e"); /* pieces of one sequence */
        assert_true(array_get(record_get(&back[i], "n"), 0) == (double)steps);
        assert_null(record_get(&back[i], "mask"));
        steps += record_steps(&back[i]);
        record_clear(&back[i]);
    }
    assert_int_equal(steps, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(joined_in_order), cmocka_unit_test(large_ones_in_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
