/* The Kalman VAE: its LSTM and its matrices in plain loops, its beliefs and its whole bound by the conditioned joint Gaussian (dense.h),
 * also by the joint-sample form of the rate; and what holds for any model: gradients, batches, ends, gaps, online use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kvae_small.h"

static void assert_near(const char *what, int lane, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s, lane %d: expected %.15g, got %.15g", what, lane, expected, got);
}

static void batch_of(struct batch *b, const struct model *m, const struct record r[3])
{
    size_t T = 0;
    for (int i = 0; i < 3; i++)
        T = record_steps(&r[i]) > T ? record_steps(&r[i]) : T;
    batch_fill(b, r, any_all, 3, ANY_DX, m->du, 0, (int)T);
}

/* ---- beliefs and memory ---- */

static void compare_belief(const char *what, const struct dense *s, int upto, int step, const struct inferred *z, int lane)
{
    double mean[N], cov[N * N];
    dense_condition(s, upto, step, mean, cov);
    for (int i = 0; i < N; i++)
        assert_near(what, lane, any_number(z->mean, i, step * 3 + lane), mean[i], 1e-9);
    for (int i = 0; i < N * N; i++)
        assert_near(what, lane, any_number(z->cov, i, step * 3 + lane), cov[i], 1e-9);
}

static void compare_memory(const struct unrolled *u, int step, const struct inferred *z, int lane)
{
    int l = step * 3 + lane;
    assert_int_equal(z->memory->rows, MEMORY);
    for (int i = 0; i < 2 * UNITS; i++)
        assert_near("memory", lane, any_number(z->memory, i, l), u->memory[step][i], 1e-10);
    for (int i = 0; i < D; i++)
        assert_near("what the memory reads next", lane, any_number(z->memory, 2 * UNITS + i, l), u->fed[step][i], 1e-10);
    assert_true(any_number(z->memory, MEMORY - 1, l) == 1);
}

static void beliefs_of(int du, bool vhp, bool gaps)
{
    struct model *m = small_kvae(du, vhp);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, du, gaps);
    batch_of(&b, m, r);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred filtered = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
    struct inferred smoothed = m->kind->infer(m, t, &b, &any_off, INFER_SMOOTHED, NULL);
    struct loss surprise = m->kind->surprise(m, t, &b, &any_off);
    for (int l = 0; l < 3; l++) {
        double told[2];
        struct unrolled u = unroll(m, &r[l], true);
        for (int step = 0; step < u.s.T; step++) {
            compare_belief("filtered", &u.s, step + 1, step, &filtered, l);
            compare_belief("smoothed", &u.s, u.s.T, step, &smoothed, l);
            compare_memory(&u, step, &filtered, l);
            compare_memory(&u, step, &smoothed, l);
        }
        dense_surprise(&u.s, told);
        assert_near("squares of innovations", l, any_number(surprise.distortion, 0, l), told[0], 1e-9);
        assert_near("their volume", l, any_number(surprise.rate, 0, l), told[1], 1e-9);
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

static void beliefs_are_conditioned_gaussians(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++)
        beliefs_of(k & 1 ? 2 : 0, k & 2, k & 4);
}

/* Behind a sequence's end belief and memory stay as they were at its last step. */
static void nothing_moves_behind_the_end(void **state)
{
    (void)state;
    for (int gaps = 0; gaps < 2; gaps++) { /* with gaps and without, the LSTM takes two ways */
        struct model *m = small_kvae(1, true);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        for (int i = 0; i < 3; i++)
            fixture_record(&r[i], i, 6 - 2 * i, ANY_DX, 1);
        if (gaps)
            fixture_mask(&r[1], "1010");
        batch_of(&b, m, r);
        tape_begin(t, &m->params, NULL, 0);
        for (int how = 0; how < 2; how++) {
            struct inferred z = m->kind->infer(m, t, &b, &any_off, how ? INFER_FILTERED : INFER_SMOOTHED, NULL);
            var *all[] = {z.mean, z.cov, z.memory};
            for (int l = 1; l < 3; l++)
                for (int step = 6 - 2 * l; step < 6; step++)
                    for (int a = 0; a < 3; a++)
                        for (int i = 0; i < all[a]->rows; i++)
                            assert_near("behind the end", l, any_number(all[a], i, step * 3 + l),
                                        any_number(all[a], i, (5 - 2 * l) * 3 + l), 1e-12);
        }
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

/* ---- the bound ---- */

static double log_normal_one(double x, double mean, double variance)
{
    return plain_log_normal(1, &x, &(struct plain_gauss){{mean}, {variance}, 0});
}

/* C P⁻ Cᵀ + R of step t, and C m⁻. */
static void plain_prediction(const struct dense *s, int t, double a[D], double S[D * D])
{
    double mean[N], cov[N * N];
    dense_condition(s, t, t, mean, cov);
    plain_apply(s->H[t], D, N, mean, a);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            S[i * D + j] = i == j ? s->R[i] : 0;
            for (int k = 0; k < N; k++)
                for (int l = 0; l < N; l++)
                    S[i * D + j] += s->H[t][i * N + k] * cov[k * N + l] * s->H[t][j * N + l];
        }
}

/* ln p(z_1): the standard normal's, or F_VHP with ζ at its mean. */
static double first_log_density(const struct model *m, const double *z)
{
    struct plain_gauss unit = plain_standard();
    if (model_settings(m)->prior == PRIOR_NORMAL)
        return plain_log_normal(N, z, &unit);
    return -plain_first_rate(m, &unit, z, N, 0, &any_off) - 0.5 * N * log(2 * M_PI * M_E); /* the entropy of a unit Gaussian out again */
}

struct plain_loss {
    double distortion, rate;
};

/* 𝒟 and ℛ of one sequence where every sample is its mean. */
static struct plain_loss plain_bound(struct model *m, const struct record *r)
{
    struct unrolled u = unroll(m, r, false);
    struct plain_loss sum = {0, 0};
    double z1[N], cov[N * N];
    for (int s = 0; s < u.s.T; s++) {
        struct plain_gauss a = plain_code(m, r, s);
        double expected[D], S[D * D], V[D * D] = {0}, d[D], decoded[PLAIN_MOST];
        plain_prediction(&u.s, s, expected, S);
        for (int i = 0; i < D; i++) {
            V[i * D + i] = a.variance[i];
            d[i] = a.mean[i] - expected[i];
        }
        sum.rate += u.s.seen[s] ? dense_kl(D, d, V, S) : 0;
        plain_net(m, "decoder", 2, false, a.mean, decoded);
        sum.distortion += plain_distortion(m, r, s, decoded);
    }
    if (model_settings(m)->prior == PRIOR_NORMAL)
        return sum;
    dense_condition(&u.s, u.s.T, 0, z1, cov);
    sum.rate -= first_log_density(m, z1);
    for (int i = 0; i < N; i++)
        sum.rate += log_normal_one(z1[i], u.s.m[i], u.s.P[i * N + i]);
    return sum;
}

static void bound_of(int du, bool vhp, bool gaps)
{
    struct model *m = small_kvae(du, vhp);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, du, gaps);
    batch_of(&b, m, r);
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &any_off);
    assert_true(loss.distortion->rows == 1 && loss.distortion->lanes == 3 && loss.rate->rows == 1 && loss.rate->lanes == 3);
    for (int l = 0; l < 3; l++) {
        struct plain_loss expected = plain_bound(m, &r[l]);
        assert_near("distortion", l, any_number(loss.distortion, 0, l), expected.distortion, 1e-10);
        assert_near("rate", l, any_number(loss.rate, 0, l), expected.rate, 1e-8);
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

static void bound_by_hand(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++)
        bound_of(k & 1 ? 2 : 0, k & 2, k & 4);
}

/* ---- the joint-sample form of the rate ----
 *
 * Σ ln q(a_t|x_t) − Σ ln N(a_t; C_t z_t, R) − ln p(z_1) − Σ ln N(z_t; A_t z_{t−1} + B_t u_{t−1}, Q) + ln p(z_1..z_T|a) for any z: the
 * smoothed joint from the precision of all states together, and no filter. */

/* Adds weight · (row)ᵀ(row) to the precision and weight · row · target to the linear term; row has entries at two places. */
static void add_factor(double A[DENSE_Z][DENSE_Z], double *linear, double weight, const double *row, double target, int n)
{
    for (int i = 0; i < n; i++) {
        linear[i] += weight * row[i] * target;
        for (int j = 0; j < n; j++)
            A[i][j] += weight * row[i] * row[j];
    }
}

/* Precision and linear term of p(z|a); returns ln of p(a, z) at the path z, but for the density of z_1. */
static double joint(const struct dense *s, const double *z, double A[DENSE_Z][DENSE_Z], double *linear)
{
    int n = s->n * s->T;
    double sum = 0;
    memset(A, 0, sizeof(double) * DENSE_Z * DENSE_Z);
    memset(linear, 0, sizeof(double) * DENSE_Z);
    for (int t = 0; t < s->T; t++) {
        for (int i = 0; i < s->n; i++) {
            double row[DENSE_Z] = {0}, mean = t > 0 ? s->b[t - 1][i] : s->m[i], variance = t > 0 ? s->Q[t - 1][i] : s->P[i * s->n + i];
            row[t * s->n + i] = 1;
            for (int j = 0; j < s->n && t > 0; j++)
                row[(t - 1) * s->n + j] = -s->F[t - 1][i * s->n + j];
            add_factor(A, linear, 1 / variance, row, mean, n);
            double value = 0;
            for (int k = 0; k < n; k++)
                value += row[k] * z[k];
            sum += t > 0 ? log_normal_one(value, mean, variance) : 0;
        }
        for (int i = 0; i < s->d && s->seen[t]; i++) {
            double row[DENSE_Z] = {0}, value = 0;
            for (int j = 0; j < s->n; j++)
                row[t * s->n + j] = s->H[t][i * s->n + j];
            add_factor(A, linear, 1 / s->R[i], row, s->a[t][i], n);
            for (int k = 0; k < n; k++)
                value += row[k] * z[k];
            sum += log_normal_one(value, s->a[t][i], s->R[i]);
        }
    }
    return sum;
}

/* ln p(z|a) at the path z. */
static double log_posterior(int n, double A[DENSE_Z][DENSE_Z], const double *linear, const double *z)
{
    double copy[DENSE_Z][DENSE_Z], mean[DENSE_Z], quadratic = 0;
    memcpy(copy, A, sizeof copy);
    memcpy(mean, linear, sizeof mean);
    double log_det = dense_solve(n, &copy[0][0], 1, mean, DENSE_Z, 1);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            quadratic += (z[i] - mean[i]) * A[i][j] * (z[j] - mean[j]);
    return 0.5 * (log_det - n * log(2 * M_PI) - quadratic);
}

/* The rate with a at its means: the joint-sample form, and what the mean over q(a_t|x_t) adds to a value at its mean. */
static double joint_rate(struct model *m, const struct record *r, int path)
{
    static double A[DENSE_Z][DENSE_Z];
    struct unrolled u = unroll(m, r, false);
    double z[DENSE_Z] = {0}, linear[DENSE_Z], cov[N * N], rate;
    for (int i = 0; i < N * u.s.T; i++)
        z[i] = 1.5 * fixture_draw(path, 9, i);
    if (model_settings(m)->prior == PRIOR_VHP) /* F_VHP is no Gaussian: it is taken at the model's own z_1 */
        dense_condition(&u.s, u.s.T, 0, z, cov);
    rate = -joint(&u.s, z, A, linear);
    rate += log_posterior(N * u.s.T, A, linear, z);
    rate -= first_log_density(m, z);
    for (int s = 0; s < u.s.T; s++) {
        double a[D], S[D * D], inverse[D * D] = {1, 0, 0, 1};
        struct plain_gauss q = plain_code(m, r, s);
        plain_prediction(&u.s, s, a, S);
        dense_solve(D, S, D, inverse, D, D);
        for (int i = 0; i < D && u.s.seen[s]; i++)
            rate += log_normal_one(0, 0, q.variance[i]) + 0.5 * (inverse[i * D + i] * q.variance[i] - 1);
    }
    return rate;
}

static void rate_is_that_of_any_joint_sample(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        bool vhp = k & 1, gaps = k & 2;
        struct model *m = small_kvae(1, vhp);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        any_records(r, 1, gaps);
        batch_of(&b, m, r);
        tape_begin(t, &m->params, NULL, 0);
        struct loss loss = m->kind->loss(m, t, &b, &any_off);
        for (int l = 0; l < 3; l++)
            for (int path = 0; path < 3; path++)
                assert_near("joint-sample form", l, any_number(loss.rate, 0, l), joint_rate(m, &r[l], path), 1e-8);
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

/* The closed form of each term is the mean over q(a_t|x_t): many draws of the noise against one with the same samples behind, of a sequence
 * of one step, where nothing comes after. */
static void terms_are_means_over_the_encoder(void **state)
{
    (void)state;
    enum { DRAWS = 4000 };
    struct model *m = small_kvae(0, false);
    struct record r;
    struct batch b;
    struct tape *t = tape_new();
    double sum = 0, square = 0;
    fixture_record(&r, 0, 1, ANY_DX, 0);
    batch_fill(&b, &r, (const int[]){0}, 1, ANY_DX, 0, 0, 1);
    tape_begin(t, &m->params, NULL, 0);
    double closed = any_number(m->kind->loss(m, t, &b, &any_noisy).rate, 0, 0), a[D], S[D * D];
    struct unrolled u = unroll(m, &r, false);
    struct plain_gauss c = plain_code(m, &r, 0);
    for (int i = 0; i < DRAWS; i++) {
        double value = 0, d[D], inverse[D * D] = {1, 0, 0, 1};
        plain_prediction(&u.s, 0, a, S);
        for (int j = 0; j < D; j++) {
            double e = fixture_draw(i, 8, j);
            d[j] = c.mean[j] + sqrt(c.variance[j]) * e - a[j];
            value += log_normal_one(e, 0, 1) - 0.5 * log(c.variance[j]);
        }
        value += 0.5 * (D * log(2 * M_PI) + dense_solve(D, S, D, inverse, D, D));
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                value += 0.5 * d[j] * inverse[j * D + k] * d[k];
        sum += value;
        square += value * value;
    }
    double mean = sum / DRAWS, error = sqrt((square / DRAWS - mean * mean) / DRAWS);
    assert_true(error < 0.05);
    assert_near("mean of the sampled rate", 0, mean, closed, 5 * error / fmax(1, fabs(closed)));
    tape_free(t);
    batch_free(&b);
    record_clear(&r);
    model_free(m);
}

/* ---- what holds for any model ---- */

static const struct any normal = {.kind = "kvae", .settings = KVAE_SMALL, .du = 1};
static const struct any hierarchical = {.kind = "kvae", .settings = KVAE_SMALL, .du = 1, .vhp = true};

static void gradients(void **state)
{
    (void)state;
    for (int gaps = 0; gaps < 2; gaps++) {
        any_gradient(&normal, gaps, 0, 1);
        any_gradient(&hierarchical, gaps, 0, 1);
    }
}

static void gradients_of_other_shapes(void **state)
{
    (void)state;
    struct any other[] = {hierarchical, hierarchical, normal, hierarchical};
    other[0].du = 0;
    other[1].settings = "\"latent\": 2, \"aux\": 2, \"vhp_latent\": 1, \"bases\": 2, \"lstm_units\": 3";
    other[2].settings = "\"latent\": 4, \"aux\": 1, \"bases\": 1, \"lstm_units\": 2";
    for (int i = 0; i < 3; i++)
        any_gradient(&other[i], i != 1, 0, i == 2 ? 0.7 : 1); /* with one base matrix the LSTM counts for nothing */
    other[3].du = 2;
    for (int T = 1; T < 3; T++) /* one step: no transition at all */
        any_gradient(&other[3], false, T, 0);
}

static void a_fault_is_caught(void **state)
{
    (void)state;
    any_gradient_fault(&hierarchical);
}

static void sequences_do_not_see_each_other(void **state)
{
    (void)state;
    for (int gaps = 0; gaps < 2; gaps++) {
        any_side_by_side(&normal, gaps);
        any_side_by_side(&hierarchical, gaps);
    }
    any_ends(&hierarchical, INFER_SMOOTHED);
    any_ends(&hierarchical, INFER_FILTERED);
}

static void unseen_tail_is_no_tail(void **state)
{
    (void)state;
    for (int by_mask = 0; by_mask < 2; by_mask++) {
        any_unseen_tail(&normal, by_mask);
        any_unseen_tail(&hierarchical, by_mask);
    }
}

static void filtered_is_the_last_of_smoothed(void **state)
{
    (void)state;
    any_beginnings(&hierarchical, false);
    any_beginnings(&hierarchical, true);
}

static void filter_goes_on_from_its_carry(void **state)
{
    (void)state;
    struct any still = normal;
    still.du = 0;
    any_cuts(&hierarchical);
    any_cuts(&still);
}

/* A sequence that has ended leaves in the carry what it leaves alone. */
static void carry_stays_as_at_the_end(void **state)
{
    (void)state;
    for (int gaps = 0; gaps < 2; gaps++) {
        struct model *m = small_kvae(0, true);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        struct carry all = carry_new(m, 3), alone = carry_new(m, 1);
        for (int i = 0; i < 3; i++)
            fixture_record(&r[i], i, 6 - 2 * i, ANY_DX, 0);
        if (gaps)
            fixture_mask(&r[2], "01");
        batch_of(&b, m, r);
        tape_begin(t, &m->params, NULL, 0);
        m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, &all);
        batch_free(&b);
        batch_fill(&b, r, (const int[]){2}, 1, ANY_DX, 0, 0, 2);
        m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, &alone);
        for (int i = 0; i < alone.rows; i++)
            assert_near("carry", i, (double)all.v[i * 3 + 2], (double)alone.v[i], 1e-12);
        carry_free(&all);
        carry_free(&alone);
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

/* ---- prediction ---- */

/* Lanes of `part` are those from 3·step on of `whole`. */
static void compare_lanes(const char *what, const var *part, const var *whole, int step)
{
    assert_int_equal(part->rows, whole->rows);
    for (int i = 0; i < part->rows; i++)
        for (int l = 0; l < part->lanes; l++)
            assert_near(what, l, any_number(part, i, l), any_number(whole, i, 3 * step + l), 1e-12);
}

/* A step from z and what the LSTM holds, by hand; *state goes on. a: what it reads, NULL: C z. */
static void plain_step(struct model *m, double z[N], const double *u, double state[2 * UNITS], const double *a)
{
    struct plain_matrices now = plain_matrices_of(m, state);
    double read[D], next[N], push[N];
    plain_apply(now.C, D, N, z, read);
    plain_lstm(m, state, a ? a : read);
    now = plain_matrices_of(m, state);
    plain_apply(now.A, N, N, z, next);
    plain_apply(now.B, N, m->du, u, push);
    for (int i = 0; i < N; i++)
        z[i] = next[i] + push[i];
}

/* From a belief's memory, whose a_t is known, and two steps on, where it is C z; the state is not the mean at any step. */
static void steps_and_decoding_by_hand(void **state)
{
    (void)state;
    struct model *m = small_kvae(2, true);
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    double z[N] = {0.3, -1, 2}, u[2] = {0.5, -0.25}, hidden[2 * UNITS] = {0.1, -0.4, 0.3, 0.7, -0.2, 0.5}, a[D] = {0.8, -0.6}, x[ANY_DX];
    real zr[N], ur[2] = {(real)0.5, (real)-0.25}, mem[MEMORY];
    for (int i = 0; i < 2 * UNITS; i++)
        mem[i] = (real)hidden[i];
    mem[2 * UNITS] = (real)a[0], mem[2 * UNITS + 1] = (real)a[1], mem[MEMORY - 1] = 1;
    var *memory = leaf(t, MEMORY, 1, mem);
    for (int step = 0; step < 3; step++) {
        struct plain_matrices p = plain_matrices_of(m, hidden);
        double seen[D];
        for (int i = 0; i < N; i++)
            zr[i] = (real)z[i];
        struct latent now = {leaf(t, N, 1, zr), memory};
        var *decoded = m->kind->decode(m, t, now);
        plain_apply(p.C, D, N, z, seen);
        plain_net(m, "decoder", 2, false, seen, x);
        for (int i = 0; i < ANY_DX; i++)
            assert_near("x", step, any_number(decoded, i, 0), x[i], 1e-12);
        struct gauss next = m->kind->step(m, t, now, leaf(t, 2, 1, ur), &memory);
        plain_step(m, z, u, hidden, step == 0 ? a : NULL);
        for (int i = 0; i < N; i++) {
            assert_near("mean", step, any_number(next.mean, i, 0), z[i], 1e-12);
            assert_near("variance", step, any_number(next.variance, i, 0), plain_variance(m, "log_Q", i), 1e-12);
            z[i] += 0.1 * (i + 1); /* as if it had been drawn */
        }
        for (int i = 0; i < 2 * UNITS; i++)
            assert_near("memory", step, any_number(memory, i, 0), hidden[i], 1e-12);
    }
    tape_free(t);
    model_free(m);
}

/* Steps without a frame are what a rollout of means does: the same states, the same memory's states, the same frames. */
static void rollout_is_filtering_without_frames(void **state)
{
    (void)state;
    for (int du = 0; du < 2; du++) {
        struct model *m = small_kvae(du, true);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        for (int i = 0; i < 3; i++) {
            fixture_record(&r[i], i, 6, ANY_DX, du);
            fixture_mask(&r[i], "111000");
        }
        batch_of(&b, m, r);
        tape_begin(t, &m->params, NULL, 0);
        struct inferred all = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
        struct latent now = {step_of(t, all.mean, 2, 3), step_of(t, all.memory, 2, 3)};
        for (int s = 3; s < 6; s++) {
            var *u = du ? step_of(t, batch_value(t, b.u, 1, 18), s - 1, 3) : NULL, *memory = NULL;
            now.z = m->kind->step(m, t, now, u, &memory).mean;
            now.memory = memory;
            compare_lanes("state", now.z, all.mean, s);
            compare_lanes("memory", rows_of(t, memory, 0, 2 * UNITS), rows_of(t, all.memory, 0, 2 * UNITS), s);
            struct latent inferred = {step_of(t, all.mean, s, 3), step_of(t, all.memory, s, 3)};
            compare_lanes("frame", m->kind->decode(m, t, now), m->kind->decode(m, t, inferred), 0);
        }
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

/* A generated sequence begins with the LSTM's state that training begins with, and a_1 = C_1 z_1. */
static void generation_starts_where_filtering_does(void **state)
{
    (void)state;
    for (int vhp = 0; vhp < 2; vhp++) {
        struct model *m = small_kvae(1, vhp);
        struct tape *t = tape_new();
        struct batch lanes = {.T = 1, .B = 2, .dx = ANY_DX, .du = 1, .sequence = (uint32_t[]){4, 5}};
        double first[2 * UNITS];
        plain_first_memory(m, first);
        tape_begin(t, &m->params, NULL, 0);
        struct latent z = m->kind->start(m, t, &lanes, &any_noisy);
        assert_int_equal(z.memory->rows, m->kind->memory_rows(m));
        assert_int_equal(z.z->rows, N);
        assert_true(any_number(z.z, 0, 0) != any_number(z.z, 0, 1));
        for (int l = 0; l < 2; l++) {
            for (int i = 0; i < 2 * UNITS; i++)
                assert_near("first memory", l, any_number(z.memory, i, l), first[i], 1e-12);
            assert_true(any_number(z.memory, MEMORY - 1, l) == 0);
        }
        tape_free(t);
        model_free(m);
    }
}

/* ---- settings ---- */

static void aux_beyond_latent_is_refused(void **state)
{
    (void)state;
    const struct model_kind *kind = model_kind_find("kvae");
    void *settings = fixture_settings(kind, "{\"latent\": 2, \"aux\": 3}");
    struct error e;
    assert_null(model_new(kind, settings, 4, 1, NULL, 1, &e));
    assert_int_equal(e.code, DSSM_USAGE);
    assert_string_equal(e.text, "--aux: expected at most the latent size 2, got 3");
    free(settings);
}

/* The filter version learns by the same bound. */
static void filter_version_has_the_same_bound(void **state)
{
    (void)state;
    struct any filter = hierarchical;
    filter.filter = true;
    struct model *one = any_open(&hierarchical), *two = any_open(&filter);
    struct record r[3];
    double D2[2][3], R2[2][3];
    any_records(r, 1, true);
    any_loss(one, r, any_all, 3, D2[0], R2[0]);
    any_loss(two, r, any_all, 3, D2[1], R2[1]);
    assert_memory_equal(D2[0], D2[1], sizeof D2[0]);
    assert_memory_equal(R2[0], R2[1], sizeof R2[0]);
    any_records_close(r, 3);
    model_free(one);
    model_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beliefs_are_conditioned_gaussians),
        cmocka_unit_test(nothing_moves_behind_the_end),
        cmocka_unit_test(bound_by_hand),
        cmocka_unit_test(rate_is_that_of_any_joint_sample),
        cmocka_unit_test(terms_are_means_over_the_encoder),
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_of_other_shapes),
        cmocka_unit_test(a_fault_is_caught),
        cmocka_unit_test(sequences_do_not_see_each_other),
        cmocka_unit_test(unseen_tail_is_no_tail),
        cmocka_unit_test(filtered_is_the_last_of_smoothed),
        cmocka_unit_test(filter_goes_on_from_its_carry),
        cmocka_unit_test(carry_stays_as_at_the_end),
        cmocka_unit_test(steps_and_decoding_by_hand),
        cmocka_unit_test(rollout_is_filtering_without_frames),
        cmocka_unit_test(generation_starts_where_filtering_does),
        cmocka_unit_test(aux_beyond_latent_is_refused),
        cmocka_unit_test(filter_version_has_the_same_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
