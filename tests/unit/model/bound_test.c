/* The bound over a data set: each sequence's own, whatever the threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_the_loss_of_each), cmocka_unit_test(same_bits_for_any_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
