/* Kalman prediction, update and smoothing step against the conditioned joint Gaussian, and their gradients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dense.h"
#include "gradcheck.h"
#include "prob/prob.h"

enum { LANES = 4 };

/* ---- random models, one a lane ---- */

static double normal(int lane, int what, int place)
{
    double x;
    draw_normal((struct draw){.seed = 21, .purpose = 3, .update = (uint32_t)lane, .sequence = (uint32_t)what, .step = (uint32_t)place}, 1,
                &x);
    return x;
}

static struct dense random_model(int n, int d, int T, int lane, bool masked)
{
    struct dense s = {.n = n, .d = d, .T = T};
    double root[DENSE_N * DENSE_N];
    for (int i = 0; i < n * n; i++)
        root[i] = normal(lane, 0, i);
    for (int i = 0; i < n; i++) {
        s.m[i] = normal(lane, 1, i);
        for (int j = 0; j < n; j++) {
            s.P[i * n + j] = i == j ? 0.3 : 0;
            for (int k = 0; k < n; k++)
                s.P[i * n + j] += root[i * n + k] * root[j * n + k];
        }
    }
    for (int i = 0; i < d; i++)
        s.R[i] = 0.1 + fabs(normal(lane, 2, i));
    for (int t = 0; t < T; t++) {
        for (int i = 0; i < n * n; i++)
            s.F[t][i] = (i % (n + 1) == 0) + 0.4 * normal(lane, 3 + 10 * t, i);
        for (int i = 0; i < n; i++) {
            s.b[t][i] = normal(lane, 4 + 10 * t, i);
            s.Q[t][i] = 0.05 + fabs(normal(lane, 5 + 10 * t, i));
        }
        for (int i = 0; i < d * n; i++)
            s.H[t][i] = normal(lane, 6 + 10 * t, i);
        for (int i = 0; i < d; i++)
            s.a[t][i] = 2 * normal(lane, 7 + 10 * t, i);
        s.seen[t] = !masked || (t * 5 + lane * 3) % 7 % 3 != 1;
    }
    return s;
}

/* Numbers of all lanes, side by side, as a constant. */
static var *side_by_side(struct tape *t, const double *const from[LANES], int rows)
{
    var *out = constant(t, rows, LANES);
    for (int l = 0; l < LANES; l++)
        for (int i = 0; i < rows; i++)
            out->v[i * out->ld + l] = (real)from[l][i];
    return out;
}

#define LANES_OF(member, rows) side_by_side(t, (const double *const[LANES]){m[0].member, m[1].member, m[2].member, m[3].member}, rows)

struct pass {
    struct belief predicted[DENSE_T], filtered[DENSE_T], smoothed[DENSE_T];
};

static void run_smoother(struct tape *t, const struct dense m[LANES], struct pass *p)
{
    int T = m[0].T, n = m[0].n;
    var *mean[DENSE_T], *cov[DENSE_T], *pm[DENSE_T], *pP[DENSE_T], *F[DENSE_T], *Q[DENSE_T];
    for (int s = 0; s < T; s++)
        mean[s] = p->filtered[s].mean, cov[s] = p->filtered[s].cov;
    for (int s = 0; s + 1 < T; s++) {
        pm[s] = p->predicted[s + 1].mean, pP[s] = p->predicted[s + 1].cov;
        F[s] = LANES_OF(F[s], n * n), Q[s] = LANES_OF(Q[s], n);
    }
    struct belief filtered = {stack_lanes(t, T, mean), stack_lanes(t, T, cov)};
    struct belief predicted = {stack_lanes(t, T - 1, pm), stack_lanes(t, T - 1, pP)};
    struct smoother s = smoother_prepare(t, filtered, predicted, stack_lanes(t, T - 1, F), stack_lanes(t, T - 1, Q), T, LANES);
    p->smoothed[T - 1] = p->filtered[T - 1];
    for (int i = T - 2; i >= 0; i--)
        p->smoothed[i] = smoother_step(t, &s, p->smoothed[i + 1], i);
}

static void run(struct tape *t, const struct dense m[LANES], bool masked, struct pass *p)
{
    int T = m[0].T, n = m[0].n, d = m[0].d;
    struct belief z = {LANES_OF(m, n), LANES_OF(P, n * n)};
    for (int s = 0; s < T; s++) {
        if (s > 0)
            z = kalman_predict(t, z, LANES_OF(F[s - 1], n * n), LANES_OF(b[s - 1], n), LANES_OF(Q[s - 1], n));
        p->predicted[s] = z;
        var *seen = masked ? constant(t, 1, LANES) : NULL;
        for (int l = 0; l < LANES && masked; l++)
            seen->v[l] = m[l].seen[s];
        z = kalman_update(t, z, LANES_OF(a[s], d), LANES_OF(H[s], d * n), LANES_OF(R, d), seen);
        p->filtered[s] = z;
    }
    if (T > 1)
        run_smoother(t, m, p);
}

static void compare(const char *what, int step, int lane, struct belief z, const struct dense *m, int upto)
{
    double mean[DENSE_N], cov[DENSE_N * DENSE_N];
    dense_condition(m, upto, step, mean, cov);
    for (int i = 0; i < m->n * m->n; i++) {
        double got = (double)z.cov->v[i * z.cov->ld + lane];
        if (!(fabs(got - cov[i]) < 1e-9 * fmax(1, fabs(cov[i]))))
            fail_msg("%s: step %d, lane %d, covariance %d: expected %.12g, got %.12g", what, step, lane, i, cov[i], got);
    }
    for (int i = 0; i < m->n; i++) {
        double got = (double)z.mean->v[i * z.mean->ld + lane];
        if (!(fabs(got - mean[i]) < 1e-9 * fmax(1, fabs(mean[i]))))
            fail_msg("%s: step %d, lane %d, mean %d: expected %.12g, got %.12g", what, step, lane, i, mean[i], got);
    }
}

static void against_joint(int n, int d, int T, bool masked)
{
    struct dense m[LANES];
    struct pass p;
    struct tape *t = tape_new();
    for (int l = 0; l < LANES; l++)
        m[l] = random_model(n, d, T, l, masked);
    tape_begin(t, NULL, NULL, 0);
    run(t, m, masked, &p);
    assert_int_equal(tape_failed_lane(t), -1);
    for (int s = 0; s < T; s++)
        for (int l = 0; l < LANES; l++) {
            compare("predicted", s, l, p.predicted[s], &m[l], s);
            compare("filtered", s, l, p.filtered[s], &m[l], s + 1);
            if (T > 1)
                compare("smoothed", s, l, p.smoothed[s], &m[l], T);
        }
    tape_free(t);
}

static void all_seen(void **state)
{
    (void)state;
    for (int n = 1; n <= DENSE_N; n++)
        for (int d = 1; d <= DENSE_D; d++)
            against_joint(n, d, n == 3 ? DENSE_T : 3, false);
}

static void some_missing(void **state)
{
    (void)state;
    for (int n = 1; n <= DENSE_N; n++)
        for (int d = 1; d <= DENSE_D; d++)
            against_joint(n, d, 6, true);
}

/* A masked lane keeps its belief to the bit. */
static void unseen_lanes_stay(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    struct dense m[LANES];
    for (int l = 0; l < LANES; l++)
        m[l] = random_model(3, 2, 1, l, false);
    tape_begin(t, NULL, NULL, 0);
    struct belief z = {LANES_OF(m, 3), LANES_OF(P, 9)};
    var *seen = filled(t, 1, LANES, 0);
    seen->v[2] = 1;
    struct belief after = kalman_update(t, z, LANES_OF(a[0], 2), LANES_OF(H[0], 6), LANES_OF(R, 2), seen);
    for (int l = 0; l < LANES; l++) {
        bool same = true;
        for (int i = 0; i < 9; i++)
            same &= after.cov->v[i * after.cov->ld + l] == z.cov->v[i * z.cov->ld + l];
        for (int i = 0; i < 3; i++)
            same &= after.mean->v[i * after.mean->ld + l] == z.mean->v[i * z.mean->ld + l];
        assert_int_equal(same, l != 2);
    }
    tape_free(t);
}

/* R the same for every lane may be given once; b may be left out. */
static void shared_noise_and_no_push(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    struct dense m[LANES];
    for (int l = 0; l < LANES; l++) {
        m[l] = random_model(3, 2, 2, l, false);
        memcpy(m[l].R, m[0].R, sizeof m[l].R);
        memset(m[l].b, 0, sizeof m[l].b);
    }
    tape_begin(t, NULL, NULL, 0);
    struct belief z = {LANES_OF(m, 3), LANES_OF(P, 9)};
    var *R = constant(t, 2, 1);
    R->v[0] = (real)m[0].R[0], R->v[R->ld] = (real)m[0].R[1];
    z = kalman_update(t, z, LANES_OF(a[0], 2), LANES_OF(H[0], 6), R, NULL);
    z = kalman_predict(t, z, LANES_OF(F[0], 9), NULL, LANES_OF(Q[0], 3));
    for (int l = 0; l < LANES; l++)
        compare("no push", 1, l, z, &m[l], 1);
    tape_free(t);
}

/* A full noise is added as it is: that of a diagonal matrix does what the diagonal does, in both directions. */
static void full_noise(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    struct dense m[LANES];
    for (int l = 0; l < LANES; l++)
        m[l] = random_model(3, 2, 2, l, false);
    tape_begin(t, NULL, NULL, 0);
    struct belief z = {LANES_OF(m, 3), LANES_OF(P, 9)}, end = {LANES_OF(m, 3), LANES_OF(P, 9)};
    var *F = LANES_OF(F[0], 9), *Q[2] = {LANES_OF(Q[0], 3), NULL};
    Q[1] = diag_matrix(t, Q[0]);
    struct belief next[2], back[2];
    for (int k = 0; k < 2; k++) {
        next[k] = kalman_predict(t, z, F, NULL, Q[k]);
        struct smoother s = smoother_prepare(
            t, (struct belief){stack_lanes(t, 2, (var *const[]){z.mean, end.mean}), stack_lanes(t, 2, (var *const[]){z.cov, end.cov})},
            next[k], F, Q[k], 2, LANES);
        back[k] = smoother_step(t, &s, end, 0);
    }
    for (int i = 0; i < 9 * LANES; i++) {
        assert_true(fabs((double)(next[0].cov->v[i] - next[1].cov->v[i])) < 1e-14);
        assert_true(fabs((double)(back[0].cov->v[i] - back[1].cov->v[i])) < 1e-14);
    }
    tape_free(t);
}

/* What is observed may be told in other numbers, W a of W C z with noise W R Wᵀ: the belief is the same. */
static void full_noise_of_observations(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    struct dense m[LANES];
    for (int l = 0; l < LANES; l++)
        m[l] = random_model(3, 2, 2, l, false);
    tape_begin(t, NULL, NULL, 0);
    static const double numbers[4] = {0.8, -0.7, 0.4, 1.3};
    var *W = constant(t, 4, LANES), *a = LANES_OF(a[0], 2), *C = LANES_OF(H[0], 6), *R = LANES_OF(R, 2), *seen = filled(t, 1, LANES, 1);
    for (int i = 0; i < 4 * LANES; i++)
        W->v[i / LANES * W->ld + i % LANES] = (real)(numbers[i / LANES] + 0.1 * (i % LANES));
    seen->v[1] = 0;
    struct belief z = {LANES_OF(m, 3), LANES_OF(P, 9)}, plain = kalman_update(t, z, a, C, R, seen);
    struct belief other = kalman_update(t, z, mat_vec(t, W, a), mat_mul(t, W, C, 2, 2, 3), sandwich_diag(t, W, R, 2, 2), seen);
    for (int l = 0; l < LANES; l++) {
        for (int i = 0; i < 9; i++)
            assert_true(fabs((double)(plain.cov->v[i * plain.cov->ld + l] - other.cov->v[i * other.cov->ld + l])) < 1e-12);
        for (int i = 0; i < 3; i++)
            assert_true(fabs((double)(plain.mean->v[i * plain.mean->ld + l] - other.mean->v[i * other.mean->ld + l])) < 1e-12);
    }
    tape_free(t);
}

/* ---- gradients ---- */

struct sizes {
    int n, d, T, lanes;
    bool masked;
};

static var *covariance(struct tape *t, var *L, int n)
{
    return mat_mul_nt(t, L, L, n, n, n);
}

static var *both(struct tape *t, struct belief z)
{
    return stack_rows(t, 2, (var *const[]){z.mean, z.cov});
}

static var *build_predict(struct tape *t, var *const *x, const void *arg)
{
    const struct sizes *s = arg;
    return both(t, kalman_predict(t, (struct belief){x[0], covariance(t, x[1], s->n)}, x[2], x[3], x[4]));
}

static var *build_predict_full(struct tape *t, var *const *x, const void *arg)
{
    const struct sizes *s = arg;
    return both(t, kalman_predict(t, (struct belief){x[0], covariance(t, x[1], s->n)}, x[2], NULL, covariance(t, x[3], s->n)));
}

static var *mask_of(struct tape *t, const struct sizes *s, int step)
{
    if (!s->masked)
        return NULL;
    var *seen = constant(t, 1, s->lanes);
    for (int l = 0; l < s->lanes; l++)
        seen->v[l] = (l + step) % 3 != 1;
    return seen;
}

static var *build_update(struct tape *t, var *const *x, const void *arg)
{
    const struct sizes *s = arg;
    return both(t, kalman_update(t, (struct belief){x[0], covariance(t, x[1], s->n)}, x[2], x[3], x[4], mask_of(t, s, 0)));
}

static var *build_update_full(struct tape *t, var *const *x, const void *arg)
{
    const struct sizes *s = arg;
    var *R = covariance(t, x[4], s->d);
    return both(t, kalman_update(t, (struct belief){x[0], covariance(t, x[1], s->n)}, x[2], x[3], R, mask_of(t, s, 0)));
}

/* Filter and smoother over all steps: means and covariances of every step. Inputs m, L, F, b, Q, a, C, R. */
static var *build_pass(struct tape *t, var *const *x, const void *arg)
{
    const struct sizes *s = arg;
    int T = s->T, B = s->lanes, n = s->n;
    var *mean[DENSE_T], *cov[DENSE_T], *pm[DENSE_T], *pP[DENSE_T], *out[DENSE_T];
    struct belief z = {x[0], covariance(t, x[1], n)};
    for (int i = 0; i < T; i++) {
        if (i > 0) {
            z = kalman_predict(t, z, step_of(t, x[2], i - 1, B), step_of(t, x[3], i - 1, B), step_of(t, x[4], i - 1, B));
            pm[i - 1] = z.mean, pP[i - 1] = z.cov;
        }
        z = kalman_update(t, z, step_of(t, x[5], i, B), x[6], x[7], mask_of(t, s, i));
        mean[i] = z.mean, cov[i] = z.cov;
    }
    struct belief filtered = {stack_lanes(t, T, mean), stack_lanes(t, T, cov)},
                  predicted = {stack_lanes(t, T - 1, pm), stack_lanes(t, T - 1, pP)};
    struct smoother sm = smoother_prepare(t, filtered, predicted, x[2], x[4], T, B);
    out[T - 1] = both(t, z);
    for (int i = T - 2; i >= 0; i--) {
        z = smoother_step(t, &sm, z, i);
        out[i] = both(t, z);
    }
    return stack_lanes(t, T, out);
}

static void assert_gradient(const char *name, struct check c)
{
    double worst = check_worst(c);
    if (!(worst < 1e-6))
        fail_msg("%s: error %g", name, worst);
}

static const struct sizes sizes[] = {{1, 1, 2, 1, false}, {2, 1, 3, 3, false}, {3, 2, 3, 2, true}, {3, 2, 4, 3, false}, {4, 3, 2, 5, true}};

static struct check_input any(int rows, int lanes)
{
    return (struct check_input){rows, lanes, CHECK_ANY, NULL};
}

static struct check_input positive(int rows, int lanes)
{
    return (struct check_input){rows, lanes, CHECK_POSITIVE, NULL};
}

/* Lower factors of n×n covariances. */
static struct check_input lower(int n, int lanes)
{
    return (struct check_input){n * n, lanes, CHECK_LOWER, NULL};
}

static struct check predict_check(const struct sizes *s)
{
    int n = s->n, B = s->lanes;
    return (struct check){.build = build_predict, .arg = s, .in = {any(n, B), lower(n, B), any(n * n, B), any(n, B), positive(n, B)}};
}

static struct check predict_full_check(const struct sizes *s)
{
    int n = s->n, B = s->lanes;
    return (struct check){.build = build_predict_full, .arg = s, .in = {any(n, B), lower(n, B), any(n * n, B), lower(n, B)}};
}

/* R of every lane its own, or one for all. */
static struct check update_check(const struct sizes *s, int lanes_of_R)
{
    int n = s->n, d = s->d, B = s->lanes;
    return (struct check){
        .build = build_update, .arg = s, .in = {any(n, B), lower(n, B), any(d, B), any(d * n, B), positive(d, lanes_of_R)}};
}

static struct check update_full_check(const struct sizes *s)
{
    int n = s->n, d = s->d, B = s->lanes;
    return (struct check){.build = build_update_full, .arg = s, .in = {any(n, B), lower(n, B), any(d, B), any(d * n, B), lower(d, B)}};
}

static struct check pass_check(const struct sizes *s)
{
    int n = s->n, d = s->d, B = s->lanes, all = s->T * B, before = all - B;
    return (struct check){.build = build_pass,
                          .arg = s,
                          .in = {any(n, B), lower(n, B), any(n * n, before), any(n, before), positive(n, before), any(d, all),
                                 any(d * n, B), positive(d, B)}};
}

static void gradients(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        const struct sizes *s = &sizes[i];
        assert_gradient("kalman_predict", predict_check(s));
        if (s->n > 1) /* of one dimension a noise is full and diagonal at once */
            assert_gradient("kalman_predict, full noise", predict_full_check(s));
        assert_gradient("kalman_update", update_check(s, s->lanes));
        assert_gradient("kalman_update, one R", update_check(s, 1));
        if (s->d > 1)
            assert_gradient("kalman_update, full R", update_full_check(s));
        assert_gradient("smoother", pass_check(s));
    }
}

/* ---- the comparison must be able to fail ---- */

/* A gain that takes the covariance for a constant. */
static var *build_faulty(struct tape *t, var *const *x, const void *arg)
{
    const struct sizes *s = arg;
    return both(t, kalman_update(t, (struct belief){x[0], check_cut(t, covariance(t, x[1], s->n))}, x[2], x[3], x[4], NULL));
}

/* A gradient that lacks a part; smoothing with the noise of the wrong step, or with one observation less. */
static void a_fault_is_caught(void **state)
{
    (void)state;
    struct check c = update_check(&sizes[3], sizes[3].lanes);
    c.build = build_faulty;
    assert_true(check_worst(c) > 1e-2);
    static struct dense m, wrong; /* large ones */
    m = wrong = random_model(3, 2, 5, 0, false);
    double mean[2][DENSE_N], cov[2][DENSE_N * DENSE_N];
    memcpy(wrong.Q[1], m.Q[2], sizeof wrong.Q[1]);
    dense_condition(&m, 5, 1, mean[0], cov[0]);
    dense_condition(&wrong, 5, 1, mean[1], cov[1]);
    double largest = 0;
    for (int i = 0; i < 9; i++)
        largest = fmax(largest, fabs(cov[0][i] - cov[1][i]));
    assert_true(largest > 1e-6);
    wrong = m;
    wrong.seen[3] = false;
    dense_condition(&wrong, 5, 1, mean[1], cov[1]);
    assert_true(fabs(mean[0][0] - mean[1][0]) > 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_seen),          cmocka_unit_test(some_missing),
        cmocka_unit_test(unseen_lanes_stay), cmocka_unit_test(shared_noise_and_no_push),
        cmocka_unit_test(full_noise),        cmocka_unit_test(full_noise_of_observations),
        cmocka_unit_test(gradients),         cmocka_unit_test(a_fault_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
