/* Beliefs over whole sequences: facts that hold whatever the parameters are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/sequences.h"

static struct model *model;
static struct pool *pool;

static int set_up(void **state)
{
    (void)state;
    model = seq_model(SEQ_DU);
    pool = pool_new(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pool_free(pool);
    model_free(model);
    return 0;
}

static void infer(const struct record *r, int n, enum inference how, struct beliefs *out)
{
    beliefs_infer(model, r, n, 0, how, NULL, pool, out);
}

static void free_all(struct beliefs *z, int n)
{
    for (int i = 0; i < n; i++)
        beliefs_free(&z[i]);
}

static void shapes(void **state)
{
    (void)state;
    struct record r;
    struct beliefs z;
    seq_record(&r, 0, 6);
    beliefs_infer(model, &r, 1, 0, INFER_SMOOTHED, &(struct beliefs_settings){.draws = 4, .noise = {.seed = 1}}, pool, &z);
    assert_true(z.mean.type == DT_F4 && z.mean.dims == 2 && z.mean.shape[0] == 6 && z.mean.shape[1] == SEQ_DZ);
    assert_true(z.cov.dims == 3 && z.cov.shape[0] == 6 && z.cov.shape[1] == SEQ_DZ && z.cov.shape[2] == SEQ_DZ);
    assert_true(z.sample.dims == 3 && z.sample.shape[0] == 6 && z.sample.shape[1] == 4 && z.sample.shape[2] == SEQ_DZ);
    for (size_t t = 0; t < 6; t++)
        for (size_t i = 0; i < SEQ_DZ; i++)
            assert_true(array_get(&z.cov, (t * SEQ_DZ + i) * SEQ_DZ + i) > 0);
    beliefs_free(&z);
    assert_null(z.sample.data);
    infer(&r, 1, INFER_SMOOTHED, &z);
    assert_null(z.sample.data);
    beliefs_free(&z);
    record_clear(&r);
}

/* The last smoothed belief is the last filtered one; the first is not the first. */
static void last_smoothed_is_last_filtered(void **state)
{
    (void)state;
    struct record r;
    struct beliefs f, s;
    seq_record(&r, 1, 8);
    infer(&r, 1, INFER_FILTERED, &f);
    infer(&r, 1, INFER_SMOOTHED, &s);
    for (size_t i = 0; i < SEQ_DZ; i++)
        assert_true(array_get(&f.mean, 7 * SEQ_DZ + i) == array_get(&s.mean, 7 * SEQ_DZ + i));
    for (size_t i = 0; i < SEQ_DZ * SEQ_DZ; i++)
        assert_true(array_get(&f.cov, 7 * SEQ_DZ * SEQ_DZ + i) == array_get(&s.cov, 7 * SEQ_DZ * SEQ_DZ + i));
    struct array first_f = array_steps(&f.mean, 0, 1), first_s = array_steps(&s.mean, 0, 1);
    assert_true(seq_difference(&first_f, &first_s) > 1e-3);
    free(first_f.data);
    free(first_s.data);
    beliefs_free(&f);
    beliefs_free(&s);
    record_clear(&r);
}

/* Neighbours in the batch, their lengths and their gaps, change nothing. */
static void batch_is_its_sequences(void **state)
{
    (void)state;
    enum { N = 31 };
    struct record *r = seq_records(N);
    struct beliefs all[N], one;
    for (int how = INFER_SMOOTHED; how <= INFER_FILTERED; how++) {
        infer(r, N, (enum inference)how, all);
        for (int i = 0; i < N; i++) {
            infer(&r[i], 1, (enum inference)how, &one);
            assert_true(seq_difference(&one.mean, &all[i].mean) < 2e-5);
            assert_true(seq_difference(&one.cov, &all[i].cov) < 2e-5);
            beliefs_free(&one);
        }
        infer(&r[1], 1, (enum inference)how, &one); /* this comparison can fail */
        assert_true(seq_difference(&one.mean, &all[2].mean) > 1e-2);
        beliefs_free(&one);
        free_all(all, N);
    }
    seq_free(r, N);
}

/* A transition that grows without bound in the steps behind a sequence's end must not reach back into it. */
static void the_end_of_a_sequence_is_quiet(void **state)
{
    (void)state;
    struct model *wild = seq_model(SEQ_DU);
    int index = seq_param(wild, "transition.F_minus_I"), bases = wild->params.entry[index].cols;
    for (int i = 0; i < SEQ_DZ; i++) /* the parameter is what F is more than the identity */
        for (int k = 0; k < bases; k++)
            params_value(&wild->params, index)[(i * SEQ_DZ + i) * bases + k] += (real)0.3;
    struct record r[2];
    struct beliefs both[2], one;
    seq_record(&r[0], 0, 6);
    seq_record(&r[1], 1, 600);
    for (int how = INFER_SMOOTHED; how <= INFER_FILTERED; how++) {
        beliefs_infer(wild, r, 2, 0, (enum inference)how, NULL, pool, both);
        beliefs_infer(wild, r, 1, 0, (enum inference)how, NULL, pool, &one);
        assert_true(seq_difference(&both[0].mean, &one.mean) < 1e-4 && seq_difference(&both[0].cov, &one.cov) < 1e-4);
        free_all(both, 2);
        beliefs_free(&one);
    }
    double distortion[2], rate[2], alone;
    const struct noise off = {.off = true};
    model_bound(wild, r, 2, &off, pool, distortion, rate);
    alone = model_bound(wild, r, 1, &off, pool, NULL, NULL).rate;
    assert_true(fabs(rate[0] - alone) < 1e-3 * fabs(alone));
    record_clear(&r[0]);
    record_clear(&r[1]);
    model_free(wild);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    enum { N = 60 };
    struct record *r = seq_records(N);
    struct beliefs a[N], b[N];
    struct pool *one = pool_new(1);
    const struct beliefs_settings n = {.draws = 2, .noise = {.seed = 8}};
    beliefs_infer(model, r, N, 0, INFER_SMOOTHED, &n, pool, a);
    beliefs_infer(model, r, N, 0, INFER_SMOOTHED, &n, one, b);
    for (int i = 0; i < N; i++)
        assert_true(seq_same(&a[i].mean, &b[i].mean) && seq_same(&a[i].cov, &b[i].cov) && seq_same(&a[i].sample, &b[i].sample));
    pool_free(one);
    free_all(a, N);
    free_all(b, N);
    seq_free(r, N);
}

static void mask_of_ones_is_no_mask(void **state)
{
    (void)state;
    struct record r;
    struct beliefs with, without, gap;
    seq_record(&r, 2, 5);
    infer(&r, 1, INFER_SMOOTHED, &without);
    struct array mask = array_new(DT_B1, 1, (const size_t[]){5});
    memset(mask.data, 1, 5);
    record_put(&r, "mask", mask);
    infer(&r, 1, INFER_SMOOTHED, &with);
    ((uint8_t *)mask.data)[2] = 0;
    infer(&r, 1, INFER_SMOOTHED, &gap);
    assert_true(seq_same(&with.mean, &without.mean) && seq_same(&with.cov, &without.cov));
    assert_true(seq_difference(&gap.mean, &without.mean) > 1e-3);
    beliefs_free(&with);
    beliefs_free(&without);
    beliefs_free(&gap);
    record_clear(&r);
}

/* Without a frame there is nothing to smooth: the belief is that before the first frame, carried on by the transition. */
static void sequence_of_missing_frames(void **state)
{
    (void)state;
    struct record r;
    struct beliefs f, s;
    seq_record(&r, 3, 6);
    struct array *x = (struct array *)(uintptr_t)record_get(&r, "x");
    for (size_t t = 0; t < 6; t++)
        array_set(x, t * SEQ_DX + 1, NAN);
    infer(&r, 1, INFER_FILTERED, &f);
    infer(&r, 1, INFER_SMOOTHED, &s);
    assert_true(seq_difference(&f.mean, &s.mean) < 1e-4);
    assert_true(seq_difference(&f.cov, &s.cov) < 1e-4);
    const real *mean = params_value(&model->params, seq_param(model, "first.mean"));
    for (size_t i = 0; i < SEQ_DZ; i++)
        assert_true(fabs(array_get(&f.mean, i) - (double)mean[i]) < 1e-6);
    double before = 0, after = 0;
    for (size_t i = 0; i < SEQ_DZ; i++) {
        before += array_get(&f.cov, i * SEQ_DZ + i);
        after += array_get(&f.cov, (5 * SEQ_DZ + i) * SEQ_DZ + i);
    }
    assert_true(isfinite(after) && fabs(after - before) > 1e-3);
    beliefs_free(&f);
    beliefs_free(&s);
    record_clear(&r);
}

/* Draws have the belief's mean and covariance, within six standard errors. */
static void draws_fit_the_belief(void **state)
{
    (void)state;
    enum { N = 4000, STEP = 2 };
    struct record r;
    struct beliefs z;
    seq_record(&r, 4, 4);
    beliefs_infer(model, &r, 1, 17, INFER_SMOOTHED, &(struct beliefs_settings){.draws = N, .noise = {.seed = 2}}, pool, &z);
    const float *draw = (const float *)z.sample.data + STEP * N * SEQ_DZ, *mean = (const float *)z.mean.data + STEP * SEQ_DZ;
    const float *cov = (const float *)z.cov.data + STEP * SEQ_DZ * SEQ_DZ;
    for (int i = 0; i < SEQ_DZ; i++)
        for (int j = 0; j < SEQ_DZ; j++) {
            double sum = 0, product = 0, vi = (double)cov[i * SEQ_DZ + i], vj = (double)cov[j * SEQ_DZ + j],
                   c = (double)cov[i * SEQ_DZ + j];
            for (int k = 0; k < N; k++) {
                sum += (double)(draw[k * SEQ_DZ + i] - mean[i]) / N;
                product += (double)(draw[k * SEQ_DZ + i] - mean[i]) * (double)(draw[k * SEQ_DZ + j] - mean[j]) / N;
            }
            assert_true(fabs(sum) < 6 * sqrt(vi / N));
            assert_true(fabs(product - c) < 6 * sqrt((vi * vj + c * c) / N));
        }
    beliefs_free(&z);
    record_clear(&r);
}

/* A sequence's draws depend on its number, wherever it stands. */
static void draws_depend_on_the_number(void **state)
{
    (void)state;
    struct record *r = seq_records(3);
    struct beliefs all[3], one, other;
    const struct beliefs_settings n = {.draws = 2, .noise = {.seed = 2}};
    beliefs_infer(model, r, 3, 10, INFER_FILTERED, &n, pool, all);
    beliefs_infer(model, &r[2], 1, 12, INFER_FILTERED, &n, pool, &one);
    beliefs_infer(model, &r[2], 1, 13, INFER_FILTERED, &n, pool, &other);
    assert_true(seq_difference(&all[2].sample, &one.sample) < 2e-4);
    assert_true(seq_difference(&all[2].sample, &other.sample) > 1e-2);
    free_all(all, 3);
    beliefs_free(&one);
    beliefs_free(&other);
    seq_free(r, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(last_smoothed_is_last_filtered),
        cmocka_unit_test(batch_is_its_sequences),
        cmocka_unit_test(the_end_of_a_sequence_is_quiet),
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(mask_of_ones_is_no_mask),
        cmocka_unit_test(sequence_of_missing_frames),
        cmocka_unit_test(draws_fit_the_belief),
        cmocka_unit_test(draws_depend_on_the_number),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
