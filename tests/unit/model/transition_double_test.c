/* The locally linear transition: its mixture by plain loops, its gradients, and the linear special case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "gradcheck.h"

enum { DZ = 3, BASES = 4, LANES = 6 };

struct parts {
    struct params p;
    struct transition tr;
    int du;
};

/* A transition with all parameters drawn at random. g has one hidden layer. */
static struct parts parts_made(int du, int positions, bool shared_noise)
{
    struct parts a = {.du = du};
    struct transition_settings s = {
        .bases = BASES, .hidden = {1, {5}}, .base_spread = 0.1, .mixing_gain = 1, .variance = 0.02, .positions = positions};
    s.shared_noise = shared_noise;
    params_init(&a.p);
    a.tr = transition_declare(&a.p, DZ, du, &s, 3);
    for (int i = 0; i < a.p.n; i++)
        params_normal(&a.p, i, 8, 0, 0.6);
    return a;
}

static struct parts parts_of(int du, int positions)
{
    return parts_made(du, positions, false);
}

static struct parts parts_open(int du)
{
    return parts_of(du, 0);
}

static void start_values(void **state)
{
    (void)state;
    struct params p;
    struct transition_settings s = {.bases = 400, .hidden = {1, {5}}, .base_spread = 0.1, .mixing_gain = 1, .variance = 0.02};
    params_init(&p);
    struct transition tr = transition_declare(&p, DZ, 2, &s, 3);
    const real *F = params_value(&p, tr.F), *B = params_value(&p, tr.B), *Q = params_value(&p, tr.log_Q);
    for (int i = 0; i < DZ * DZ; i++) {
        double mean = 0, square = 0;
        for (int m = 0; m < 400; m++) {
            mean += (double)F[i * 400 + m] / 400;
            square += (double)(F[i * 400 + m] * F[i * 400 + m]) / 400;
        }
        assert_true(fabs(mean) < 6 * 0.1 / 20 && fabs(square - 0.01) < 6 * 0.01 * sqrt(2) / 20);
    }
    double square = 0;
    for (int i = 0; i < DZ * 2 * 400; i++)
        square += (double)(B[i] * B[i]) / (DZ * 2 * 400);
    assert_true(fabs(square - 0.01) < 6 * 0.01 * sqrt(2 / 2400.0));
    for (int i = 0; i < DZ * 400; i++)
        assert_true(fabs((double)Q[i] - log(0.02)) < 1e-12);
    assert_int_equal(p.entry[tr.F].group, GROUP_PSI);
    params_free(&p);
    params_init(&p);
    assert_int_equal(transition_declare(&p, DZ, 0, &s, 3).B, -1);
    assert_int_equal(params_find(&p, "transition.B"), -1);
    params_free(&p);
}

/* One control pushes one dimension, in all bases; all else begins as it would. */
static void pushed_start(void **state)
{
    (void)state;
    struct params p, q;
    struct transition_settings s = {.bases = 7, .hidden = {1, {5}}, .base_spread = 0.1, .mixing_gain = 1, .variance = 0.02};
    params_init(&p);
    params_init(&q);
    struct transition tr = transition_declare(&p, DZ, 2, &s, 3), plain = transition_declare(&q, DZ, 2, &s, 3);
    transition_push(&p, &tr, 0, 2, &(struct push_settings){0.25, 0.004});
    for (size_t i = 0; i < p.size; i++) {
        size_t in_B = (size_t)(p.value + i - params_value(&p, tr.B)), in_Q = (size_t)(p.value + i - params_value(&p, tr.log_Q));
        bool pushes = in_B >= 4 * 7 && in_B < 5 * 7, quiet = in_Q >= 2 * 7 && in_Q < 3 * 7;
        double expected = quiet ? log(0.004) : (double)q.value[i] + (pushes ? 0.25 : 0);
        assert_true(fabs((double)p.value[i] - expected) < 1e-12);
    }
    assert_true(plain.B == tr.B);
    params_free(&p);
    params_free(&q);
}

/* A transition as it begins, centred or not, of so much gain. */
static struct parts parts_begun(bool centred, double gain)
{
    struct parts a = {.du = 2};
    struct transition_settings s = {
        .bases = BASES, .hidden = {1, {5}}, .base_spread = 0.1, .centred = centred, .mixing_gain = gain, .variance = 0.02};
    params_init(&a.p);
    a.tr = transition_declare(&a.p, DZ, a.du, &s, 3);
    return a;
}

/* Of two transitions: is each row of bases in `a` that of `b` less its mean? */
static void assert_centred(const struct parts *a, const struct parts *b, int index)
{
    const real *mine = params_value(&a->p, index), *drawn = params_value(&b->p, index);
    double off = 0;
    for (int i = 0; i < a->p.entry[index].rows; i++) {
        double mean = 0, sum = 0;
        for (int m = 0; m < BASES; m++) {
            mean += (double)drawn[i * BASES + m] / BASES;
            sum += (double)mine[i * BASES + m];
        }
        for (int m = 0; m < BASES; m++)
            assert_true(fabs((double)(mine[i * BASES + m] - drawn[i * BASES + m]) + mean) < 1e-15);
        assert_true(fabs(sum) < 1e-15);
        off = fmax(off, fabs(mean));
    }
    assert_true(off > 0.01); /* as drawn they are not */
}

static bool same_values(const struct parts *a, const struct parts *b, int index)
{
    return memcmp(params_value(&a->p, index), params_value(&b->p, index),
                  (size_t)(a->p.entry[index].rows * a->p.entry[index].cols) * sizeof(real)) == 0;
}

/* Centred bases are those that are drawn less their mean; with an even mixture a step changes nothing. */
static void centred_bases(void **state)
{
    (void)state;
    struct parts centred = parts_begun(true, 0), drawn = parts_begun(false, 0); /* without gain the mixture is even */
    const struct transition *tr = &centred.tr;
    assert_centred(&centred, &drawn, tr->F);
    assert_centred(&centred, &drawn, tr->B);
    assert_true(same_values(&centred, &drawn, tr->log_Q));
    for (int k = 0; k < 2; k++) {
        struct parts *a = k ? &drawn : &centred;
        struct tape *t = tape_new();
        double moved = 0;
        tape_begin(t, &a->p, NULL, 0);
        var *z = constant(t, DZ, LANES), *u = constant(t, a->du, LANES);
        for (int i = 0; i < DZ * LANES; i++)
            z->v[i] = check_draw(1, i);
        for (int i = 0; i < a->du * LANES; i++)
            u->v[i] = check_draw(2, i);
        struct transition_at at = transition_apply(t, &a->tr, z, u);
        var *mean = transition_mean(t, &at, z);
        for (int i = 0; i < DZ; i++)
            for (int l = 0; l < LANES; l++)
                moved = fmax(moved, fabs((double)(mean->v[i * mean->ld + l] - z->v[i * z->ld + l])));
        assert_true(k ? moved > 0.01 : moved < 1e-14);
        tape_free(t);
    }
    params_free(&centred.p);
    params_free(&drawn.p);
}

/* The gain multiplies the last weights of g and nothing else. */
static void mixing_gain(void **state)
{
    (void)state;
    struct parts one = parts_begun(true, 1), four = parts_begun(true, 4);
    int last = one.tr.g.weight[1];
    const real *w1 = params_value(&one.p, last), *w4 = params_value(&four.p, last);
    double largest = 0;
    for (int i = 0; i < BASES * 5; i++) {
        assert_true(w4[i] == 4 * w1[i]);
        largest = fmax(largest, fabs((double)w1[i]));
    }
    assert_true(largest > 0.1);
    for (int i = 0; i < one.p.n; i++)
        assert_true(same_values(&one, &four, i) == (i != last));
    params_free(&one.p);
    params_free(&four.p);
}

/* softmax(g(z, u)) of one lane by plain loops. */
static void mixture(const struct parts *a, const double *zu, double alpha[BASES])
{
    double hidden[5], sum = 0;
    const real *w0 = params_value(&a->p, a->tr.g.weight[0]), *b0 = params_value(&a->p, a->tr.g.bias[0]);
    const real *w1 = params_value(&a->p, a->tr.g.weight[1]), *b1 = params_value(&a->p, a->tr.g.bias[1]);
    int in = DZ + a->du;
    for (int i = 0; i < 5; i++) {
        hidden[i] = (double)b0[i];
        for (int j = 0; j < in; j++)
            hidden[i] += (double)w0[i * in + j] * zu[j];
        hidden[i] = tanh(hidden[i]);
    }
    for (int m = 0; m < BASES; m++) {
        alpha[m] = (double)b1[m];
        for (int i = 0; i < 5; i++)
            alpha[m] += (double)w1[m * 5 + i] * hidden[i];
        alpha[m] = exp(alpha[m]);
        sum += alpha[m];
    }
    for (int m = 0; m < BASES; m++)
        alpha[m] /= sum;
}

static double mixed(const struct parts *a, int index, int row, const double alpha[BASES], bool exponential)
{
    double sum = 0;
    for (int m = 0; m < BASES; m++) {
        double base = (double)params_value(&a->p, index)[row * BASES + m];
        sum += alpha[m] * (exponential ? exp(base) : base);
    }
    return sum;
}

static void assert_near(double got, double expected)
{
    if (!(fabs(got - expected) < 1e-12))
        fail_msg("expected %.15g, got %.15g", expected, got);
}

/* All of one lane: F, B u, Q and the mean. */
static void compare_lane(const struct parts *a, const double *z, const double *u, const struct transition_at *at, const var *mean, int l)
{
    double zu[DZ + 2], alpha[BASES];
    memcpy(zu, z, DZ * sizeof *z);
    for (int j = 0; j < a->du; j++)
        zu[DZ + j] = u[j];
    mixture(a, zu, alpha);
    for (int i = 0; i < DZ; i++) {
        double expected = 0;
        for (int j = 0; j < DZ; j++) {
            double F = (i == j) + mixed(a, a->tr.F, i * DZ + j, alpha, false);
            assert_near((double)at->F->v[(i * DZ + j) * at->F->ld + l], F);
            expected += F * z[j];
        }
        for (int j = 0; j < a->du; j++)
            expected += mixed(a, a->tr.B, i * a->du + j, alpha, false) * u[j];
        assert_near((double)mean->v[i * mean->ld + l], expected);
        assert_near((double)at->Q->v[i * at->Q->ld + l], mixed(a, a->tr.log_Q, i, alpha, true) + VARIANCE_FLOOR);
    }
}

static void mixes_its_bases(int du, bool controls)
{
    struct parts a = parts_open(du);
    struct tape *t = tape_new();
    tape_begin(t, &a.p, NULL, 0);
    var *z = constant(t, DZ, LANES), *u = controls ? constant(t, du, LANES) : NULL;
    for (int i = 0; i < DZ * LANES; i++)
        z->v[i] = check_draw(1, i);
    for (int i = 0; controls && i < du * LANES; i++)
        u->v[i] = check_draw(2, i);
    struct transition_at at = transition_apply(t, &a.tr, z, u);
    var *mean = transition_mean(t, &at, z);
    struct gauss p = transition_gauss(t, &a.tr, z, u);
    assert_int_equal(at.push != NULL, du > 0);
    for (int i = 0; i < DZ * LANES; i++)
        assert_true(p.mean->v[i] == mean->v[i] && p.variance->v[i] == at.Q->v[i]);
    for (int l = 0; l < LANES; l++) {
        double one[DZ], control[2] = {0, 0};
        for (int i = 0; i < DZ; i++)
            one[i] = (double)z->v[i * z->ld + l];
        for (int i = 0; controls && i < du; i++)
            control[i] = (double)u->v[i * u->ld + l];
        compare_lane(&a, one, control, &at, mean, l);
    }
    tape_free(t);
    params_free(&a.p);
}

static void with_controls(void **state)
{
    (void)state;
    mixes_its_bases(2, true);
}

static void without_controls(void **state)
{
    (void)state;
    mixes_its_bases(0, false);
}

/* No controls given to a transition that knows some: they are 0. */
static void absent_controls_are_zero(void **state)
{
    (void)state;
    mixes_its_bases(2, false);
}

/* Equal bases: the mixture does not matter, the step is linear. */
static void equal_bases_are_linear(void **state)
{
    (void)state;
    struct parts a = parts_open(1);
    for (int i = 0; i < DZ * DZ * BASES; i++)
        params_value(&a.p, a.tr.F)[i] = check_draw(3, i / BASES);
    for (int i = 0; i < DZ * BASES; i++)
        params_value(&a.p, a.tr.B)[i] = check_draw(4, i / BASES);
    struct tape *t = tape_new();
    tape_begin(t, &a.p, NULL, 0);
    var *z = constant(t, DZ, 3), *u = constant(t, 1, 3);
    for (int i = 0; i < DZ; i++) {
        z->v[i * 3] = check_draw(5, i);
        z->v[i * 3 + 1] = check_draw(6, i);
        z->v[i * 3 + 2] = 2 * z->v[i * 3] - 3 * z->v[i * 3 + 1];
    }
    u->v[0] = 0.3, u->v[1] = -1, u->v[2] = 2 * u->v[0] - 3 * u->v[1];
    struct transition_at at = transition_apply(t, &a.tr, z, u);
    var *mean = transition_mean(t, &at, z);
    for (int i = 0; i < DZ; i++)
        assert_near((double)mean->v[i * 3 + 2], (double)(2 * mean->v[i * 3] - 3 * mean->v[i * 3 + 1]));
    tape_free(t);
    params_free(&a.p);
}

/* L diag(Q) Lᵀ of one lane, L = [I C; 0 I]. */
static void compare_noise(const struct parts *a, const var *Q, const var *noise, int l)
{
    int K = a->tr.positions, n = DZ - K;
    double L[DZ][DZ] = {{0}};
    for (int i = 0; i < DZ; i++)
        for (int j = 0; j < DZ; j++)
            L[i][j] = i < K && j >= K ? (double)params_value(&a->p, a->tr.C)[i * n + j - K] : i == j;
    for (int i = 0; i < DZ; i++)
        for (int j = 0; j < DZ; j++) {
            double sum = 0;
            for (int k = 0; k < DZ; k++)
                sum += L[i][k] * (double)Q->v[k * Q->ld + l] * L[j][k];
            assert_near((double)noise->v[(i * DZ + j) * noise->ld + l], sum);
        }
}

/* z = (p, v) of one lane by plain loops: v' mixed, p' = p + C v'; and F is what z is multiplied by. */
static void compare_positions(const struct parts *a, const double *z, const double *u, const struct transition_at *at, const var *mean,
                              int l)
{
    int K = a->tr.positions, n = DZ - K;
    double zu[DZ + 2], alpha[BASES], next[DZ], F[DZ][DZ];
    memcpy(zu, z, DZ * sizeof *z);
    memcpy(zu + DZ, u, 2 * sizeof *u);
    mixture(a, zu, alpha);
    for (int i = 0; i < n; i++) {
        next[K + i] = 0;
        for (int j = 0; j < DZ; j++) {
            F[K + i][j] = (K + i == j) + mixed(a, a->tr.F, i * DZ + j, alpha, false);
            next[K + i] += F[K + i][j] * z[j];
        }
        for (int j = 0; j < a->du; j++)
            next[K + i] += mixed(a, a->tr.B, i * a->du + j, alpha, false) * u[j];
    }
    for (int i = 0; i < K; i++) {
        next[i] = z[i];
        for (int j = 0; j < DZ; j++)
            F[i][j] = i == j;
        for (int v = 0; v < n; v++) {
            double C = (double)params_value(&a->p, a->tr.C)[i * n + v];
            next[i] += C * next[K + v];
            for (int j = 0; j < DZ; j++)
                F[i][j] += C * F[K + v][j];
        }
    }
    for (int i = 0; i < DZ; i++) {
        assert_near((double)mean->v[i * mean->ld + l], next[i]);
        for (int j = 0; j < DZ; j++)
            assert_near((double)at->F->v[(i * DZ + j) * at->F->ld + l], F[i][j]);
        assert_near((double)at->Q->v[i * at->Q->ld + l], mixed(a, a->tr.log_Q, i, alpha, true) + VARIANCE_FLOOR);
    }
}

static void positions_move_by_velocities(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        struct parts a = parts_of(k & 1 ? 2 : 0, 1 + k / 2);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *z = constant(t, DZ, LANES), *u = constant(t, 2, LANES);
        for (int i = 0; i < DZ * LANES; i++)
            z->v[i] = check_draw(1, i);
        for (int i = 0; i < 2 * LANES; i++)
            u->v[i] = check_draw(2, i);
        struct transition_at at = transition_apply(t, &a.tr, z, a.du > 0 ? u : NULL);
        var *mean = transition_mean(t, &at, z);
        var *noise = transition_noise(t, &a.tr, &at), *variance = transition_gauss(t, &a.tr, z, a.du > 0 ? u : NULL).variance;
        for (int l = 0; l < LANES; l++) {
            double one[DZ], control[2];
            for (int i = 0; i < DZ; i++)
                one[i] = (double)z->v[i * z->ld + l];
            for (int i = 0; i < 2; i++)
                control[i] = (double)u->v[i * u->ld + l];
            compare_positions(&a, one, control, &at, mean, l);
            compare_noise(&a, at.Q, noise, l);
            for (int i = 0; i < DZ * DZ; i++)
                assert_true(variance->v[i * variance->ld + l] == noise->v[i * noise->ld + l]);
        }
        tape_free(t);
        params_free(&a.p);
    }
}

/* At first a velocity is what a position moves in a step; where there are fewer, one moves several. */
static void start_of_positions(void **state)
{
    (void)state;
    for (int K = 1; K <= 2; K++) {
        struct params p;
        struct transition_settings s = {.bases = 2, .hidden = {1, {5}}, .variance = 0.02, .positions = K};
        params_init(&p);
        struct transition tr = transition_declare(&p, DZ, 1, &s, 3);
        assert_int_equal(p.entry[tr.F].rows, (DZ - K) * DZ);
        assert_int_equal(p.entry[tr.B].rows, DZ - K);
        for (int i = 0; i < 2; i++)
            assert_true(params_value(&p, tr.C)[i] == (K == 2 || i == 0 ? 1 : 0));
        params_free(&p);
    }
}

/* One Q for all states: no mixture, the rest as ever. */
static void shared_noise(void **state)
{
    (void)state;
    struct params p, q;
    struct transition_settings s = {.bases = BASES, .hidden = {1, {5}}, .base_spread = 0.1, .mixing_gain = 1, .variance = 0.02};
    params_init(&p);
    params_init(&q);
    struct transition mixed_noise = transition_declare(&p, DZ, 0, &s, 3);
    s.shared_noise = true;
    struct transition tr = transition_declare(&q, DZ, 0, &s, 3);
    assert_true(q.entry[tr.log_Q].rows == DZ && q.entry[tr.log_Q].cols == 1);
    assert_int_equal(q.size, p.size - DZ * (BASES - 1));
    for (int i = 0; i < DZ; i++)
        params_value(&q, tr.log_Q)[i] = (real)(-1 - i);
    struct tape *t = tape_new();
    tape_begin(t, &q, NULL, 0);
    var *z = constant(t, DZ, LANES);
    for (int i = 0; i < DZ * LANES; i++)
        z->v[i] = check_draw(1, i);
    struct transition_at at = transition_apply(t, &tr, z, NULL);
    var *mean = transition_mean(t, &at, z);
    for (int l = 0; l < LANES; l++)
        for (int i = 0; i < DZ; i++)
            assert_near((double)at.Q->v[i * at.Q->ld + l], exp(-1 - i) + VARIANCE_FLOOR);
    double means[DZ * LANES];
    for (int i = 0; i < DZ * LANES; i++)
        means[i] = (double)mean->v[(i / LANES) * mean->ld + i % LANES];
    tape_begin(t, &p, NULL, 0);
    var *again = constant(t, DZ, LANES);
    for (int i = 0; i < DZ * LANES; i++)
        again->v[i] = check_draw(1, i);
    at = transition_apply(t, &mixed_noise, again, NULL);
    mean = transition_mean(t, &at, again);
    for (int i = 0; i < DZ * LANES; i++)
        assert_near((double)mean->v[(i / LANES) * mean->ld + i % LANES], means[i]);
    tape_free(t);
    params_free(&p);
    params_free(&q);
}

static var *build_all(struct tape *t, var *const *x, const void *arg)
{
    const struct parts *a = arg;
    struct transition_at at = transition_apply(t, &a->tr, x[0], a->du > 0 ? x[1] : NULL);
    return stack_rows(t, 3, (var *const[]){at.F, transition_noise(t, &a->tr, &at), transition_mean(t, &at, x[0])});
}

/* By state and control; by its parameters with the whole loss in ekvae_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < 18; k++) {
        int du = k % 3, positions = k / 3 % 3;
        struct parts a = parts_made(du, positions, k >= 9);
        struct check c = {
            .build = build_all, .arg = &a, .in = {{DZ, LANES, CHECK_ANY, NULL}, {du, LANES, CHECK_ANY, NULL}}, .params = &a.p};
        double worst = check_worst(c);
        if (!(worst < 1e-6))
            fail_msg("du %d, %d positions: error %g", du, positions, worst);
        params_free(&a.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_values),
        cmocka_unit_test(pushed_start),
        cmocka_unit_test(positions_move_by_velocities),
        cmocka_unit_test(start_of_positions),
        cmocka_unit_test(shared_noise),
        cmocka_unit_test(centred_bases),
        cmocka_unit_test(mixing_gain),
        cmocka_unit_test(with_controls),
        cmocka_unit_test(without_controls),
        cmocka_unit_test(absent_controls_are_zero),
        cmocka_unit_test(equal_bases_are_linear),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
