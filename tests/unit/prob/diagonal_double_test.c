/* Diagonal Gaussians: gradients against differences, fused operations against their plain composition, known values,
 * and the moments of samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "prob/prob.h"

#define LN_2PI 1.8378770664093454836

/* ---- what is checked, each with its plain composition ---- */

static struct gauss g(var *mean, var *variance)
{
    return (struct gauss){mean, variance};
}

static var *fused_kl(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return kl_diag(t, g(x[0], x[1]), g(x[2], x[3]));
}
static var *plain_kl(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    var *w = v_inverse(t, x[3]), *logs = sub(t, v_log(t, x[3]), v_log(t, x[1]));
    var *square = mul(t, add(t, x[1], v_square(t, sub(t, x[0], x[2]))), w);
    return scale(t, sum_rows(t, shift(t, add(t, logs, square), -1)), 0.5);
}
static var *fused_kl_standard(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return kl_standard(t, g(x[0], x[1]));
}
static var *plain_kl_standard(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return kl_diag(t, g(x[0], x[1]), g(filled(t, x[0]->rows, x[0]->lanes, 0), filled(t, x[0]->rows, x[0]->lanes, 1)));
}
static var *fused_log_normal(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return log_normal(t, x[0], g(x[1], x[2]));
}
static var *plain_log_normal(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    var *square = mul(t, v_square(t, sub(t, x[0], x[1])), v_inverse(t, x[2]));
    return scale(t, sum_rows(t, shift(t, add(t, v_log(t, x[2]), square), LN_2PI)), -0.5);
}
/* The frame is a constant, as in a model; a view of the mean is what decoders of stacked outputs give. */
static var *fused_distortion(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return distortion_gauss(t, filled(t, x[0]->rows, x[0]->lanes, 0.3), x[0], 0.07);
}
static var *plain_distortion(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    var *frame = filled(t, x[0]->rows, x[0]->lanes, 0.3);
    return scale(t, log_normal(t, frame, g(x[0], filled(t, x[0]->rows, x[0]->lanes, 0.07))), -1);
}
static var *twice_distorted(struct tape *t, var *const *x, const void *arg)
{
    return add(t, fused_distortion(t, x, arg), scale(t, fused_distortion(t, x, arg), 0.4));
}
static var *fused_entropy(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return entropy_diag(t, x[0]);
}
/* −E[ln N(x; m, v)] where the square distance is its mean, v. */
static var *plain_entropy(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return scale(t, sum_rows(t, shift(t, v_log(t, x[0]), LN_2PI + 1)), 0.5);
}
static var *sampled(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return sample_diag(t, g(x[0], x[1]), x[2]);
}
static var *sampled_plainly(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return add(t, x[0], mul(t, v_exp(t, scale(t, v_log(t, x[1]), 0.5)), x[2]));
}
static var *product_mean(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return product_diag(t, g(x[0], x[1]), g(x[2], x[3])).mean;
}
/* (m1 v2 + m2 v1) / (v1 + v2) */
static var *product_mean_plainly(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return mul(t, add(t, mul(t, x[0], x[3]), mul(t, x[2], x[1])), v_inverse(t, add(t, x[1], x[3])));
}
static var *product_variance(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return product_diag(t, g(x[0], x[1]), g(x[2], x[3])).variance;
}
static var *product_variance_plainly(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return mul(t, mul(t, x[1], x[3]), v_inverse(t, add(t, x[1], x[3])));
}
/* One Gaussian in both places: its gradient must be 0, so every part must be added, none assigned. */
static var *kl_with_itself(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return add(t, kl_diag(t, g(x[0], x[1]), g(x[0], x[1])), kl_standard(t, g(x[0], x[1])));
}

#define P CHECK_POSITIVE
static const struct row {
    const char *name;
    var *(*build)(struct tape *t, var *const *x, const void *arg);
    var *(*plain)(struct tape *t, var *const *x, const void *arg); /* NULL: none */
    int inputs;
    enum check_kind kind[4];
} rows[] = {
    {"kl_diag", fused_kl, plain_kl, 4, {0, P, 0, P}},
    {"kl_standard", fused_kl_standard, plain_kl_standard, 2, {0, P}},
    {"log_normal", fused_log_normal, plain_log_normal, 3, {0, 0, P}},
    {"distortion_gauss", fused_distortion, plain_distortion, 1, {0}},
    {"distortion_gauss twice", twice_distorted, NULL, 1, {0}},
    {"entropy_diag", fused_entropy, plain_entropy, 1, {P}},
    {"sample_diag", sampled, sampled_plainly, 3, {0, P, 0}},
    {"product_diag mean", product_mean, product_mean_plainly, 4, {0, P, 0, P}},
    {"product_diag variance", product_variance, product_variance_plainly, 4, {0, P, 0, P}},
    {"kl_diag with itself", kl_with_itself, NULL, 2, {0, P}},
};
enum { ROWS = sizeof rows / sizeof *rows };
static const int sizes[][2] = {{1, 1}, {2, 1}, {3, 7}, {5, 17}, {1, 33}};

static struct check check_of(const struct row *row, var *(*build)(struct tape *, var *const *, const void *), const int size[2])
{
    struct check c = {.build = build};
    for (int i = 0; i < row->inputs; i++)
        c.in[i] = (struct check_input){size[0], size[1], row->kind[i], NULL};
    return c;
}

static void gradients(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            double worst = check_worst(check_of(&rows[i], rows[i].build, sizes[s]));
            if (!(worst < 1e-6))
                fail_msg("%s, %d×%d: error %g", rows[i].name, sizes[s][0], sizes[s][1], worst);
        }
}

/* Values lane by lane, and gradients number by number. */
static void compare(const struct row *row, const int size[2])
{
    struct check fused = check_of(row, row->build, size), plain = check_of(row, row->plain, size);
    struct tape *t = tape_new();
    double *gradient[2][CHECK_INPUTS], sum[2];
    check_open(&fused);
    check_open(&plain);
    int n = size[0] * size[1];
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < CHECK_INPUTS; i++)
            gradient[k][i] = xcalloc((size_t)n, sizeof(double));
        sum[k] = check_run(t, k ? &plain : &fused, gradient[k]);
    }
    if (!(fabs(sum[0] - sum[1]) < 1e-10 * fmax(1, fabs(sum[1]))))
        fail_msg("%s: %.15g, plainly %.15g", row->name, sum[0], sum[1]);
    for (int i = 0; i < row->inputs; i++)
        for (int j = 0; j < n; j++)
            if (!(fabs(gradient[0][i][j] - gradient[1][i][j]) < 1e-9 * fmax(1, fabs(gradient[1][i][j]))))
                fail_msg("%s: gradient of input %d, number %d: %g, plainly %g", row->name, i, j, gradient[0][i][j], gradient[1][i][j]);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < CHECK_INPUTS; i++)
            free(gradient[k][i]);
    check_close(&fused);
    check_close(&plain);
    tape_free(t);
}

static void fused_equals_plain(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++)
        for (size_t s = 0; rows[i].plain && s < sizeof sizes / sizeof *sizes; s++)
            compare(&rows[i], sizes[s]);
}

/* ---- values that can be had by hand ---- */

static double one_value(var *a)
{
    assert_int_equal(a->rows, 1);
    assert_int_equal(a->lanes, 1);
    return (double)a->v[0];
}

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.15g, got %.15g", expected, got);
}

static void known_values(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    var *m1 = filled(t, 1, 1, 1), *v1 = filled(t, 1, 1, 2), *m2 = filled(t, 1, 1, -1), *v2 = filled(t, 1, 1, 5);
    assert_near(one_value(kl_diag(t, g(m1, v1), g(m2, v2))), 0.5 * (log(2.5) + 6 / 5.0 - 1), 1e-14);
    assert_near(one_value(kl_diag(t, g(m1, v1), g(m1, v1))), 0, 1e-15);
    assert_near(one_value(kl_standard(t, g(m1, v1))), 0.5 * (2 + 1 - 1 - log(2)), 1e-14);
    assert_near(one_value(log_normal(t, m2, g(m1, v1))), -0.5 * (log(2 * M_PI * 2) + 2), 1e-14);
    assert_near(one_value(entropy_diag(t, v1)), 0.5 * log(2 * M_PI * M_E * 2), 1e-14);
    assert_near(one_value(distortion_gauss(t, m2, m1, 2)), 0.5 * (log(2 * M_PI * 2) + 2), 1e-14);
    assert_ptr_equal(sample_diag(t, g(m1, v1), NULL), m1);
    tape_free(t);
}

/* ∫ N(x; m1, v1) ln [N(x; m1, v1) / N(x; m2, v2)] dx by the trapezoid rule: shares no formula with kl_diag. */
static void kl_is_the_integral(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    double m[2] = {0.3, -0.8}, v[2] = {0.5, 1.7}, sum = 0, step = 1e-3;
    for (double x = -12; x < 12; x += step) {
        double l[2];
        for (int i = 0; i < 2; i++)
            l[i] = -(x - m[i]) * (x - m[i]) / (2 * v[i]) - log(sqrt(2 * M_PI * v[i]));
        sum += step * exp(l[0]) * (l[0] - l[1]);
    }
    assert_near(one_value(kl_diag(t, g(filled(t, 1, 1, m[0]), filled(t, 1, 1, v[0])), g(filled(t, 1, 1, m[1]), filled(t, 1, 1, v[1])))),
                sum, 1e-9);
    tape_free(t);
}

static void sample_moments(void **state)
{
    (void)state;
    enum { LANES = 100000 };
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    var *noise = constant(t, 1, LANES);
    draw_normal_strided((struct draw){.seed = 3, .purpose = 1}, LANES, noise->v, 1);
    var *z = sample_diag(t, g(filled(t, 1, LANES, 2), filled(t, 1, LANES, 9)), noise);
    double mean = 0, variance = 0;
    for (int l = 0; l < LANES; l++)
        mean += (double)z->v[l] / LANES;
    for (int l = 0; l < LANES; l++)
        variance += ((double)z->v[l] - mean) * ((double)z->v[l] - mean) / LANES;
    assert_near(mean, 2, 6 * 3 / sqrt(LANES));
    assert_near(variance, 9, 6 * 9 * sqrt(2.0 / LANES));
    tape_free(t);
}

/* ---- the check itself must be able to fail ---- */

static void forget_half(struct tape *t, void *note)
{
    (void)t;
    var **io = note;
    const real *arrived = var_arrived(io[0]);
    real *gradient = var_gradient(io[1]);
    for (int l = 0; arrived && l < io[0]->lanes; l++)
        gradient[l] += arrived[l] * io[1]->v[l]; /* of x², half of what it should be */
}

static var *faulty_square(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    void *note;
    var *first = rows_of(t, x[0], 0, 1),
        *out = op_new(t, 1, first->lanes, (const var *const[]){first}, 1, forget_half, 2 * sizeof(var *), &note);
    for (int l = 0; l < out->lanes; l++)
        out->v[l] = first->v[l] * first->v[l];
    if (note) {
        ((var **)note)[0] = out;
        ((var **)note)[1] = first;
    }
    return out;
}

static void a_fault_is_caught(void **state)
{
    (void)state;
    assert_true(check_worst(check_of(&rows[3], faulty_square, sizes[2])) > 1e-2);
    assert_true(check_worst(check_of(&rows[3], faulty_square, sizes[0])) > 1e-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),          cmocka_unit_test(fused_equals_plain), cmocka_unit_test(known_values),
        cmocka_unit_test(kl_is_the_integral), cmocka_unit_test(sample_moments),     cmocka_unit_test(a_fault_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
