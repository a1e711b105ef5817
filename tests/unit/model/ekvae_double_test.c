/* The extended Kalman VAE.
 *
 * With equal base matrices the model is linear, and its beliefs and its whole bound are computed by the conditioned joint
 * Gaussian (dense.h) and plain loops. Gradients: ekvae_gradient_double_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dense.h"
#include "ekvae_small.h"

static void assert_near(const char *what, int lane, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s, lane %d: expected %.15g, got %.15g", what, lane, expected, got);
}

/* ---- the linear special case ---- */

static struct model *linear_model(int du, bool filter)
{
    char json[400];
    snprintf(json, sizeof json,
             "{\"encoder\": [], \"decoder\": [], \"bases\": 3, \"transition_hidden\": [3], \"prior\": \"normal\", \"sigma_x2\": 0.1, "
             "\"start_variance\": 0.1, \"filter\": %s}",
             filter ? "true" : "false");
    struct model *m = fixture_model("ekvae", json, DX, du, 7);
    perturb(m, 0.3);
    static const char *const bases[] = {"transition.F_minus_I", "transition.log_Q", "transition.B"};
    for (int k = 0; k < (du > 0 ? 3 : 2); k++) {
        const struct param *e = &m->params.entry[params_find(&m->params, bases[k])];
        real *value = fixture_param(m, bases[k]);
        for (int i = 0; i < e->rows; i++)
            for (int j = 1; j < e->cols; j++)
                value[i * e->cols + j] = value[i * e->cols];
    }
    return m;
}

enum { N = 3, D = 2, BASES = 3 };

/* What the encoder says of one frame: mean and variance of a; the frame that the decoder makes of that mean. */
struct coded {
    double mean[D], variance[D], decoded[DX];
};

static struct coded code_frame(struct model *m, const double *x)
{
    const real *We = fixture_param(m, "encoder.0.weight"), *be = fixture_param(m, "encoder.0.bias");
    const real *Wd = fixture_param(m, "decoder.0.weight"), *bd = fixture_param(m, "decoder.0.bias");
    double out[2 * D];
    struct coded c;
    for (int i = 0; i < 2 * D; i++) {
        out[i] = (double)be[i];
        for (int j = 0; j < DX; j++)
            out[i] += (double)We[i * DX + j] * x[j];
    }
    for (int i = 0; i < D; i++) {
        c.mean[i] = out[i];
        c.variance[i] = exp(out[D + i]) + VARIANCE_FLOOR;
    }
    for (int i = 0; i < DX; i++) {
        c.decoded[i] = (double)bd[i];
        for (int j = 0; j < D; j++)
            c.decoded[i] += (double)Wd[i * D + j] * c.mean[j];
    }
    return c;
}

static bool was_seen(const struct record *r, int t)
{
    const struct array *mask = record_get(r, "mask");
    return !mask || array_get(mask, (size_t)t) > 0;
}

/* The model as a linear Gaussian one, a_t being the encoder's means. */
static struct dense dense_of(struct model *m, const struct record *r)
{
    struct dense s = {.n = N, .d = D, .T = (int)record_steps(r)};
    const double *x = record_get(r, "x")->data, *u = m->du > 0 ? record_get(r, "u")->data : NULL;
    for (int i = 0; i < N; i++) {
        s.m[i] = (double)fixture_param(m, "first.mean")[i];
        s.P[i * N + i] = exp((double)fixture_param(m, "first.log_variance")[i]) + VARIANCE_FLOOR;
    }
    for (int i = 0; i < D; i++)
        s.R[i] = exp((double)fixture_param(m, "log_R")[i]) + VARIANCE_FLOOR;
    for (int t = 0; t < s.T; t++) {
        memcpy(s.a[t], code_frame(m, x + t * DX).mean, sizeof s.a[t][0] * D);
        s.seen[t] = was_seen(r, t);
        for (int i = 0; i < D; i++)
            s.H[t][i * N + i] = 1;
        for (int i = 0; i < N * N; i++)
            s.F[t][i] = (i % (N + 1) == 0) + (double)fixture_param(m, "transition.F_minus_I")[i * BASES];
        for (int i = 0; i < N; i++) {
            s.Q[t][i] = exp((double)fixture_param(m, "transition.log_Q")[i * BASES]) + VARIANCE_FLOOR;
            for (int j = 0; j < m->du && t + 1 < s.T; j++)
                s.b[t][i] += (double)fixture_param(m, "transition.B")[(i * m->du + j) * BASES] * u[t * m->du + j];
        }
    }
    return s;
}

/* ---- beliefs ---- */

static void compare_belief(const char *what, const struct dense *s, int upto, int step, const struct inferred *z, int lanes, int lane)
{
    double mean[N], cov[N * N];
    int at = step * lanes + lane;
    dense_condition(s, upto, step, mean, cov);
    for (int i = 0; i < N; i++)
        assert_near(what, lane, (double)z->mean->v[i * z->mean->ld + at], mean[i], 1e-9);
    for (int i = 0; i < N * N; i++)
        assert_near(what, lane, (double)z->cov->v[i * z->cov->ld + at], cov[i], 1e-9);
}

static void beliefs_of(int du, bool gaps)
{
    struct model *m = linear_model(du, false);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    struct noise off = {1, 0, true};
    records_open(r, du, gaps);
    batch_fill(&b, r, (const int[]){0, 1, 2}, 3, DX, du, 0, longest(r, 3));
    tape_begin(t, &m->params, NULL, 0);
    struct inferred filtered = m->kind->infer(m, t, &b, &off, INFER_FILTERED, NULL);
    struct inferred smoothed = m->kind->infer(m, t, &b, &off, INFER_SMOOTHED, NULL);
    assert_null(smoothed.memory);
    for (int l = 0; l < 3; l++) {
        struct dense s = dense_of(m, &r[l]);
        for (int step = 0; step < s.T; step++) {
            compare_belief("filtered", &s, step + 1, step, &filtered, 3, l);
            compare_belief("smoothed", &s, s.T, step, &smoothed, 3, l);
        }
    }
    tape_free(t);
    batch_free(&b);
    records_close(r);
    model_free(m);
}

static void equal_bases_are_a_kalman_filter(void **state)
{
    (void)state;
    for (int du = 0; du <= 2; du += 2)
        for (int gaps = 0; gaps < 2; gaps++)
            beliefs_of(du, gaps);
}

/* ---- the bound, every term by hand ---- */

static double plain_kl(int n, const double *m1, const double *v1, const double *m2, const double *v2)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += 0.5 * (log(v2[i] / v1[i]) + (v1[i] + (m1[i] - m2[i]) * (m1[i] - m2[i])) / v2[i] - 1);
    return sum;
}

/* 𝒟 and ℛ of one sequence where every sample is its mean (MATH: section 3 of the paper's equations 15, 17, 18). */
static void plain_bound(struct model *m, const struct record *r, bool filter, double *distortion, double *rate)
{
    struct dense s = dense_of(m, r);
    const double *x = record_get(r, "x")->data, sigma_x2 = 0.1;
    double before[N] = {0}, unit[N * N] = {0};
    for (int i = 0; i < N; i++)
        unit[i * N + i] = 1;
    *distortion = *rate = 0;
    for (int t = 0; t < s.T; t++) {
        struct coded c = code_frame(m, x + t * DX);
        double mean[N], cov[N * N], filtered[N], filtered_cov[N * N], expected[D], variance[D], d[N];
        dense_condition(&s, filter ? t + 1 : s.T, t, mean, cov);
        dense_condition(&s, t + 1, t, filtered, filtered_cov);
        for (int i = 0; i < D; i++) {
            expected[i] = t > 0 ? s.b[t - 1][i] : mean[i];
            for (int j = 0; j < N && t > 0; j++)
                expected[i] += s.F[t - 1][i * N + j] * before[j];
            variance[i] = s.R[i] + (t > 0 ? s.Q[t - 1][i] : 0);
        }
        for (int i = 0; i < N; i++)
            d[i] = mean[i] - filtered[i];
        for (int i = 0; i < DX && s.seen[t]; i++)
            *distortion += 0.5 * (log(2 * M_PI * sigma_x2) + pow(x[t * DX + i] - c.decoded[i], 2) / sigma_x2);
        *rate += s.seen[t] ? plain_kl(D, c.mean, c.variance, expected, variance) : 0;
        *rate += t == 0 ? dense_kl(N, mean, cov, unit) : 0;
        *rate += t + 1 < s.T && !filter ? dense_kl(N, d, cov, filtered_cov) : 0;
        memcpy(before, mean, sizeof before);
    }
}

static void bound_of(int du, bool gaps, bool filter)
{
    struct model *m = linear_model(du, filter);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    records_open(r, du, gaps);
    batch_fill(&b, r, (const int[]){0, 1, 2}, 3, DX, du, 0, longest(r, 3));
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &(struct noise){1, 0, true});
    assert_int_equal(loss.distortion->lanes, 3);
    assert_int_equal(loss.rate->rows, 1);
    for (int l = 0; l < 3; l++) {
        double distortion, rate;
        plain_bound(m, &r[l], filter, &distortion, &rate);
        assert_near("distortion", l, (double)loss.distortion->v[l], distortion, 1e-10);
        assert_near(filter ? "filter's rate" : "smoother's rate", l, (double)loss.rate->v[l], rate, 1e-8);
    }
    tape_free(t);
    batch_free(&b);
    records_close(r);
    model_free(m);
}

static void bound_by_hand(void **state)
{
    (void)state;
    for (int du = 0; du <= 2; du += 2)
        for (int gaps = 0; gaps < 2; gaps++)
            for (int filter = 0; filter < 2; filter++)
                bound_of(du, gaps, filter);
}

/* ---- any model: batches, ends, online use ---- */

/* 𝒟 and ℛ of each picked sequence. */
static void loss_of(const struct model *m, const struct record *r, const int *pick, int B, double *distortion, double *rate)
{
    struct batch b;
    struct tape *t = tape_new();
    int T = 0;
    for (int i = 0; i < B; i++)
        T = (int)record_steps(&r[pick[i]]) > T ? (int)record_steps(&r[pick[i]]) : T;
    batch_fill(&b, r, pick, B, DX, m->du, 0, T);
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &noisy);
    for (int i = 0; i < B; i++) {
        distortion[i] = (double)loss.distortion->v[i];
        rate[i] = (double)loss.rate->v[i];
    }
    tape_free(t);
    batch_free(&b);
}

/* A sequence's bound does not depend on what stands beside it, nor on the order. */
static void batch_is_its_sequences(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct model *m = tiny(1, k & 1, k & 2, "");
        struct record r[3];
        double D3[3], R3[3], D1, R1;
        static const int order[] = {2, 0, 1};
        records_open(r, 1, k & 4);
        loss_of(m, r, order, 3, D3, R3);
        for (int i = 0; i < 3; i++) {
            loss_of(m, r, &order[i], 1, &D1, &R1);
            assert_near("distortion", i, D3[i], D1, 1e-11);
            assert_near("rate", i, R3[i], R1, 1e-11);
        }
        records_close(r);
        model_free(m);
    }
}

/* A tail that nobody saw, by mask or by NaN, costs nothing. */
static void unseen_tail_is_no_tail(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct model *m = tiny(1, k & 1, k & 2, "");
        struct record longer, shorter;
        double D2[2], R2[2];
        fixture_record(&longer, 0, 7, DX, 1);
        fixture_record(&shorter, 0, 4, DX, 1);
        if (k & 4)
            fixture_mask(&longer, "1111000");
        else
            for (int t = 4; t < 7; t++)
                ((double *)record_get(&longer, "x")->data)[t * DX + t % DX] = NAN;
        loss_of(m, &longer, (const int[]){0}, 1, &D2[0], &R2[0]);
        loss_of(m, &shorter, (const int[]){0}, 1, &D2[1], &R2[1]);
        assert_near("distortion", k, D2[0], D2[1], 1e-11);
        assert_near("rate", k, R2[0], R2[1], 1e-9);
        record_clear(&longer);
        record_clear(&shorter);
        model_free(m);
    }
}

/* A mask of ones is no mask. */
static void all_observed_is_no_mask(void **state)
{
    (void)state;
    struct model *m = tiny(1, true, false, "");
    struct record r[2];
    double D2[2], R2[2];
    for (int i = 0; i < 2; i++)
        fixture_record(&r[i], 0, 5, DX, 1);
    fixture_mask(&r[1], "11111");
    for (int i = 0; i < 2; i++)
        loss_of(m, &r[i], (const int[]){0}, 1, &D2[i], &R2[i]);
    assert_true(D2[0] == D2[1] && R2[0] == R2[1]);
    records_close((struct record[3]){r[0], r[1], {0}});
    model_free(m);
}

/* Steps in pieces, with a carry, are the steps at once. */
static void filter_goes_on_from_its_carry(void **state)
{
    (void)state;
    static const int pieces[][4] = {{6, 0}, {1, 2, 3, 0}, {3, 3, 0}};
    for (int du = 0; du <= 1; du++)
        for (int p = 0; p < 3; p++) {
            struct model *m = tiny(du, true, false, "");
            struct record r[3];
            struct batch whole, part;
            struct tape *t = tape_new(), *t2 = tape_new();
            struct carry carry = carry_new(m, 3);
            for (int i = 0; i < 3; i++)
                fixture_record(&r[i], i, 6, DX, du);
            fixture_mask(&r[1], "101101");
            batch_fill(&whole, r, (const int[]){0, 1, 2}, 3, DX, du, 0, 6);
            tape_begin(t, &m->params, NULL, 0);
            struct inferred all = m->kind->infer(m, t, &whole, &noisy, INFER_FILTERED, NULL);
            for (int i = 0, from = 0; pieces[p][i]; from += pieces[p][i++]) {
                batch_fill(&part, r, (const int[]){0, 1, 2}, 3, DX, du, from, pieces[p][i]);
                tape_begin(t2, &m->params, NULL, 0);
                struct inferred z = m->kind->infer(m, t2, &part, &noisy, INFER_FILTERED, &carry);
                assert_int_equal(carry.steps, from + pieces[p][i]);
                for (int row = 0; row < 3; row++)
                    for (int l = 0; l < 3 * pieces[p][i]; l++)
                        assert_near("mean", l, (double)z.mean->v[row * z.mean->ld + l],
                                    (double)all.mean->v[row * all.mean->ld + 3 * from + l], 1e-12);
                for (int row = 0; row < 9; row++)
                    for (int l = 0; l < 3 * pieces[p][i]; l++)
                        assert_near("cov", l, (double)z.cov->v[row * z.cov->ld + l], (double)all.cov->v[row * all.cov->ld + 3 * from + l],
                                    1e-12);
                batch_free(&part);
            }
            carry_free(&carry);
            tape_free(t);
            tape_free(t2);
            batch_free(&whole);
            records_close(r);
            model_free(m);
        }
}

/* ---- prediction ---- */

static void step_and_decode(void **state)
{
    (void)state;
    struct model *m = linear_model(2, false);
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    static const real z[N] = {0.3, -1, 2}, u[2] = {0.5, -0.25};
    struct latent now = {leaf(t, N, 1, z), NULL};
    var *memory = now.z;
    struct gauss next = m->kind->step(m, t, now, leaf(t, 2, 1, u), &memory);
    var *x = m->kind->decode(m, t, now);
    const real *F = fixture_param(m, "transition.F_minus_I"), *B = fixture_param(m, "transition.B"),
               *Wd = fixture_param(m, "decoder.0.weight");
    assert_null(memory);
    for (int i = 0; i < N; i++) {
        double mean = 0;
        for (int j = 0; j < N; j++)
            mean += ((i == j) + (double)F[(i * N + j) * BASES]) * (double)z[j];
        for (int j = 0; j < 2; j++)
            mean += (double)(B[(i * 2 + j) * BASES] * u[j]);
        assert_near("mean", i, (double)next.mean->v[i], mean, 1e-12);
        assert_near("variance", i, (double)next.variance->v[i],
                    exp((double)fixture_param(m, "transition.log_Q")[i * BASES]) + VARIANCE_FLOOR, 1e-12);
    }
    for (int i = 0; i < DX; i++)
        assert_near("x", i, (double)x->v[i], (double)(fixture_param(m, "decoder.0.bias")[i] + Wd[i * D] * z[0] + Wd[i * D + 1] * z[1]),
                    1e-12);
    tape_free(t);
    model_free(m);
}

/* ---- settings ---- */

static void aux_beyond_latent_is_refused(void **state)
{
    (void)state;
    const struct model_kind *kind = model_kind_find("ekvae");
    void *settings = fixture_settings(kind, "{\"latent\": 2, \"aux\": 3}");
    struct error e;
    assert_null(model_new(kind, settings, 4, 1, NULL, 1, &e));
    assert_int_equal(e.code, DSSM_USAGE);
    assert_string_equal(e.text, "--aux: expected at most the latent size 2, got 3");
    free(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bases_are_a_kalman_filter),
        cmocka_unit_test(bound_by_hand),
        cmocka_unit_test(batch_is_its_sequences),
        cmocka_unit_test(unseen_tail_is_no_tail),
        cmocka_unit_test(all_observed_is_no_mask),
        cmocka_unit_test(filter_goes_on_from_its_carry),
        cmocka_unit_test(step_and_decode),
        cmocka_unit_test(aux_beyond_latent_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
