/* What a filter carries: rows are put and got as they are, out of views too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static void begins_empty(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{\"latent\": 3}", 4, 2, 1);
    struct carry c = carry_new(m, 5);
    assert_int_equal(c.rows, 3 + 9 + 2);
    assert_int_equal(c.lanes, 5);
    assert_int_equal(c.steps, 0);
    for (int i = 0; i < c.rows * c.lanes; i++)
        assert_true(c.v[i] == 0);
    carry_free(&c);
    assert_null(c.v);
    model_free(m);
}

/* A value whose number at (row, lane) is 100·row + lane, as a view into a larger one if `view`. */
static var *numbered(struct tape *t, int rows, int lanes, bool view)
{
    int more = view ? 3 : 0;
    var *all = constant(t, rows + more, lanes + more);
    for (int i = 0; i < rows + more; i++)
        for (int l = 0; l < lanes + more; l++)
            all->v[i * all->ld + l] = (real)(100 * (i - more / 3) + l - more / 3);
    return view ? lanes_of(t, rows_of(t, all, 1, rows), 1, lanes) : all;
}

static void put_and_got(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{\"latent\": 3}", 4, 2, 1);
    struct carry c = carry_new(m, 5);
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    int row = carry_put(&c, 0, numbered(t, 3, 5, true));
    assert_int_equal(row, 3);
    assert_int_equal(carry_put(&c, row, NULL), 3);
    row = carry_put(&c, row, numbered(t, 9, 5, false));
    assert_int_equal(row, 12);
    var *first = carry_get(t, &c, 0, 3), *second = carry_get(t, &c, 3, 9), *last = carry_get(t, &c, 12, 2);
    assert_null(carry_get(t, &c, 12, 0));
    assert_int_equal(first->rows, 3);
    assert_int_equal(second->lanes, 5);
    for (int l = 0; l < 5; l++) {
        for (int i = 0; i < 9; i++) {
            if (i < 3)
                assert_true(first->v[i * first->ld + l] == (real)(100 * i + l));
            assert_true(second->v[i * second->ld + l] == (real)(100 * i + l));
        }
        assert_true(last->v[l] == 0 && last->v[last->ld + l] == 0); /* nobody put anything there */
    }
    assert_int_equal(c.steps, 0); /* whoever carries counts */
    tape_free(t);
    carry_free(&c);
    model_free(m);
}

/* The end of a pass: the controls of its last step, and its steps counted, once more with each pass. */
static void ended(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{\"latent\": 1, \"aux\": 1}", 2, 2, 1);
    struct carry c = carry_new(m, 3);
    struct record r[3];
    struct batch b;
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], i, 6, 2, 2);
    for (int from = 0; from < 4; from += 2) {
        batch_fill(&b, r, (const int[]){0, 1, 2}, 3, 2, 2, from, 2);
        carry_end(&c, 2, &b);
        assert_int_equal(c.steps, from + 2);
        for (int i = 0; i < 2; i++)
            for (int l = 0; l < 3; l++)
                assert_true(c.v[(2 + i) * 3 + l] == (real)array_get(record_get(&r[l], "u"), (size_t)(2 * (from + 1) + i)));
        batch_free(&b);
    }
    batch_fill(&b, r, (const int[]){0, 1, 2}, 3, 2, 0, 4, 2); /* without controls there is nothing but the steps */
    carry_end(&c, 4, &b);
    assert_int_equal(c.steps, 6);
    batch_free(&b);
    for (int i = 0; i < 3; i++)
        record_clear(&r[i]);
    carry_free(&c);
    model_free(m);
}

/* Whoever looks ahead has nothing to carry, and the error says what does; every kind has a version that carries. */
static void who_goes_on(void **state)
{
    (void)state;
    struct error e = {0};
    for (int i = 0; model_kinds[i]; i++) {
        struct model *m = fixture_model(model_kinds[i]->name, "{\"filter\": true}", 4, 2, 1);
        assert_int_equal(model_goes_on(m, &e), DSSM_OK);
        model_free(m);
    }
    struct model *m = fixture_model("dvbs", "{}", 4, 2, 1);
    assert_int_equal(model_goes_on(m, &e), DSSM_USAGE);
    assert_string_equal(e.text, "the model (dvbs) looks ahead and cannot go on record by record; train one with --filter for that");
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_empty),
        cmocka_unit_test(put_and_got),
        cmocka_unit_test(ended),
        cmocka_unit_test(who_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
