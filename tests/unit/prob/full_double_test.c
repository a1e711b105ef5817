/* Gaussians with a full covariance: gradients, the formulas with an explicit inverse, the moments of samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dense.h"
#include "gradcheck.h"
#include "prob/prob.h"

#define LN_2PI 1.8378770664093454836

static int size_of(const void *arg)
{
    return *(const int *)arg;
}

static var *build_kl(struct tape *t, var *const *x, const void *arg)
{
    return kl_full(t, x[0], x[1], x[2], x[3], size_of(arg));
}
static var *build_kl_standard(struct tape *t, var *const *x, const void *arg)
{
    return kl_full_standard(t, x[0], x[1], size_of(arg));
}
static var *build_entropy(struct tape *t, var *const *x, const void *arg)
{
    return entropy_full(t, x[0], size_of(arg));
}
static var *build_sample(struct tape *t, var *const *x, const void *arg)
{
    (void)arg;
    return sample_full(t, x[0], x[1], x[2]);
}

#define L CHECK_LOWER
static const struct row {
    const char *name;
    var *(*build)(struct tape *t, var *const *x, const void *arg);
    int inputs;
    enum check_kind kind[4];
} rows[] = {
    {"kl_full", build_kl, 4, {0, L, 0, L}},
    {"kl_full_standard", build_kl_standard, 2, {0, L}},
    {"entropy_full", build_entropy, 1, {L}},
    {"sample_full", build_sample, 3, {0, L, 0}},
};
enum { ROWS = sizeof rows / sizeof *rows };

static struct check check_of(const struct row *row, const int *n, int lanes)
{
    struct check c = {.build = row->build, .arg = n};
    for (int i = 0; i < row->inputs; i++)
        c.in[i] = (struct check_input){row->kind[i] == L ? *n * *n : *n, lanes, row->kind[i], NULL};
    return c;
}

static void gradients(void **state)
{
    (void)state;
    static const int lanes[] = {1, 6, 19};
    for (int i = 0; i < ROWS; i++)
        for (int n = 1; n <= 4; n++)
            for (int l = 0; l < 3; l++) {
                double worst = check_worst(check_of(&rows[i], &n, lanes[l]));
                if (!(worst < 1e-6))
                    fail_msg("%s, n %d, %d lanes: error %g", rows[i].name, n, lanes[l], worst);
            }
}

/* ---- against explicit inverses ---- */

enum { MOST = 4, LANES = 5 };

/* L Lᵀ of one lane. */
static void covariance(const double *factor, int n, int lane, double P[MOST * MOST])
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            P[i * n + j] = 0;
            for (int k = 0; k < n; k++)
                P[i * n + j] += factor[(i * n + k) * LANES + lane] * factor[(j * n + k) * LANES + lane];
        }
}

/* The inverse of P, and ln|P|. */
static double invert(const double *P, int n, double *inverse)
{
    double A[MOST * MOST];
    memcpy(A, P, sizeof(double) * (size_t)(n * n));
    for (int i = 0; i < n * n; i++)
        inverse[i] = i % (n + 1) == 0;
    return dense_solve(n, A, n, inverse, n, n);
}

static void assert_near(const char *what, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s: expected %.15g, got %.15g", what, expected, got);
}

/* All formulas for one size, lane by lane. */
static void compare(int n)
{
    struct check c = check_of(&rows[0], &n, LANES);
    struct tape *t = tape_new();
    var *x[4], *standard;
    check_open(&c);
    tape_begin(t, NULL, NULL, 0);
    for (int i = 0; i < 4; i++)
        x[i] = leaf(t, c.in[i].rows, LANES, (const real *)c.in[i].value);
    var *kl = kl_full(t, x[0], x[1], x[2], x[3], n), *same = kl_full(t, x[0], x[1], x[0], x[1], n);
    var *entropy = entropy_full(t, x[1], n);
    standard = kl_full_standard(t, x[0], x[1], n);
    for (int l = 0; l < LANES; l++) {
        double P1[MOST * MOST], P2[MOST * MOST], W[MOST * MOST], unit[MOST * MOST] = {0}, d[MOST], m[MOST];
        covariance(c.in[1].value, n, l, P1);
        covariance(c.in[3].value, n, l, P2);
        for (int i = 0; i < n; i++) {
            unit[i * n + i] = 1;
            m[i] = c.in[0].value[i * LANES + l];
            d[i] = m[i] - c.in[2].value[i * LANES + l];
        }
        assert_near("kl_full", (double)kl->v[l], dense_kl(n, d, P1, P2), 1e-11);
        assert_near("kl_full with itself", (double)same->v[l], 0, 1e-12);
        assert_near("kl_full_standard", (double)standard->v[l], dense_kl(n, m, P1, unit), 1e-11);
        assert_near("entropy_full", (double)entropy->v[l], 0.5 * (n * (LN_2PI + 1) + invert(P1, n, W)), 1e-11);
    }
    check_close(&c);
    tape_free(t);
}

static void formulas_with_inverse(void **state)
{
    (void)state;
    for (int n = 1; n <= MOST; n++)
        compare(n);
}

/* Where factors are diagonal, the diagonal functions must agree. */
static void agrees_with_diagonal(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    real values[4][6] = {{1, -2, 0.5, 3, 0.2, -0.7}, {0.3, 2, 1, 0.5, 4, 0.9}, {0, 1, 2, -3, 0.4, 0.6}, {2, 0.7, 0.1, 1, 1.5, 3}};
    var *m1 = leaf(t, 3, 2, values[0]), *v1 = leaf(t, 3, 2, values[1]), *m2 = leaf(t, 3, 2, values[2]), *v2 = leaf(t, 3, 2, values[3]);
    var *L1 = diag_matrix(t, v_sqrt(t, v1)), *L2 = diag_matrix(t, v_sqrt(t, v2));
    struct gauss one = {m1, v1}, two = {m2, v2};
    const var *pairs[][2] = {{kl_full(t, m1, L1, m2, L2, 3), kl_diag(t, one, two)},
                             {kl_full_standard(t, m1, L1, 3), kl_standard(t, one)},
                             {entropy_full(t, L1, 3), entropy_diag(t, v1)}};
    for (int i = 0; i < 3; i++)
        for (int l = 0; l < 2; l++)
            assert_near("diagonal", (double)pairs[i][0]->v[l], (double)pairs[i][1]->v[l], 1e-13);
    tape_free(t);
}

static void sample_moments(void **state)
{
    (void)state;
    enum { MANY = 60000 };
    static const real factor[9] = {1, 0, 0, (real)-0.7, (real)0.5, 0, (real)0.3, (real)1.2, (real)0.4};
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    var *noise = constant(t, 3, MANY), *m = filled(t, 3, MANY, -1), *Lf = spread(t, leaf(t, 9, 1, factor), MANY);
    for (int l = 0; l < MANY; l++)
        draw_normal_strided((struct draw){.seed = 3, .purpose = 1, .sequence = (uint32_t)l}, 3, noise->v + l, (size_t)noise->ld);
    assert_ptr_equal(sample_full(t, m, Lf, NULL), m);
    var *z = sample_full(t, m, Lf, noise);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j <= i; j++) {
            double expected = 0, got = 0, mean = 0, ii = 0, jj = 0;
            for (int k = 0; k < 3; k++) {
                expected += (double)(factor[i * 3 + k] * factor[j * 3 + k]);
                ii += (double)(factor[i * 3 + k] * factor[i * 3 + k]);
                jj += (double)(factor[j * 3 + k] * factor[j * 3 + k]);
            }
            for (int l = 0; l < MANY; l++) {
                got += ((double)z->v[i * z->ld + l] + 1) * ((double)z->v[j * z->ld + l] + 1) / MANY;
                mean += (double)z->v[i * z->ld + l] / MANY;
            }
            if (!(fabs(got - expected) < 6 * sqrt((ii * jj + expected * expected) / MANY)))
                fail_msg("covariance %d %d: expected %g, got %g", i, j, expected, got);
            assert_true(fabs(mean + 1) < 6 * sqrt(ii / MANY));
        }
    tape_free(t);
}

/* The factor forgotten in one place must not pass. */
static var *faulty_kl(struct tape *t, var *const *x, const void *arg)
{
    return kl_full(t, x[0], check_cut(t, x[1]), x[2], x[3], size_of(arg));
}

static void a_fault_is_caught(void **state)
{
    (void)state;
    int n = 3;
    struct check c = check_of(&rows[0], &n, 6);
    c.build = faulty_kl;
    assert_true(check_worst(c) > 1e-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),      cmocka_unit_test(formulas_with_inverse), cmocka_unit_test(agrees_with_diagonal),
        cmocka_unit_test(sample_moments), cmocka_unit_test(a_fault_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
