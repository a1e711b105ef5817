/* The online filter against the filter over whole sequences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/sequences.h"

/* Steps from.. of one array equal to another one's within single precision's noise? */
static bool piece_fits(const struct array *whole, size_t from, const struct array *piece)
{
    struct array cut = array_steps(whole, from, piece->shape[0]);
    bool fits = seq_difference(&cut, piece) < 1e-4;
    free(cut.data);
    return fits;
}

/* Cuts the sequences into pieces of some steps (the last one shorter) and filters them one after the other; a filter that forgets takes
 * every piece for a new sequence. Returns how many pieces do not fit the beliefs of the whole. */
static int misfits(int du, size_t size, bool forgets)
{
    enum { N = 6 };
    int wrong = 0;
    struct model *m = seq_model(du);
    struct pool *pool = pool_new(1);
    struct record *r = seq_records(N), piece;
    struct beliefs whole[N], z;
    const struct beliefs_settings n = {.draws = 2, .noise = {.seed = 4}, .decode = true};
    beliefs_infer(m, r, N, 0, INFER_FILTERED, &n, pool, whole);
    struct online *o = online_new(m, &n);
    for (int i = 0; i < N; i++)
        for (size_t from = 0, steps = record_steps(&r[i]); from < steps; from += size) {
            seq_cut(&piece, &r[i], from, steps - from < size ? steps - from : size);
            online_next(o, &piece, from > 0 && !forgets, &z);
            wrong += !piece_fits(&whole[i].mean, from, &z.mean) || !piece_fits(&whole[i].cov, from, &z.cov) ||
                     (!forgets && !piece_fits(&whole[i].sample, from, &z.sample)) || !piece_fits(&whole[i].x, from, &z.x);
            beliefs_free(&z);
            record_clear(&piece);
        }
    online_free(o);
    for (int i = 0; i < N; i++)
        beliefs_free(&whole[i]);
    seq_free(r, N);
    pool_free(pool);
    model_free(m);
    return wrong;
}

static void pieces_are_the_whole(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 9; size++)
        assert_int_equal(misfits(SEQ_DU, size, false), 0);
}

static void pieces_without_controls(void **state)
{
    (void)state;
    assert_int_equal(misfits(0, 1, false), 0);
    assert_int_equal(misfits(0, 3, false), 0);
}

/* The comparison can fail: a filter that forgets what it carries gives other beliefs. */
static void a_forgetful_filter_is_caught(void **state)
{
    (void)state;
    assert_true(misfits(SEQ_DU, 1, true) > 6);
}

/* A control that is told after its step acts as if the record had had it. */
static void a_late_control_acts(void **state)
{
    (void)state;
    struct model *m = seq_model(SEQ_DU);
    struct record *r = seq_records(1), piece;
    struct online *known = online_new(m, NULL), *told = online_new(m, NULL), *untold = online_new(m, NULL);
    size_t steps = record_steps(&r[0]);
    double most = 0;
    for (size_t t = 0; t < steps; t++) {
        struct beliefs a, b, c;
        real u[SEQ_DU];
        seq_cut(&piece, &r[0], t, 1);
        online_next(known, &piece, t > 0, &a);
        struct array *control = (struct array *)(uintptr_t)record_get(&piece, "u");
        for (size_t i = 0; i < SEQ_DU; i++) {
            u[i] = (real)array_get(control, i);
            array_set(control, i, 0);
        }
        online_next(told, &piece, t > 0, &b);
        online_next(untold, &piece, t > 0, &c);
        online_act(told, u);
        assert_memory_equal(a.mean.data, b.mean.data, array_bytes(&a.mean));
        assert_memory_equal(a.cov.data, b.cov.data, array_bytes(&a.cov));
        most = fmax(most, seq_difference(&a.mean, &c.mean));
        beliefs_free(&a);
        beliefs_free(&b);
        beliefs_free(&c);
        record_clear(&piece);
    }
    assert_true(most > 1e-3); /* it matters */
    online_free(known);
    online_free(told);
    online_free(untold);
    seq_free(r, 1);
    model_free(m);
}

static void nothing_to_free(void **state)
{
    (void)state;
    online_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_the_whole), cmocka_unit_test(pieces_without_controls), cmocka_unit_test(a_forgetful_filter_is_caught),
        cmocka_unit_test(a_late_control_acts),  cmocka_unit_test(nothing_to_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
