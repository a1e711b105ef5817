/* A model judged: against the parts that it is put together from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/judge.h"
#include "model/sequences.h"

enum { N = 32 };
static struct model *model;
static struct pool *pool;
static struct dataset data;

static int set_up(void **state)
{
    (void)state;
    model = seq_model(SEQ_DU);
    pool = pool_new(2);
    data = (struct dataset){.n = N, .dx = SEQ_DX, .du = SEQ_DU, .header = header_new(), .record = seq_records(N)};
    for (int i = 0; i < N; i++)
        data.observed += (double)record_seen(&data.record[i]);
    header_field(data.header, "s", DT_F4, 1, (const size_t[]){2}, NULL, NULL, "circle,line", "angle,velocity");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dataset_free(&data);
    pool_free(pool);
    model_free(model);
    return 0;
}

static json_t *evaluate(struct evaluation_settings s, struct pool *with)
{
    struct error e;
    json_t *out = evaluate_model(model, &data, &s, with, &e);
    if (!out)
        fail_msg("%s", e.text);
    return out;
}

static double get(const json_t *out, const char *key)
{
    const json_t *value = json_object_get(out, key);
    if (!json_is_number(value))
        fail_msg("%s: expected a number", key);
    return json_number_value(value);
}

static void near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-6 * (1 + fabs(expected))))
        fail_msg("expected %.12g, got %.12g", expected, got);
}

static void the_bound(void **state)
{
    (void)state;
    struct bound one = model_bound(model, data.record, N, &(struct noise){.seed = 3}, pool, NULL, NULL);
    struct bound two = model_bound(model, data.record, N, &(struct noise){.seed = 3, .update = 1}, pool, NULL, NULL);
    json_t *single = evaluate((struct evaluation_settings){5, 1, false, false, 3}, pool);
    json_t *both = evaluate((struct evaluation_settings){5, 2, false, false, 3}, pool);
    near(get(single, "distortion"), one.distortion);
    near(get(single, "rate"), one.rate);
    near(get(single, "elbo"), -one.distortion - one.rate);
    near(get(both, "distortion"), (one.distortion + two.distortion) / 2);
    near(get(both, "rate"), (one.rate + two.rate) / 2);
    assert_true(fabs(one.rate - two.rate) > 1e-4);
    double seen = 0, steps = 0;
    for (int i = 0; i < N; i++) {
        seen += (double)record_seen(&data.record[i]);
        steps += (double)record_steps(&data.record[i]);
    }
    near(get(single, "distortion") - get(single, "distortion_excess"), seen / N * SEQ_DX * 0.5 * log(2 * M_PI * 0.1));
    near(get(single, "observed"), seen);
    near(get(single, "steps"), steps);
    near(get(single, "sequences"), N);
    assert_true(seen < steps);
    json_decref(single);
    json_decref(both);
}

/* R² of angle and velocity given the means of beliefs of one kind. */
static json_t *scores(enum inference how)
{
    const struct quantity q[2] = {{"angle", true}, {"velocity", false}};
    struct r2 *r2 = r2_new(SEQ_DZ, 2, q, true);
    json_t *out = json_object();
    struct error e;
    struct beliefs z;
    for (int i = 0; i < N; i++) {
        double values[9 * (SEQ_DZ + 2)];
        beliefs_infer(model, &data.record[i], 1, 0, how, NULL, pool, &z);
        judge_values(&z.mean, values);
        judge_values(record_get(&data.record[i], "s"), values + array_count(&z.mean));
        r2_add(r2, z.mean.shape[0], values, values + array_count(&z.mean));
        beliefs_free(&z);
    }
    assert_int_equal(r2_json(r2, out, &e), DSSM_OK);
    r2_free(r2);
    return out;
}

static void true_states(void **state)
{
    (void)state;
    json_t *out[2] = {evaluate((struct evaluation_settings){5, 1, false, false, 3}, pool),
                      evaluate((struct evaluation_settings){5, 1, true, false, 3}, pool)};
    for (int how = INFER_SMOOTHED; how <= INFER_FILTERED; how++) {
        json_t *expected = scores((enum inference)how), *value;
        const char *key;
        assert_int_equal(json_object_size(expected), 10);
        json_object_foreach(expected, key, value)
            if (!(fabs(get(out[how], key) - json_real_value(value)) < 1e-4))
                fail_msg("%s: expected %g, got %g", key, json_real_value(value), get(out[how], key));
        json_decref(expected);
    }
    assert_true(fabs(get(out[0], "r2_angle") - get(out[1], "r2_angle")) > 1e-3);
    json_decref(out[0]);
    json_decref(out[1]);
}

static void no_true_states_no_keys(void **state)
{
    (void)state;
    const char *key;
    json_t *value, *field = json_deep_copy(header_get_field(data.header, "s"));
    header_remove_field(data.header, "s");
    json_t *out = evaluate((struct evaluation_settings){5, 1, false, false, 3}, pool);
    json_object_foreach(out, key, value)
        assert_true(strncmp(key, "r2_", 3) != 0);
    assert_true(get(out, "mse_smoothed") > 0);
    json_object_set_new(json_object_get(data.header, "fields"), "s", field);
    json_decref(out);
}

/* Mean squared error by plain loops over steps first..last-1. */
static double error_of(struct predict_settings s, const struct noise *n, size_t first, size_t last)
{
    struct prediction p[N];
    double sum = 0, count = 0;
    predict_run(model, data.record, N, 0, &s, n, pool, p);
    for (int i = 0; i < N; i++) {
        const struct array *x = record_get(&data.record[i], "x");
        for (size_t j = first * SEQ_DX; j < array_count(x) && j < last * SEQ_DX; j++)
            if (isfinite(array_get(x, j))) {
                sum += (array_get(x, j) - array_get(&p[i].x, j)) * (array_get(x, j) - array_get(&p[i].x, j));
                count++;
            }
        prediction_free(&p[i]);
    }
    return sum / count;
}

static void predictions(void **state)
{
    (void)state;
    const struct noise n = {.seed = 3}, second = {.seed = 3, .update = 1};
    json_t *out = evaluate((struct evaluation_settings){4, 1, false, false, 3}, pool);
    json_t *both = evaluate((struct evaluation_settings){4, 2, false, false, 3}, pool);
    const struct predict_settings sampled = {.context = 4, .sample_start = true};
    near(get(out, "mse_smoothed"), error_of(sampled, &n, 0, 100));
    near(get(both, "mse_smoothed"), (error_of(sampled, &n, 0, 100) + error_of(sampled, &second, 0, 100)) / 2);
    near(get(out, "mse_smoothed_mean"), error_of((struct predict_settings){.context = 4}, &n, 0, 100));
    near(get(out, "mse_smoothed_mean_first_11"), error_of((struct predict_settings){.context = 4}, &n, 0, 11));
    near(get(out, "mse_filtered"), error_of((struct predict_settings){.context = 4, .from_last = true, .sample_start = true}, &n, 3, 100));
    near(get(out, "mse_filtered_mean"), error_of((struct predict_settings){.context = 4, .from_last = true}, &n, 3, 100));
    assert_true(get(out, "mse_smoothed_median") > 0 && get(out, "mse_filtered_median") > 0);
    assert_true(fabs(get(out, "mse_smoothed") - get(out, "mse_smoothed_mean")) > 1e-4);
    json_decref(out);
    json_decref(both);
}

static void no_noise(void **state)
{
    (void)state;
    json_t *out = evaluate((struct evaluation_settings){5, 9, false, true, 3}, pool);
    json_t *other = evaluate((struct evaluation_settings){5, 1, false, true, 4}, pool);
    assert_true(json_equal(out, other));
    assert_true(get(out, "mse_smoothed") == get(out, "mse_smoothed_mean") && get(out, "mse_filtered") == get(out, "mse_filtered_mean"));
    json_decref(out);
    json_decref(other);
}

static void same_for_any_threads(void **state)
{
    (void)state;
    struct pool *one = pool_new(1);
    const struct evaluation_settings s = {5, 2, false, false, 8};
    json_t *a = evaluate(s, pool), *b = evaluate(s, one);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    pool_free(one);
}

/* A model whose predictions are no numbers gets null, not the error of what is left. */
static void failures_are_null(void **state)
{
    (void)state;
    real *F = params_value(&model->params, seq_param(model, "transition.F_minus_I")), kept = F[0];
    F[0] = NAN;
    json_t *out = evaluate((struct evaluation_settings){5, 1, false, false, 3}, pool);
    F[0] = kept;
    assert_true(json_is_null(json_object_get(out, "elbo")));
    assert_true(json_is_null(json_object_get(out, "mse_smoothed")));
    assert_true(json_is_null(json_object_get(out, "mse_filtered_mean_median")));
    assert_int_equal(json_integer_value(json_object_get(out, "sequences")), N);
    json_decref(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound),         cmocka_unit_test(true_states), cmocka_unit_test(no_true_states_no_keys),
        cmocka_unit_test(predictions),       cmocka_unit_test(no_noise),    cmocka_unit_test(same_for_any_threads),
        cmocka_unit_test(failures_are_null),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
