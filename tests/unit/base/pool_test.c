/* The thread pool: every job once, whatever the number of threads, round after round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

enum { MOST_JOBS = 257 };

struct count {
    atomic_int runs[MOST_JOBS];
    atomic_int workers_out_of_range;
    int threads;
};

static void count_job(void *arg, int index, int worker)
{
    struct count *c = arg;
    atomic_fetch_add(&c->runs[index], 1);
    if (worker < 0 || worker >= c->threads)
        atomic_fetch_add(&c->workers_out_of_range, 1);
}

static void every_job_runs_once(void **state)
{
    (void)state;
    static const int jobs[] = {0, 1, 2, 7, 64, MOST_JOBS};
    for (int threads = 1; threads <= 8; threads++) {
        struct pool *p = pool_new(threads);
        assert_int_equal(pool_threads(p), threads);
        for (int round = 0; round < 60; round++) {
            struct count c = {.threads = threads};
            int n = jobs[round % 6];
            pool_run(p, n, count_job, &c);
            for (int i = 0; i < MOST_JOBS; i++)
                assert_int_equal(c.runs[i], i < n);
            assert_int_equal(c.workers_out_of_range, 0);
        }
        pool_free(p);
    }
    pool_free(NULL);
}

/* What jobs write is seen by the caller afterwards, and by the jobs of the next round. */
static void next_job(void *arg, int index, int worker)
{
    (void)worker;
    int *values = arg;
    values[index] = 3 * values[index] + 1;
}

static void results_are_seen_after_a_round(void **state)
{
    (void)state;
    struct pool *p = pool_new(3);
    int values[50] = {0}, expected = 0;
    for (int round = 0; round < 18; round++) {
        pool_run(p, 50, next_job, values);
        expected = 3 * expected + 1;
        for (int i = 0; i < 50; i++)
            assert_int_equal(values[i], expected);
    }
    pool_free(p);
}

static void no_count_is_one_for_each_processor(void **state)
{
    (void)state;
    struct pool *p = pool_new(0);
    struct count c = {.threads = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    assert_int_equal(pool_threads(p), c.threads);
    pool_run(p, 5, count_job, &c);
    assert_int_equal(c.runs[4], 1);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(results_are_seen_after_a_round),
        cmocka_unit_test(no_count_is_one_for_each_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
