/* The extended Kalman VAE.
 *
 * With equal base matrices the model is linear, with positions on lines too, and its beliefs and its whole bound are computed by the
 * conditioned joint Gaussian (dense.h) and plain loops. Gradients: ekvae_gradient_double_test.c. */
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

/* As any_model.h has it, with one layer, of which the bases are alike or are not. */
static struct model *model_of(int du, bool filter, int positions, int passes, bool alike)
{
    char json[400];
    snprintf(json, sizeof json,
             "{\"encoder\": [], \"decoder\": [], \"passes\": %d, \"bases\": 3, \"transition_hidden\": [3], \"prior\": \"normal\", "
             "\"sigma_x2\": 0.1, "
             "\"start_variance\": 0.1, \"filter\": %s, \"positions\": %d}",
             passes, filter ? "true" : "false", positions);
    struct model *m = fixture_model("ekvae", json, ANY_DX, du, 7);
    any_move(m);
    static const char *const bases[] = {"transition.F_minus_I", "transition.log_Q", "transition.B"};
    for (int k = 0; alike && k < (du > 0 ? 3 : 2); k++) {
        const struct param *e = &m->params.entry[params_find(&m->params, bases[k])];
        real *value = fixture_param(m, bases[k]);
        for (int i = 0; i < e->rows; i++)
            for (int j = 1; j < e->cols; j++)
                value[i * e->cols + j] = value[i * e->cols];
    }
    return m;
}

static struct model *linear_model(int du, bool filter, int positions)
{
    return model_of(du, filter, positions, 3, true);
}

enum { N = 3, D = 2, BASES = 3 };

/* Number `row` of what is mixed. */
static double mixed(struct model *m, const char *name, int row, const double *alpha, bool by_logarithm)
{
    double sum = 0;
    for (int k = 0; k < BASES; k++) {
        double base = (double)fixture_param(m, name)[row * BASES + k];
        sum += alpha[k] * (by_logarithm ? exp(base) : base);
    }
    return sum;
}

/* F, b (of controls u) and Q of a step. The first K numbers are positions: the others, with all that moves them, are added to them by C. */
static void transition_of(struct model *m, int K, const double *alpha, const double *u, struct dense *s, int t)
{
    const real *C = K > 0 ? fixture_param(m, "transition.C") : NULL;
    for (int i = K; i < N; i++) {
        s->b[t][i] = 0;
        for (int j = 0; j < N; j++)
            s->F[t][i * N + j] = (i == j) + mixed(m, "transition.F_minus_I", (i - K) * N + j, alpha, false);
        for (int j = 0; j < m->du && u; j++)
            s->b[t][i] += mixed(m, "transition.B", (i - K) * m->du + j, alpha, false) * u[j];
    }
    for (int i = 0; i < K; i++)
        for (int v = K; v < N; v++) {
            double by = s->drag[i * N + v] = (double)C[i * (N - K) + v - K];
            for (int j = 0; j < N; j++)
                s->F[t][i * N + j] += by * s->F[t][v * N + j] + (v == K && i == j);
            s->b[t][i] += by * s->b[t][v];
        }
    for (int i = 0; i < N; i++)
        s->Q[t][i] = mixed(m, "transition.log_Q", i, alpha, true) + VARIANCE_FLOOR;
}

/* What beliefs made from means change (calibration.c). */
static void calibrate(struct model *m, struct dense *s)
{
    for (int i = 0; i < N; i++) {
        s->m[i] += (double)fixture_param(m, "calibration.first_mean")[i];
        s->P[i * N + i] *= exp((double)fixture_param(m, "calibration.first_log_variance")[i]);
        for (int t = 0; t < s->T; t++)
            s->Q[t][i] *= exp((double)fixture_param(m, "calibration.log_Q")[i]);
    }
    for (int i = 0; i < D; i++)
        s->R[i] *= exp((double)fixture_param(m, "calibration.log_R")[i]);
}

/* The model as a linear Gaussian one, a_t being the encoder's means; of the bound, or of beliefs. */
static struct dense dense_of(struct model *m, int positions, const struct record *r, bool beliefs)
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
        transition_of(m, positions, (const double[BASES]){1, 0, 0}, u && t + 1 < s.T ? u + t * m->du : NULL, &s, t);
    }
    if (beliefs)
        calibrate(m, &s);
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

static void beliefs_of(int du, bool gaps, int positions)
{
    struct model *m = linear_model(du, false, positions);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    struct noise off = {1, 0, true};
    any_records(r, du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, du, 0, gaps ? ANY_LONGEST : 5);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred filtered = m->kind->infer(m, t, &b, &off, INFER_FILTERED, NULL);
    struct inferred smoothed = m->kind->infer(m, t, &b, &off, INFER_SMOOTHED, NULL);
    struct loss surprise = m->kind->surprise(m, t, &b, &off);
    assert_null(smoothed.memory);
    for (int l = 0; l < 3; l++) {
        struct dense s = dense_of(m, positions, &r[l], true);
        for (int step = 0; step < s.T; step++) {
            compare_belief("filtered", &s, step + 1, step, &filtered, 3, l);
            compare_belief("smoothed", &s, s.T, step, &smoothed, 3, l);
        }
        double told[2];
        dense_surprise(&s, told);
        assert_near("squares of innovations", l, (double)surprise.distortion->v[l], told[0], 1e-9);
        assert_near("their volume", l, (double)surprise.rate->v[l], told[1], 1e-9);
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

static void equal_bases_are_a_kalman_filter(void **state)
{
    (void)state;
    for (int k = 0; k < 12; k++)
        beliefs_of(k & 1 ? 2 : 0, k & 2, k / 4);
}

/* ---- the bound, every term by hand ---- */

/* KL(q(a_t|x_t) ‖ p(a_t|z)) at step t: z is the state before; in the first step it is that step's own, which a shows but for R. */
static double aux_kl(const struct dense *s, int t, const struct plain_gauss *q, const double *z)
{
    double d[D], Q[D * D] = {0}, S[D * D] = {0};
    for (int i = 0; i < D; i++) {
        d[i] = q->mean[i] - (t > 0 ? s->b[t - 1][i] : z[i]);
        for (int j = 0; j < N && t > 0; j++)
            d[i] -= s->F[t - 1][i * N + j] * z[j];
        for (int j = 0; j < D; j++)
            for (int k = 0; k < N && t > 0; k++)
                S[i * D + j] += ((i == k) + s->drag[i * N + k]) * s->Q[t - 1][k] * ((j == k) + s->drag[j * N + k]);
        Q[i * D + i] = q->variance[i];
        S[i * D + i] += s->R[i];
    }
    return dense_kl(D, d, Q, S);
}

/* 𝒟 and ℛ of one sequence where every sample is its mean (equations 15, 17, 18). */
static void plain_bound(struct model *m, const struct record *r, bool filter, int positions, double *distortion, double *rate)
{
    struct dense s = dense_of(m, positions, r, false);
    const double *x = record_get(r, "x")->data;
    double before[N] = {0}, unit[N * N] = {0};
    for (int i = 0; i < N; i++)
        unit[i * N + i] = 1;
    *distortion = *rate = 0;
    for (int t = 0; t < s.T; t++) {
        struct plain_gauss q = plain_head(m, "encoder", 1, x + t * ANY_DX);
        double mean[N], cov[N * N], filtered[N], filtered_cov[N * N], decoded[ANY_DX], d[N];
        dense_condition(&s, filter ? t + 1 : s.T, t, mean, cov);
        dense_condition(&s, t + 1, t, filtered, filtered_cov);
        for (int i = 0; i < N; i++)
            d[i] = mean[i] - filtered[i];
        plain_net(m, "decoder", 1, false, q.mean, decoded);
        *distortion += plain_distortion(m, r, t, decoded);
        *rate += s.seen[t] ? aux_kl(&s, t, &q, t > 0 ? before : mean) : 0;
        *rate += t == 0 ? dense_kl(N, mean, cov, unit) : 0;
        *rate += t + 1 < s.T && !filter ? dense_kl(N, d, cov, filtered_cov) : 0;
        memcpy(before, mean, sizeof before);
    }
}

static void bound_of(int du, bool gaps, bool filter, int positions)
{
    struct model *m = linear_model(du, filter, positions);
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
        plain_bound(m, &r[l], filter, positions, &distortion, &rate);
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
    for (int k = 0; k < 24; k++)
        bound_of(k & 1 ? 2 : 0, k & 2, k & 4, k / 8);
}

/* ---- what holds for any model ---- */

#define SMALL "\"bases\": 3, \"transition_hidden\": [3], \"start_variance\": 0.1, "
#define CIRCLE SMALL "\"latent\": 5, \"aux\": 3, \"positions\": 3, \"circles\": 1"

static void as_any_model(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        const char *circle = k & 1 ? CIRCLE ", \"motors\": 0.2, \"substeps\": 2" : CIRCLE;
        struct any a = {"ekvae", k & 8 ? circle : SMALL "\"latent\": 3", k & 1 ? 2 : 0, k & 2, k & 4};
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

/* The model of step t's transition at a state, in the place of that of any state. */
static void take_at(struct model *m, const double *z, const double *u, struct dense *s, int t)
{
    double in[PLAIN_MOST], alpha[PLAIN_MOST], sum = 0;
    memcpy(in, z, N * sizeof *in);
    for (int j = 0; j < m->du; j++)
        in[N + j] = u[j];
    plain_net(m, "transition.g", 2, false, in, alpha);
    for (int k = 0; k < BASES; k++)
        sum += alpha[k] = exp(alpha[k]);
    for (int k = 0; k < BASES; k++)
        alpha[k] /= sum;
    transition_of(m, 0, alpha, u, s, t);
    for (int i = 0; i < N; i++)
        s->Q[t][i] *= exp((double)fixture_param(m, "calibration.log_Q")[i]);
}

/* A second pass: the linear model whose transitions are those at the states of the first. */
static void a_second_pass_is_taken_at_the_first(void **state)
{
    (void)state;
    for (int gaps = 0; gaps < 2; gaps++) {
        struct model *one = model_of(2, false, 0, 1, false), *two = model_of(2, false, 0, 2, false);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new(), *again = tape_new();
        any_records(r, 2, gaps);
        batch_fill(&b, r, any_all, 3, ANY_DX, 2, 0, gaps ? ANY_LONGEST : 5);
        tape_begin(t, &one->params, NULL, 0);
        tape_begin(again, &two->params, NULL, 0);
        struct inferred first = one->kind->infer(one, t, &b, &any_off, INFER_SMOOTHED, NULL);
        struct inferred second = two->kind->infer(two, again, &b, &any_off, INFER_SMOOTHED, NULL);
        for (int l = 0; l < 3; l++) {
            struct dense s = dense_of(two, 0, &r[l], true);
            for (int step = 0; step + 1 < s.T; step++) {
                double z[N];
                for (int i = 0; i < N; i++)
                    z[i] = any_number(first.mean, i, step * 3 + l);
                take_at(two, z, (const double *)record_get(&r[l], "u")->data + step * 2, &s, step);
            }
            for (int step = 0; step < s.T; step++)
                compare_belief("second pass", &s, s.T, step, &second, 3, l);
        }
        tape_free(t);
        tape_free(again);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(one);
        model_free(two);
    }
}

/* The same model, drawn alike, that smooths so often. */
static struct model *with_passes(const char *settings, int passes)
{
    char json[300];
    snprintf(json, sizeof json, "%s, \"passes\": %d", settings, passes);
    return any_open(&(struct any){"ekvae", json, 2, true, false});
}

/* Passes settle on states that one more leaves as they are; filtered beliefs and the bound know nothing of them. */
static void passes_settle(void **state)
{
    (void)state;
    static const char *const settings[] = {SMALL "\"latent\": 3", CIRCLE ", \"motors\": 0.2, \"substeps\": 2"};
    for (int k = 0; k < 4; k++) {
        const struct any a = {"ekvae", settings[k & 1], 2, true, false};
        struct model *one = with_passes(a.settings, 1), *most = with_passes(a.settings, 60), *more = with_passes(a.settings, 61);
        struct record r[3];
        struct batch b;
        struct tape *t[3] = {tape_new(), tape_new(), tape_new()};
        any_records(r, 2, k & 2);
        batch_fill(&b, r, any_all, 3, ANY_DX, 2, 0, k & 2 ? 6 : 5);
        int lanes = 3 * b.T;
        struct inferred first, last, further;
        tape_begin(t[0], &one->params, NULL, 0);
        tape_begin(t[1], &most->params, NULL, 0);
        tape_begin(t[2], &more->params, NULL, 0);
        first = one->kind->infer(one, t[0], &b, &any_off, INFER_SMOOTHED, NULL);
        last = most->kind->infer(most, t[1], &b, &any_off, INFER_SMOOTHED, NULL);
        further = more->kind->infer(more, t[2], &b, &any_off, INFER_SMOOTHED, NULL);
        any_same_beliefs(&a, &further, 0, &last, 0, lanes, 1e-7);
        assert_true(fabs(any_number(first.mean, 0, 0) - any_number(last.mean, 0, 0)) > 1e-5);
        first = one->kind->infer(one, t[0], &b, &any_off, INFER_FILTERED, NULL);
        last = most->kind->infer(most, t[1], &b, &any_off, INFER_FILTERED, NULL);
        any_same_beliefs(&a, &first, 0, &last, 0, lanes, 0);
        struct loss loss = one->kind->loss(one, t[0], &b, &any_noisy), same = most->kind->loss(most, t[1], &b, &any_noisy);
        any_same(&a, "distortion", loss.distortion, 0, same.distortion, 0, 3, 0);
        any_same(&a, "rate", loss.rate, 0, same.rate, 0, 3, 0);
        for (int i = 0; i < 3; i++)
            tape_free(t[i]);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(one);
        model_free(most);
        model_free(more);
    }
}

/* The first state explains the frame before, decoded from p − C v, where it was seen; without noise the state is its mean. */
static void explains_the_frame_before(void **state)
{
    (void)state;
    struct any a = {"ekvae", SMALL "\"latent\": 3, \"aux\": 2, \"positions\": 2", 1, true, false};
    struct model *m = any_open(&a);
    any_uncalibrate(m);
    struct record r[3], earlier[3];
    struct batch b, before;
    struct tape *t = tape_new();
    any_records(r, a.du, true);
    any_frames_before(&a, earlier, &before);
    batch_fill(&b, r, any_all, 3, ANY_DX, a.du, 0, 6);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &any_off, INFER_SMOOTHED, NULL);
    struct loss without = m->kind->loss(m, t, &b, &any_off);
    b.before = &before;
    struct loss with = m->kind->loss(m, t, &b, &any_off);
    for (int l = 0; l < 3; l++) {
        double p[PLAIN_MOST], x[PLAIN_MOST];
        for (int i = 0; i < 2; i++)
            p[i] = any_number(z.mean, i, l) - (double)plain_values(m, "transition", "C")[i] * any_number(z.mean, 2, l);
        plain_net(m, "decoder", 2, false, p, x);
        double more = plain_distortion(m, &earlier[l], 0, x);
        assert_true((more == 0) == (l == 1));
        any_near(&a, "distortion", l, any_number(with.distortion, 0, l), any_number(without.distortion, 0, l) + more, 1e-11);
        any_near(&a, "rate", l, any_number(with.rate, 0, l), any_number(without.rate, 0, l), 0);
    }
    tape_free(t);
    batch_free(&b);
    batch_free(&before);
    any_records_close(r, 3);
    any_records_close(earlier, 3);
    model_free(m);
}

/* A first belief that is held: as wide as told of what no frame shows, wider of the rest, and in no group that moves. */
static void first_variance_is_held(void **state)
{
    (void)state;
    for (int held = 0; held < 2; held++) {
        struct model *m = fixture_model(
            "ekvae", held ? "{" FIXTURE_TINY ", \"latent\": 3, \"first_variance\": 0.25}" : "{" FIXTURE_TINY ", \"latent\": 3}", 3, 1, 4);
        int index = params_find(&m->params, "first.log_variance");
        assert_int_equal(m->params.entry[index].group, held ? 0 : GROUP_PHI);
        for (int i = 0; i < 3; i++)
            assert_near("log variance", i, (double)params_value(&m->params, index)[i], held ? log(i < 2 ? 100 : 0.25) : 0, 1e-12);
        model_free(m);
    }
}

/* ---- prediction ---- */

static void step_and_decode(void **state)
{
    (void)state;
    struct model *m = linear_model(2, false, 0);
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

/* From the coders' numbers of a point on a circle and one on a line to the auxiliary variable, or back (sign −1). */
static void plain_chart(const struct model *m, const double b[3], double sign, double a[3])
{
    double map[PLAIN_MOST];
    assert_int_equal(plain_net(m, "chart", 2, false, b + 2, map), 2);
    double radius = exp(sign * map[0]), angle = 2 * atan(sign * map[1] / 2);
    a[0] = radius * (cos(angle) * b[0] - sin(angle) * b[1]);
    a[1] = radius * (sin(angle) * b[0] + cos(angle) * b[1]);
    a[2] = b[2];
}

static void a_chart_stands_before_the_coders(void **state)
{
    (void)state;
    enum { L = 5 };
    struct any any = {"ekvae", CIRCLE ", \"motors\": 0.2, \"substeps\": 2", 2, true, false};
    struct model *m = any_open(&any);
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    var *x = constant(t, ANY_DX, L), *z = constant(t, 5, L);
    for (int i = 0; i < 5; i++)
        for (int l = 0; l < L; l++) {
            z->v[i * z->ld + l] = (real)fixture_draw(l, 4, i);
            x->v[i % ANY_DX * x->ld + l] = (real)fixture_draw(l, 3, i);
        }
    var *shown = m->kind->encode(m, t, x), *decoded = m->kind->decode(m, t, (struct latent){z, NULL});
    for (int l = 0; l < L; l++) {
        double frame[PLAIN_MOST], a[3], b[3], state_of[3];
        for (int i = 0; i < ANY_DX; i++)
            frame[i] = any_number(x, i, l);
        plain_chart(m, plain_head(m, "encoder", 3, frame).mean, 1, a);
        for (int i = 0; i < 3; i++) {
            assert_near("a", l, any_number(shown, i, l), a[i], 1e-12);
            state_of[i] = any_number(z, i, l);
        }
        plain_chart(m, state_of, -1, b);
        plain_net(m, "decoder", 2, false, b, frame);
        for (int i = 0; i < ANY_DX; i++)
            assert_near("x", l, any_number(decoded, i, l), frame[i], 1e-12);
    }
    tape_free(t);
    model_free(m);
}

/* There and back: without noise 𝒟 is that of the coders alone. */
static void a_chart_loses_nothing(void **state)
{
    (void)state;
    struct any a = {"ekvae", CIRCLE, 2, true, false};
    struct model *m = any_open(&a);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, 2, true);
    batch_fill(&b, r, any_all, 3, ANY_DX, 2, 0, ANY_LONGEST);
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &any_off);
    for (int l = 0; l < 3; l++) {
        double sum = 0, x[PLAIN_MOST];
        for (int s = 0; s < (int)record_steps(&r[l]); s++) {
            const double *frame = (const double *)record_get(&r[l], "x")->data + s * ANY_DX;
            plain_net(m, "decoder", 2, false, plain_head(m, "encoder", 3, frame).mean, x);
            sum += plain_distortion(m, &r[l], s, x);
        }
        assert_near("distortion", l, any_number(loss.distortion, 0, l), sum, 1e-11);
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

/* Column j of the derivative of the chart, or of its inverse (sign −1), by differences at b. */
static void chart_column(const struct model *m, const double b[3], double sign, int j, double out[3])
{
    const double h = 1e-5;
    double moved[2][3];
    for (int k = 0; k < 2; k++) {
        double there[3] = {b[0], b[1], b[2]};
        there[j] += k ? h : -h;
        plain_chart(m, there, sign, moved[k]);
    }
    for (int i = 0; i < 3; i++)
        out[i] = (moved[1][i] - moved[0][i]) / (2 * h);
}

/* The noise of a step's positions, less what velocities bring, is J diag(Q) Jᵀ with J where the step goes. */
static void noise_of_a_step_goes_through_the_chart(void **state)
{
    (void)state;
    enum { L = 4 };
    struct any any = {"ekvae", CIRCLE ", \"motors\": 0.2, \"shared_noise\": true", 2, true, false};
    struct model *m = any_open(&any);
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    var *z = constant(t, 5, L), *u = constant(t, 2, L), *memory = NULL;
    for (int l = 0; l < L; l++) {
        for (int i = 0; i < 5; i++)
            z->v[i * z->ld + l] = (real)fixture_draw(l, 4, i);
        for (int i = 0; i < 2; i++)
            u->v[i * u->ld + l] = (real)fixture_draw(l, 5, i);
    }
    struct gauss next = m->kind->step(m, t, (struct latent){z, NULL}, u, &memory);
    for (int l = 0; l < L; l++) {
        double mean[3], b[3], J[3][3];
        for (int i = 0; i < 3; i++)
            mean[i] = any_number(next.mean, i, l);
        plain_chart(m, mean, -1, b);
        for (int j = 0; j < 3; j++)
            chart_column(m, b, 1, j, J[j]);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                double sum = 0;
                for (int k = 0; k < 3; k++)
                    sum += J[k][i] * J[k][j] * (exp((double)fixture_param(m, "transition.log_Q")[k]) + VARIANCE_FLOOR);
                for (int v = 3; v < 5; v++)
                    sum += any_number(next.variance, 5 * i + v, l) * any_number(next.variance, 5 * j + v, l) /
                           any_number(next.variance, 6 * v, l);
                assert_near("noise", l, any_number(next.variance, 5 * i + j, l), sum, 1e-8);
            }
    }
    tape_free(t);
    model_free(m);
}

/* After one frame the positions' covariance is (P⁻¹ + (J R Jᵀ)⁻¹)⁻¹ with J where the encoder's mean goes. */
static void noise_of_a_frame_goes_through_the_chart(void **state)
{
    (void)state;
    struct any any = {"ekvae", CIRCLE ", \"motors\": 0.2", 2, true, false};
    struct model *m = any_open(&any);
    any_uncalibrate(m);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, 2, false);
    batch_fill(&b, r, any_all, 3, ANY_DX, 2, 0, 1);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
    for (int l = 0; l < 3; l++) {
        double a[3], column[3][3], told[3][3];
        plain_chart(m, plain_head(m, "encoder", 3, (const double *)record_get(&r[l], "x")->data).mean, 1, a);
        for (int j = 0; j < 3; j++)
            chart_column(m, a, -1, j, column[j]); /* of the inverse */
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                told[i][j] = (i == j) / (exp((double)fixture_param(m, "first.log_variance")[i]) + VARIANCE_FLOOR);
                for (int k = 0; k < 3; k++)
                    told[i][j] += column[i][k] * column[j][k] / (exp((double)fixture_param(m, "log_R")[k]) + VARIANCE_FLOOR);
            }
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                double product = 0;
                for (int k = 0; k < 3; k++)
                    product += any_number(z.cov, 5 * i + k, l) * told[k][j];
                assert_near("covariance times precision", l, product, i == j, 1e-7);
            }
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

/* A chart that is the same everywhere, or coders that do what it does: their last layer has another pair, and another noise. */
static void turn_coders(struct model *m, double widen, double angle)
{
    real *W = fixture_param(m, "encoder.2.weight"), *b = fixture_param(m, "encoder.2.bias"), *V = fixture_param(m, "decoder.0.weight");
    int H = plain_entry(m, "encoder.2", "weight")->cols, hidden = plain_entry(m, "decoder.0", "weight")->rows;
    double c = exp(widen) * cos(angle), s = exp(widen) * sin(angle);
    for (int j = 0; j <= H; j++) {
        real *x = j < H ? &W[j] : &b[0], *y = j < H ? &W[H + j] : &b[1], old = *x;
        *x = (real)(c * old - s * *y), *y = (real)(s * old + c * *y);
    }
    c *= exp(-2 * widen), s *= exp(-2 * widen);
    for (int i = 0; i < hidden; i++) {
        real *x = &V[3 * i], *y = x + 1, old = *x;
        *x = (real)(c * old - s * *y), *y = (real)(s * old + c * *y);
    }
}

/* The noises of the first pair: equal, so that a turn does not show, and wider by e^widen. */
static void set_pair_noise(struct model *m, double widen)
{
    real *W = fixture_param(m, "encoder.2.weight"), *b = fixture_param(m, "encoder.2.bias"), *Q = fixture_param(m, "transition.log_Q");
    int H = plain_entry(m, "encoder.2", "weight")->cols;
    for (int j = 0; j < H; j++)
        W[3 * H + j] = W[4 * H + j] = 0;
    b[3] = b[4] = (real)(-2 + 2 * widen);
    for (int i = 0; i < 2; i++) {
        fixture_param(m, "log_R")[i] = (real)(-3 + 2 * widen);
        for (int k = 0; k < BASES; k++)
            Q[i * BASES + k] = (real)(-2.5 + 2 * widen);
    }
}

static void a_chart_is_another_set_of_coders(void **state)
{
    (void)state;
    const double widen = 0.3, angle = 0.8;
    struct any any = {"ekvae", CIRCLE ", \"motors\": 0.2", 2, true, false};
    struct loss loss[2];
    struct model *m[2];
    struct record r[3];
    struct batch b;
    struct tape *t[2] = {tape_new(), tape_new()};
    any_records(r, 2, true);
    batch_fill(&b, r, any_all, 3, ANY_DX, 2, 0, ANY_LONGEST);
    for (int k = 0; k < 2; k++) {
        m[k] = any_open(&any);
        memset(fixture_param(m[k], "chart.1.weight"), 0, sizeof(real) * 2 * 16);
        fixture_param(m[k], "chart.1.bias")[0] = (real)(k ? 0 : widen);
        fixture_param(m[k], "chart.1.bias")[1] = (real)(k ? 0 : 2 * tan(angle / 2));
        set_pair_noise(m[k], k ? widen : 0);
        if (k)
            turn_coders(m[k], widen, angle);
        tape_begin(t[k], &m[k]->params, NULL, 0);
        loss[k] = m[k]->kind->loss(m[k], t[k], &b, &any_off);
    }
    for (int l = 0; l < 3; l++) { /* but for VARIANCE_FLOOR */
        assert_near("distortion", l, any_number(loss[0].distortion, 0, l), any_number(loss[1].distortion, 0, l), 1e-9);
        assert_near("rate", l, any_number(loss[0].rate, 0, l), any_number(loss[1].rate, 0, l), 1e-5);
    }
    batch_free(&b);
    any_records_close(r, 3);
    for (int k = 0; k < 2; k++) {
        tape_free(t[k]);
        model_free(m[k]);
    }
}

/* The last motor's coordinate, its position and its velocity, is the quiet one. */
static void start_of_a_models_motors(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{" CIRCLE ", \"motors\": 0.2, \"push_variance\": 0.003}", ANY_DX, 2, 7);
    assert_int_equal(plain_entry(m, "transition", "log_Q")->rows, 5);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < BASES; k++)
            assert_near("log Q", i, (double)fixture_param(m, "transition.log_Q")[i * BASES + k], log(i == 2 || i == 4 ? 0.003 : 0.1),
                        1e-12);
    assert_near("log drag", 0, (double)fixture_param(m, "transition.log_drag")[0], log(0.8 / 0.2), 1e-12);
    model_free(m);
}

static void settings_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *settings, *refused;
        int du;
    } tries[] = {
        {"{\"latent\": 2, \"aux\": 3}", "--aux: expected at most the latent size 2, got 3", 1},
        {"{\"latent\": 5, \"positions\": 3, \"circles\": 1}", "--circles: expected --aux to be the number of positions, 3, got 2", 1},
        {"{\"latent\": 5, \"aux\": 4, \"positions\": 3, \"circles\": 1}",
         "--circles: expected --aux to be the number of positions, 3, got 4", 1},
        {"{\"latent\": 5, \"aux\": 3, \"positions\": 3, \"circles\": 2}",
         "--circles: expected at most one for two positions, of which there are 3, got 2", 1},
        {"{" CIRCLE ", \"motors\": 0.2}",
         "--motors: expected a velocity and a coordinate for each control, got 2 and 2 for 1 (--latent 5, --positions 3, --circles 1)", 1},
        {"{" CIRCLE ", \"motors\": 0.2, \"push\": 0.2}", "--push: expected no --motors, which push by themselves", 2},
        {"{" CIRCLE ", \"substeps\": 2}", "--substeps: expected --motors, whose steps they are", 2},
        {"{\"latent\": 2, \"first_variance\": 0.2}", "--first-variance: expected --aux below the latent size 2: one frame shows all of z",
         2},
        {"{" CIRCLE ", \"push\": 0.2}", "--push: expected no --positions, which controls do not move", 2},
        {"{\"push\": 0.2}", "--push: expected data with controls, got none", 0},
        {"{" CIRCLE "}", NULL, 1},
        {"{\"latent\": 5, \"aux\": 2, \"positions\": 3}", NULL, 1},
    };
    const struct model_kind *kind = model_kind_find("ekvae");
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        void *settings = fixture_settings(kind, tries[i].settings);
        struct error e = {0};
        struct model *m = model_new(kind, settings, 4, tries[i].du, NULL, 1, &e);
        assert_true((m == NULL) == (tries[i].refused != NULL));
        if (!m) {
            assert_int_equal(e.code, DSSM_USAGE);
            assert_string_equal(e.text, tries[i].refused);
        }
        model_free(m);
        free(settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bases_are_a_kalman_filter),
        cmocka_unit_test(bound_by_hand),
        cmocka_unit_test(as_any_model),
        cmocka_unit_test(explains_the_frame_before),
        cmocka_unit_test(first_variance_is_held),
        cmocka_unit_test(step_and_decode),
        cmocka_unit_test(encode_is_the_encoder),
        cmocka_unit_test(a_chart_stands_before_the_coders),
        cmocka_unit_test(a_chart_loses_nothing),
        cmocka_unit_test(a_chart_is_another_set_of_coders),
        cmocka_unit_test(noise_of_a_step_goes_through_the_chart),
        cmocka_unit_test(a_second_pass_is_taken_at_the_first),
        cmocka_unit_test(passes_settle),
        cmocka_unit_test(noise_of_a_frame_goes_through_the_chart),
        cmocka_unit_test(start_of_a_models_motors),
        cmocka_unit_test(settings_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
