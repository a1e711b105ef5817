/* The bound over a data set: each sequence's own, whatever the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stored.h"

enum { COUNT = 57 }; /* two chunks and a part */

static void equals_the_loss_of_each(void **state)
{
    (void)state;
    struct dataset d = fixture_dataset(COUNT, 3, 6, 4, 1);
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3);
    struct noise n = {5, 2, false};
    struct pool *pool = pool_new(2);
    double D[COUNT], R[COUNT], mean_D = 0, mean_R = 0;
    struct bound all = model_bound(m, d.record, d.n, &n, pool, D, R);
    for (int i = 0; i < COUNT; i++) {
        struct batch b;
        struct tape *t = tape_new();
        batch_fill(&b, d.record, &i, 1, 4, 1, 0, (int)record_steps(&d.record[i]));
        tape_begin(t, &m->params, NULL, 0);
        struct loss l = m->kind->loss(m, t, &b, &n);
        assert_true(fabs(D[i] - (double)l.distortion->v[0]) < 1e-4 * fmax(1, fabs(D[i])));
        assert_true(fabs(R[i] - (double)l.rate->v[0]) < 1e-4 * fmax(1, fabs(R[i])));
        mean_D += D[i] / COUNT;
        mean_R += R[i] / COUNT;
        tape_free(t);
        batch_free(&b);
    }
    assert_true(fabs(all.distortion - mean_D) < 1e-9 * fabs(mean_D) && fabs(all.rate - mean_R) < 1e-9 * fabs(mean_R));
    pool_free(pool);
    model_free(m);
    dataset_free(&d);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    struct dataset d = fixture_dataset(COUNT, 3, 6, 4, 1);
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3);
    struct bound first = {0, 0};
    for (int threads = 1; threads <= 4; threads++) {
        struct pool *pool = pool_new(threads);
        struct bound b = model_bound(m, d.record, d.n, &(struct noise){5, 2, false}, pool, NULL, NULL);
        if (threads == 1)
            first = b;
        assert_true(b.distortion == first.distortion && b.rate == first.rate);
        pool_free(pool);
    }
    struct pool *pool = pool_new(1);
    struct bound other = model_bound(m, d.record, d.n, &(struct noise){6, 2, false}, pool, NULL, NULL);
    assert_true(other.rate != first.rate);
    pool_free(pool);
    model_free(m);
    dataset_free(&d);
}

/* A data set in memory, one in its file, and the bare records: the same bits. */
static void same_bits_from_a_file(void **state)
{
    (void)state;
    struct stored s = stored_open(1);
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3);
    const struct noise n = {5, 2, false};
    for (int threads = 1; threads <= 3; threads++) {
        struct pool *pool = pool_new(threads);
        struct error e;
        struct bound bare = model_bound(m, s.memory.record, STORED, &n, pool, NULL, NULL), memory, file;
        assert_int_equal(dataset_bound(m, &s.memory, &n, pool, &memory, &e), DSSM_OK);
        assert_int_equal(dataset_bound(m, &s.file, &n, pool, &file, &e), DSSM_OK);
        assert_true(memory.distortion == bare.distortion && memory.rate == bare.rate);
        assert_true(file.distortion == bare.distortion && file.rate == bare.rate);
        pool_free(pool);
    }
    model_free(m);
    stored_close(&s);
}

/* Of several sequences that cannot be read the first is named, whoever comes to it first. */
static void the_first_failure_is_told(void **state)
{
    (void)state;
    struct stored s = stored_open(0);
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3);
    stored_change(&s, 30);
    stored_change(&s, 60);
    for (int threads = 1; threads <= 3; threads++) {
        struct pool *pool = pool_new(threads);
        struct error e;
        struct bound b;
        assert_int_equal(dataset_bound(m, &s.file, &(struct noise){5, 2, false}, pool, &b, &e), DSSM_BAD_INPUT);
        assert_non_null(strstr(e.text, ": record 31: field x: the file has changed"));
        pool_free(pool);
    }
    model_free(m);
    stored_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_the_loss_of_each), cmocka_unit_test(same_bits_for_any_threads),
                                       cmocka_unit_test(same_bits_from_a_file), cmocka_unit_test(the_first_failure_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
