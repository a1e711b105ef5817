/* Predictions and generated sequences: where they start, what they look at, how long they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/sequences.h"

static struct model *model;
static struct pool *pool;
static const struct noise off = {.off = true};

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

static struct prediction predict(const struct record *r, struct predict_settings s, const struct noise *n)
{
    struct prediction p;
    predict_run(model, r, 1, 0, &s, n, pool, &p);
    return p;
}

/* Row t of an array [T, width], as numbers. */
static void row(const struct array *a, size_t t, double *out)
{
    for (size_t i = 0; i < array_step(a); i++)
        out[i] = array_get(a, t * array_step(a) + i);
}

static void assert_near(const double *a, const double *b, int n)
{
    for (int i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) < 1e-4))
            fail_msg("number %d: expected %.9g, got %.9g", i, b[i], a[i]);
}

/* One mean transition by the model itself. */
static void step(const double *z, const double *u, double *next)
{
    struct tape *t = tape_new();
    tape_begin(t, &model->params, NULL, 0);
    var *now = constant(t, SEQ_DZ, 1), *control = constant(t, SEQ_DU, 1), *memory;
    for (int i = 0; i < SEQ_DZ; i++)
        now->v[i * now->ld] = (real)z[i];
    for (int i = 0; i < SEQ_DU; i++)
        control->v[i * control->ld] = (real)u[i];
    struct gauss g = model->kind->step(model, t, (struct latent){now, NULL}, control, &memory);
    for (int i = 0; i < SEQ_DZ; i++)
        next[i] = (double)g.mean->v[i * g.mean->ld];
    tape_free(t);
}

/* Every state of a prediction follows from the one before, from step `from` on, with the controls of the record, then 0. */
static void check_path(const struct prediction *p, const struct record *r, size_t from)
{
    const struct array *u = record_get(r, "u");
    for (size_t t = from; t + 1 < p->z.shape[0]; t++) {
        double z[SEQ_DZ], control[SEQ_DU] = {0}, expected[SEQ_DZ], got[SEQ_DZ];
        row(&p->z, t, z);
        if (t < u->shape[0])
            row(u, t, control);
        for (int i = 0; i < SEQ_DU; i++)
            control[i] = isfinite(control[i]) ? control[i] : 0;
        step(z, control, expected);
        row(&p->z, t + 1, got);
        assert_near(got, expected, SEQ_DZ);
    }
}

/* The prediction's step t is the mean of the belief about it given the first k steps alone, and what that is decoded to. */
static void check_start(const struct prediction *p, const struct record *r, size_t k, enum inference how, size_t t)
{
    double expected[SEQ_DX], got[SEQ_DX];
    struct record first;
    struct beliefs z;
    seq_cut(&first, r, 0, k);
    beliefs_infer(model, &first, 1, 0, how, &(struct beliefs_settings){.decode = true}, pool, &z);
    row(&z.mean, t, expected);
    row(&p->z, t, got);
    assert_near(got, expected, SEQ_DZ);
    row(&z.x, t, expected);
    row(&p->x, t, got);
    assert_near(got, expected, SEQ_DX);
    beliefs_free(&z);
    record_clear(&first);
}

static void from_the_smoothed_first_state(void **state)
{
    (void)state;
    struct record r;
    seq_record(&r, 0, 12);
    struct prediction p = predict(&r, (struct predict_settings){.context = 5}, &off);
    assert_true(p.x.shape[0] == 12 && p.x.shape[1] == SEQ_DX && p.x.type == DT_F4);
    assert_true(p.z.shape[0] == 12 && p.z.shape[1] == SEQ_DZ);
    check_start(&p, &r, 5, INFER_SMOOTHED, 0);
    check_path(&p, &r, 0);
    prediction_free(&p);
    record_clear(&r);
}

static void from_the_filtered_last_state(void **state)
{
    (void)state;
    struct record r;
    seq_record(&r, 1, 12);
    struct prediction p = predict(&r, (struct predict_settings){.context = 5, .from_last = true}, &off);
    for (size_t i = 0; i < 4 * SEQ_DX; i++)
        assert_true(isnan(array_get(&p.x, i)));
    for (size_t i = 4 * SEQ_DX; i < 12 * SEQ_DX; i++)
        assert_true(isfinite(array_get(&p.x, i)));
    check_start(&p, &r, 5, INFER_FILTERED, 4);
    check_path(&p, &r, 4);
    prediction_free(&p);
    record_clear(&r);
}

/* Frames behind the context are not looked at; those in it are, and so are the controls. */
static void looks_at_the_context_alone(void **state)
{
    (void)state;
    struct record r;
    const struct predict_settings s = {.context = 5};
    seq_record(&r, 2, 10);
    struct array *x = (struct array *)(uintptr_t)record_get(&r, "x"), *u = (struct array *)(uintptr_t)record_get(&r, "u");
    struct prediction before = predict(&r, s, &off);
    array_set(x, 5 * SEQ_DX, 7);
    struct prediction later = predict(&r, s, &off);
    assert_true(seq_same(&before.x, &later.x));
    array_set(u, 7 * SEQ_DU, 7);
    struct prediction control = predict(&r, s, &off);
    assert_true(seq_difference(&before.x, &control.x) > 1e-4);
    array_set(x, 4 * SEQ_DX, 7);
    struct prediction seen = predict(&r, s, &off);
    assert_true(seq_difference(&control.x, &seen.x) > 1e-4);
    struct predict_settings blind = s;
    blind.no_controls = true;
    struct prediction unmoved = predict(&r, blind, &off);
    memset(u->data, 0, array_bytes(u));
    array_set(u, 0, 3); /* acts within the context, where inference hears of it */
    struct prediction first = predict(&r, blind, &off);
    assert_true(seq_difference(&unmoved.z, &seen.z) > 1e-4);
    assert_true(seq_difference(&unmoved.z, &first.z) > 1e-4);
    prediction_free(&before), prediction_free(&later), prediction_free(&control), prediction_free(&seen);
    prediction_free(&unmoved), prediction_free(&first);
    record_clear(&r);
}

/* Beyond the end the record's last control still acts, then 0; one that is not finite is 0. */
static void beyond_the_end(void **state)
{
    (void)state;
    struct record r;
    const struct predict_settings s = {.context = 3, .horizon = 4};
    seq_record(&r, 3, 6);
    struct prediction p = predict(&r, s, &off);
    assert_int_equal(p.x.shape[0], 10);
    check_path(&p, &r, 0);
    struct array *u = (struct array *)(uintptr_t)record_get(&r, "u");
    array_set(u, 5 * SEQ_DU, NAN);
    array_set(u, 5 * SEQ_DU + 1, INFINITY);
    struct prediction q = predict(&r, s, &off);
    check_path(&q, &r, 0);
    assert_true(seq_difference(&p.z, &q.z) > 1e-4);
    prediction_free(&p), prediction_free(&q);
    record_clear(&r);
}

/* A context that is longer than the sequence is all of it, also when its last state is rolled beyond the end, beside a longer sequence. */
static void long_contexts(void **state)
{
    (void)state;
    struct record r[2];
    seq_record(&r[0], 4, 4);
    seq_record(&r[1], 5, 9);
    struct prediction p = predict(r, (struct predict_settings){.context = 1000000}, &off);
    struct prediction q = predict(r, (struct predict_settings){.context = 4}, &off);
    assert_true(seq_same(&p.x, &q.x));
    struct prediction both[2];
    const struct predict_settings s = {.context = 1000000, .from_last = true, .horizon = 2};
    predict_run(model, r, 2, 0, &s, &off, pool, both);
    for (int i = 0; i < 2; i++) {
        size_t last = record_steps(&r[i]) - 1;
        assert_int_equal(both[i].x.shape[0], last + 3);
        assert_true(isnan(array_get(&both[i].x, last * SEQ_DX - 1)) && isfinite(array_get(&both[i].x, last * SEQ_DX)));
        check_start(&both[i], &r[i], last + 1, INFER_FILTERED, last);
        check_path(&both[i], &r[i], last);
        prediction_free(&both[i]);
        record_clear(&r[i]);
    }
    prediction_free(&p), prediction_free(&q);
}

static void samples(void **state)
{
    (void)state;
    struct record r;
    const struct noise one = {.seed = 1}, two = {.seed = 1, .update = 1};
    seq_record(&r, 5, 8);
    struct prediction mean = predict(&r, (struct predict_settings){.context = 5}, &one);
    struct prediction quiet = predict(&r, (struct predict_settings){.context = 5, .sample_start = true, .sample_steps = true}, &off);
    struct prediction start = predict(&r, (struct predict_settings){.context = 5, .sample_start = true}, &one);
    struct prediction again = predict(&r, (struct predict_settings){.context = 5, .sample_start = true}, &one);
    struct prediction other = predict(&r, (struct predict_settings){.context = 5, .sample_start = true}, &two);
    struct prediction steps = predict(&r, (struct predict_settings){.context = 5, .sample_steps = true}, &one);
    assert_true(seq_same(&mean.z, &quiet.z) && seq_same(&start.z, &again.z));
    assert_true(seq_difference(&start.z, &mean.z) > 1e-3 && seq_difference(&start.z, &other.z) > 1e-3);
    check_path(&start, &r, 0); /* transitions are means all the same */
    assert_true(seq_difference(&steps.z, &mean.z) > 1e-3);
    double a[SEQ_DZ], b[SEQ_DZ];
    row(&steps.z, 0, a);
    row(&mean.z, 0, b);
    assert_near(a, b, SEQ_DZ);
    prediction_free(&mean), prediction_free(&quiet), prediction_free(&start), prediction_free(&again);
    prediction_free(&other), prediction_free(&steps);
    record_clear(&r);
}

static void batch_is_its_sequences_for_any_threads(void **state)
{
    (void)state;
    enum { N = 55 };
    struct record *r = seq_records(N);
    struct prediction a[N], b[N], one;
    struct pool *single = pool_new(1);
    const struct predict_settings s = {.context = 4, .sample_start = true, .sample_steps = true, .horizon = 1};
    const struct noise n = {.seed = 6};
    predict_run(model, r, N, 3, &s, &n, pool, a);
    predict_run(model, r, N, 3, &s, &n, single, b);
    for (int i = 0; i < N; i++) {
        predict_run(model, &r[i], 1, 3 + (uint32_t)i, &s, &n, single, &one);
        assert_true(seq_same(&a[i].x, &b[i].x) && seq_same(&a[i].z, &b[i].z));
        assert_true(seq_difference(&a[i].z, &one.z) < 1e-3);
        prediction_free(&a[i]), prediction_free(&b[i]), prediction_free(&one);
    }
    pool_free(single);
    seq_free(r, N);
}

/* ---- generation ---- */

static void generated_without_controls(void **state)
{
    (void)state;
    enum { N = 30, T = 7 };
    struct prediction p[N], q[2];
    const struct noise n = {.seed = 9};
    struct record still;
    seq_record(&still, 0, T);
    memset(record_get(&still, "u")->data, 0, array_bytes(record_get(&still, "u")));
    generate_run(model, NULL, N, T, 0, false, &n, pool, p);
    generate_run(model, NULL, 2, T, 28, false, &n, pool, q);
    for (int i = 0; i < N; i++) {
        assert_true(p[i].x.shape[0] == T && p[i].z.shape[0] == T);
        check_path(&p[i], &still, 0);
        assert_true(i == 0 || seq_difference(&p[i].z, &p[i - 1].z) > 1e-3);
    }
    assert_true(seq_difference(&p[28].z, &q[0].z) < 1e-4 && seq_difference(&p[29].z, &q[1].z) < 1e-4);
    for (int i = 0; i < N; i++)
        prediction_free(&p[i]);
    prediction_free(&q[0]), prediction_free(&q[1]);
    record_clear(&still);
}

/* Controls tell the lengths, which may differ; the first state does not depend on them. */
static void generated_with_controls(void **state)
{
    (void)state;
    struct record r[2];
    struct prediction p[2], still[2], sampled[2];
    const struct noise n = {.seed = 9};
    seq_record(&r[0], 0, 4);
    seq_record(&r[1], 1, 9);
    const struct array u[2] = {*record_get(&r[0], "u"), *record_get(&r[1], "u")};
    generate_run(model, u, 2, 0, 0, false, &n, pool, p);
    generate_run(model, NULL, 2, 9, 0, false, &n, pool, still);
    generate_run(model, u, 2, 0, 0, true, &n, pool, sampled);
    for (int i = 0; i < 2; i++) {
        double a[SEQ_DZ], b[SEQ_DZ];
        assert_int_equal(p[i].x.shape[0], u[i].shape[0]);
        check_path(&p[i], &r[i], 0);
        row(&p[i].z, 0, a);
        row(&still[i].z, 0, b);
        assert_near(a, b, SEQ_DZ);
        assert_true(seq_difference(&p[i].z, &sampled[i].z) > 1e-3);
    }
    for (int i = 0; i < 2; i++) {
        prediction_free(&p[i]), prediction_free(&still[i]), prediction_free(&sampled[i]);
        record_clear(&r[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_the_smoothed_first_state),
        cmocka_unit_test(from_the_filtered_last_state),
        cmocka_unit_test(looks_at_the_context_alone),
        cmocka_unit_test(beyond_the_end),
        cmocka_unit_test(long_contexts),
        cmocka_unit_test(samples),
        cmocka_unit_test(batch_is_its_sequences_for_any_threads),
        cmocka_unit_test(generated_without_controls),
        cmocka_unit_test(generated_with_controls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
