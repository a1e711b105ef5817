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
#include "any_model.h"

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
    struct model *m = fixture_model("ekvae", json, ANY_DX, du, 7);
    any_move(m);
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
        memcpy(s.a[t], plain_head(m, "encoder", 1, x + t * ANY_DX).mean, sizeof s.a[t][0] * D);
        s.seen[t] = plain_seen(r, t);
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
    any_records(r, du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, du, 0, gaps ? ANY_LONGEST : 5);
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
    any_records_close(r, 3);
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

/* 𝒟 and ℛ of one sequence where every sample is its mean (equations 15, 17, 18). */
static void plain_bound(struct model *m, const struct record *r, bool filter, double *distortion, double *rate)
{
    struct dense s = dense_of(m, r);
    const double *x = record_get(r, "x")->data;
    double before[N] = {0}, unit[N * N] = {0};
    for (int i = 0; i < N; i++)
        unit[i * N + i] = 1;
    *distortion = *rate = 0;
    for (int t = 0; t < s.T; t++) {
        struct plain_gauss q = plain_head(m, "encoder", 1, x + t * ANY_DX), p = {.drag = 0};
        double mean[N], cov[N * N], filtered[N], filtered_cov[N * N], decoded[ANY_DX], d[N];
        dense_condition(&s, filter ? t + 1 : s.T, t, mean, cov);
        dense_condition(&s, t + 1, t, filtered, filtered_cov);
        for (int i = 0; i < D; i++) {
            p.mean[i] = t > 0 ? s.b[t - 1][i] : mean[i];
            for (int j = 0; j < N && t > 0; j++)
                p.mean[i] += s.F[t - 1][i * N + j] * before[j];
            p.variance[i] = s.R[i] + (t > 0 ? s.Q[t - 1][i] : 0);
        }
        for (int i = 0; i < N; i++)
            d[i] = mean[i] - filtered[i];
        plain_net(m, "decoder", 1, false, q.mean, decoded);
        *distortion += plain_distortion(m, r, t, decoded);
        *rate += s.seen[t] ? plain_kl(D, &q, &p) : 0;
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
    any_records(r, du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, du, 0, gaps ? ANY_LONGEST : 5);
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
    any_records_close(r, 3);
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

/* ---- what holds for any model ---- */

static void as_any_model(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct any a = {"ekvae", "\"latent\": 3, \"bases\": 3, \"transition_hidden\": [3], \"start_variance\": 0.1", k & 1 ? 2 : 0, k & 2,
                        k & 4};
        any_side_by_side(&a, false);
        any_side_by_side(&a, true);
        any_unseen_tail(&a, k & 1);
        any_ends(&a, INFER_SMOOTHED);
        any_ends(&a, INFER_FILTERED);
        any_beginnings(&a, k & 1);
        any_unseen_steps(&a, false);
        any_cuts(&a);
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
    for (int i = 0; i < ANY_DX; i++)
        assert_near("x", i, (double)x->v[i], (double)(fixture_param(m, "decoder.0.bias")[i] + Wd[i * D] * z[0] + Wd[i * D + 1] * z[1]),
                    1e-12);
    tape_free(t);
    model_free(m);
}

/* ---- settings ---- */

/* What frames show is the mean that the encoder's layers give, as many numbers as a has. */
static void encode_is_the_encoder(void **state)
{
    (void)state;
    enum { DX = 3, DA = 2, H = 4, L = 5 };
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY ", \"latent\": 3, \"aux\": 2}", DX, 1, 4);
    struct tape *t = tape_new();
    real x[DX * L];
    const real *W0 = fixture_param(m, "encoder.0.weight"), *b0 = fixture_param(m, "encoder.0.bias"),
               *W1 = fixture_param(m, "encoder.1.weight"), *b1 = fixture_param(m, "encoder.1.bias");
    for (int i = 0; i < DX * L; i++)
        x[i] = (real)fixture_draw(i, 3, 0);
    tape_begin(t, &m->params, NULL, 0);
    const var *a = m->kind->encode(m, t, leaf(t, DX, L, x));
    assert_int_equal(a->rows, DA);
    for (int l = 0; l < L; l++)
        for (int i = 0; i < DA; i++) {
            double sum = (double)b1[i];
            for (int h = 0; h < H; h++) {
                double in = (double)b0[h];
                for (int k = 0; k < DX; k++)
                    in += (double)W0[h * DX + k] * (double)x[k * L + l];
                sum += (double)W1[i * H + h] * tanh(in);
            }
            assert_near("a", l, (double)a->v[i * a->ld + l], sum, 1e-12);
        }
    tape_free(t);
    model_free(m);
}

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
        cmocka_unit_test(as_any_model),
        cmocka_unit_test(step_and_decode),
        cmocka_unit_test(encode_is_the_encoder),
        cmocka_unit_test(aux_beyond_latent_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
