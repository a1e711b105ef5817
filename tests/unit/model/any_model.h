/* What holds for every model, as checks that a kind's test calls with its small models: gradients of the bound, sequences side by side
 * and alone, unseen steps, ends, beliefs over beginnings, a filter that goes on. And the comparison of a path model with a reference that
 * goes number by number. In double. */
#ifndef DSSM_TESTS_ANY_MODEL_H
#define DSSM_TESTS_ANY_MODEL_H

#include "bound_gradient.h"
#include "plain.h"

enum { ANY_DX = 4, ANY_LONGEST = 6 };

/* A small model: its kind, its own settings as members of a JSON object, and what every kind has. */
struct any {
    const char *kind, *settings;
    int du;
    bool vhp, filter;
};

/* Noise that is on, the same at every evaluation; and none. */
static const struct noise any_noisy = {11, 5, false}, any_off = {11, 5, true};
static const int any_all[] = {0, 1, 2};

/* Takes back what any_move() has done to the noises of beliefs made from means. */
static inline void any_uncalibrate(struct model *m)
{
    for (int i = 0; i < m->params.n; i++)
        if (m->params.entry[i].group == GROUP_BELIEF)
            params_fill(&m->params, i, 0);
}

/* Moves every parameter, so that nothing is 0 or equal by its start. */
static inline void any_move(struct model *m)
{
    for (size_t i = 0; i < m->params.size; i++)
        m->params.value[i] += (real)(0.3 * fixture_draw(99, 5, (int)i));
}

/* The model, its parameters moved. */
static inline struct model *any_open(const struct any *a)
{
    char json[800];
    snprintf(json, sizeof json,
             "{\"latent\": 2, \"encoder\": [5, 3], \"decoder\": [4], \"vhp_hidden\": [3], \"sigma_x2\": 0.1, \"prior\": \"%s\", "
             "\"filter\": %s%s%s}",
             a->vhp ? "vhp" : "normal", a->filter ? "true" : "false", a->settings[0] ? ", " : "", a->settings);
    struct model *m = fixture_model(a->kind, json, ANY_DX, a->du, 7);
    any_move(m);
    return m;
}

/* Three sequences: all seen and of 5 steps; or of 6, 4 and 5 with gaps, the second without its first frame. */
static inline void any_records(struct record r[3], int du, bool gaps)
{
    static const char *const masks[] = {"110101", "0110", "11011"};
    for (int i = 0; i < 3; i++) {
        fixture_record(&r[i], i, gaps ? (const int[]){6, 4, 5}[i] : 5, ANY_DX, du);
        if (gaps)
            fixture_mask(&r[i], masks[i]);
    }
}

static inline void any_records_close(struct record *r, int n)
{
    for (int i = 0; i < n; i++)
        record_clear(&r[i]);
}

static inline void any_near(const struct any *a, const char *what, int at, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("%s (%s, du %d, vhp %d, filter %d): %s, %d: expected %.15g, got %.15g", a->kind, a->settings, a->du, a->vhp, a->filter,
                 what, at, expected, got);
}

static inline double any_number(const var *v, int row, int lane)
{
    return (double)v->v[(size_t)row * (size_t)v->ld + (size_t)lane];
}

/* Two blocks of lanes of two values are equal; NULL equals NULL. */
static inline void any_same(const struct any *a, const char *what, const var *got, int from, const var *expected, int from2, int lanes,
                            double tolerance)
{
    assert_int_equal(got == NULL, expected == NULL);
    for (int row = 0; got && row < got->rows; row++)
        for (int l = 0; l < lanes; l++)
            any_near(a, what, l, any_number(got, row, from + l), any_number(expected, row, from2 + l), tolerance);
}

static inline void any_same_beliefs(const struct any *a, const struct inferred *got, int from, const struct inferred *expected, int from2,
                                    int lanes, double tolerance)
{
    any_same(a, "mean", got->mean, from, expected->mean, from2, lanes, tolerance);
    any_same(a, "covariance", got->cov, from, expected->cov, from2, lanes, tolerance);
    any_same(a, "memory", got->memory, from, expected->memory, from2, lanes, tolerance);
}

/* 𝒟 and ℛ of each picked sequence. */
static inline void any_loss(const struct model *m, const struct record *r, const int *pick, int B, double *distortion, double *rate)
{
    struct batch b;
    struct tape *t = tape_new();
    int T = 0;
    for (int i = 0; i < B; i++)
        T = (int)record_steps(&r[pick[i]]) > T ? (int)record_steps(&r[pick[i]]) : T;
    batch_fill(&b, r, pick, B, ANY_DX, m->du, 0, T);
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &any_noisy);
    for (int i = 0; i < B; i++) {
        distortion[i] = (double)loss.distortion->v[i];
        rate[i] = (double)loss.rate->v[i];
    }
    tape_free(t);
    batch_free(&b);
}

/* ---- gradients ---- */

/* How many numbers trainings move. */
static inline int any_trained(const struct model *m)
{
    int n = 0;
    for (int i = 0; i < m->params.n; i++)
        n += m->params.entry[i].group & GROUP_ALL ? m->params.entry[i].rows * m->params.entry[i].cols : 0;
    return n;
}

/* Of 𝒟 and ℛ by every parameter, over the first T steps (0: all). With all steps at least the share `moves` of what is trained counts. */
static inline void any_gradient(const struct any *a, bool gaps, int T, double moves)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch b;
    const char *name = "";
    int moved;
    any_records(r, a->du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, T > 0 ? T : gaps ? 6 : 5);
    double worst = bound_worst_gradient(m, &b, &any_noisy, &name, &moved);
    if (!(worst < 1e-5))
        fail_msg("%s (%s, du %d, vhp %d, filter %d), gaps %d, T %d: %s: error %g", a->kind, a->settings, a->du, a->vhp, a->filter, gaps, T,
                 name, worst);
    if (T == 0)
        assert_true(moved >= moves * any_trained(m));
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

/* A wrong number in one place shows: the gradient of another sequence's noise. */
static inline void any_gradient_fault(const struct any *a)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch b;
    double expected[2], sum[2], largest = 0;
    any_records(r, a->du, false);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, 5);
    real *gradient = xcalloc(m->params.size, sizeof(real));
    b.sequence[1] = 17;
    bound_weighted(m, &b, &any_noisy, sum, 1, gradient);
    b.sequence[1] = 1;
    for (int i = 0; i < 20; i++) {
        bound_differences(m, &b, &any_noisy, &m->params.value[i], expected);
        largest = fmax(largest, fabs((double)gradient[i] - expected[1]) / fmax(1, fabs(expected[1])));
    }
    assert_true(largest > 1e-3);
    free(gradient);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

/* ---- sequences side by side, unseen tails ---- */

/* A sequence's bound does not depend on what stands beside it, nor on the order. */
static inline void any_side_by_side(const struct any *a, bool gaps)
{
    static const int order[] = {2, 0, 1};
    struct model *m = any_open(a);
    struct record r[3];
    double D3[3], R3[3], D1, R1;
    any_records(r, a->du, gaps);
    any_loss(m, r, order, 3, D3, R3);
    for (int i = 0; i < 3; i++) {
        any_loss(m, r, &order[i], 1, &D1, &R1);
        any_near(a, "distortion", i, D3[i], D1, 1e-11);
        any_near(a, "rate", i, R3[i], R1, 1e-11);
    }
    any_records_close(r, 3);
    model_free(m);
}

/* A tail that nobody saw, by mask or by NaN, costs nothing; a mask of ones changes nothing. */
static inline void any_unseen_tail(const struct any *a, bool by_mask)
{
    struct model *m = any_open(a);
    struct record r[3]; /* with a tail, without, with a mask of ones */
    double D[3], R[3];
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], 0, i ? 4 : 7, ANY_DX, a->du);
    if (by_mask)
        fixture_mask(&r[0], "1111000");
    else
        for (int t = 4; t < 7; t++)
            ((double *)record_get(&r[0], "x")->data)[t * ANY_DX + t % ANY_DX] = NAN;
    fixture_mask(&r[2], "1111");
    for (int i = 0; i < 3; i++)
        any_loss(m, &r[i], any_all, 1, &D[i], &R[i]);
    any_near(a, "distortion", 0, D[0], D[1], 1e-11);
    any_near(a, "rate", 0, R[0], R[1], 1e-9);
    assert_true(D[1] == D[2] && R[1] == R[2]);
    any_records_close(r, 3);
    model_free(m);
}

/* ---- beliefs ---- */

/* Beliefs of one sequence among three, and alone: as many steps as it has; behind its end they stay as they are at its last step. */
static inline void any_ends(const struct any *a, enum inference how)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch all, one;
    struct tape *t = tape_new();
    any_records(r, a->du, true);
    batch_fill(&all, r, any_all, 3, ANY_DX, a->du, 0, ANY_LONGEST);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &all, &any_noisy, how, NULL);
    for (int i = 0; i < 3; i++) {
        int steps = (int)record_steps(&r[i]);
        batch_fill(&one, r, &any_all[i], 1, ANY_DX, a->du, 0, steps);
        struct inferred alone = m->kind->infer(m, t, &one, &any_noisy, how, NULL);
        for (int s = 0; s < ANY_LONGEST; s++)
            any_same_beliefs(a, &z, s * 3 + i, &alone, s < steps ? s : steps - 1, 1, 1e-11);
        batch_free(&one);
    }
    tape_free(t);
    batch_free(&all);
    any_records_close(r, 3);
    model_free(m);
}

/* The filtered belief at a step is the smoothed one of the last of so many steps. */
static inline void any_beginnings(const struct any *a, bool gaps)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch all, some;
    struct tape *t = tape_new();
    any_records(r, a->du, gaps);
    batch_fill(&all, r, any_all, 3, ANY_DX, a->du, 0, gaps ? 6 : 5);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred filtered = m->kind->infer(m, t, &all, &any_off, INFER_FILTERED, NULL);
    for (int s = 0; s < all.T; s++) {
        batch_fill(&some, r, any_all, 3, ANY_DX, a->du, 0, s + 1);
        struct inferred smoothed = m->kind->infer(m, t, &some, &any_off, INFER_SMOOTHED, NULL);
        any_same_beliefs(a, &filtered, s * 3, &smoothed, s * 3, 3, 1e-11);
        batch_free(&some);
    }
    tape_free(t);
    batch_free(&all);
    any_records_close(r, 3);
    model_free(m);
}

/* Steps in pieces, with a carry, are the steps at once; pieces: their lengths, 6 in all, then 0. */
static inline void any_pieces(const struct any *a, const int *pieces)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch whole, part;
    struct tape *t = tape_new(), *own = tape_new();
    struct carry carry = carry_new(m, 3);
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], i, 6, ANY_DX, a->du);
    fixture_mask(&r[1], "101101");
    batch_fill(&whole, r, any_all, 3, ANY_DX, a->du, 0, 6);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred all = m->kind->infer(m, t, &whole, &any_noisy, INFER_FILTERED, NULL);
    for (int i = 0, from = 0; pieces[i]; from += pieces[i++]) {
        batch_fill(&part, r, any_all, 3, ANY_DX, a->du, from, pieces[i]);
        tape_begin(own, &m->params, NULL, 0);
        struct inferred z = m->kind->infer(m, own, &part, &any_noisy, INFER_FILTERED, &carry);
        assert_int_equal(carry.steps, from + pieces[i]);
        any_same_beliefs(a, &z, 0, &all, from * 3, 3 * pieces[i], 1e-12);
        batch_free(&part);
    }
    carry_free(&carry);
    tape_free(t);
    tape_free(own);
    batch_free(&whole);
    any_records_close(r, 3);
    model_free(m);
}

/* Every way to cut six steps. */
static inline void any_cuts(const struct any *a)
{
    for (int cuts = 0; cuts < 32; cuts++) {
        int pieces[7] = {1}, n = 0;
        for (int i = 0; i < 5; i++)
            if (cuts >> i & 1)
                pieces[++n] = 1;
            else
                pieces[n]++;
        any_pieces(a, pieces);
    }
}

/* Steps that nobody saw are predictions: beliefs there are those of step() from the belief before. variances: are those too? (A Kalman
 * filter's have the variance of the state before in them.) */
static inline void any_unseen_steps(const struct any *a, bool variances)
{
    struct model *m = any_open(a);
    int dz = model_settings(m)->latent;
    struct record r;
    struct batch b;
    struct tape *t = tape_new();
    fixture_record(&r, 0, 6, ANY_DX, a->du);
    fixture_mask(&r, "110000");
    batch_fill(&b, &r, any_all, 1, ANY_DX, a->du, 0, 6);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
    struct latent now = {step_of(t, z.mean, 1, 1), z.memory ? step_of(t, z.memory, 1, 1) : NULL};
    for (int s = 2; s < 6; s++) {
        var *memory, *u = a->du > 0 ? step_of(t, batch_value(t, b.u, a->du, 6), s - 1, 1) : NULL;
        struct gauss next = m->kind->step(m, t, now, u, &memory);
        now = (struct latent){next.mean, memory};
        any_same(a, "mean", z.mean, s, next.mean, 0, 1, 1e-12);
        any_same(a, "memory", z.memory, s, memory, 0, 1, 1e-12);
        for (int i = 0; i < dz && variances; i++)
            any_near(a, "variance", s, any_number(z.cov, i * (dz + 1), s),
                     any_number(next.variance, gauss_is_full(next) ? i * (dz + 1) : i, 0), 1e-12);
    }
    tape_free(t);
    batch_free(&b);
    record_clear(&r);
    model_free(m);
}

/* ---- a path of states against a reference ---- */

/* What a reference computes of the first T steps of one sequence: states, variances of their beliefs (drag: struct plain_gauss), memories,
 * 𝒟 and ℛ. */
struct plain_path {
    double z[PLAIN_STEPS][PLAIN_MOST], variance[PLAIN_STEPS][PLAIN_MOST], drag[PLAIN_STEPS];
    double memory[PLAIN_STEPS][PLAIN_MOST], distortion, rate;
};
typedef struct plain_path plain_model(const struct model *m, const struct record *r, int sequence, int T, const struct noise *n);

/* 𝒟 and ℛ, samples and all. */
static inline void any_bound_of_reference(const struct any *a, bool gaps, plain_model *reference)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, a->du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, gaps ? 6 : 5);
    tape_begin(t, &m->params, NULL, 0);
    struct loss loss = m->kind->loss(m, t, &b, &any_noisy);
    for (int l = 0; l < 3; l++) {
        struct plain_path p = reference(m, &r[l], l, (int)record_steps(&r[l]), &any_noisy);
        any_near(a, "distortion", l, any_number(loss.distortion, 0, l), p.distortion, 1e-11);
        any_near(a, "rate", l, any_number(loss.rate, 0, l), p.rate, 1e-11);
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

static inline void any_belief_of_reference(const struct any *a, const char *what, const struct inferred *z, int lane,
                                           const struct plain_path *p, int at)
{
    int dz = z->mean->rows;
    struct plain_gauss q = {.drag = p->drag[at]};
    double cov[2][2];
    memcpy(q.variance, p->variance[at], sizeof q.variance);
    plain_cov(&q, cov);
    for (int i = 0; i < dz; i++)
        any_near(a, what, at, any_number(z->mean, i, lane), p->z[at][i], 1e-11);
    for (int i = 0; i < dz * dz; i++)
        any_near(a, "covariance", at, any_number(z->cov, i, lane),
                 q.drag != 0    ? cov[i / 2][i % 2]
                 : i % (dz + 1) ? 0
                                : p->variance[at][i / (dz + 1)],
                 1e-11);
    for (int i = 0; z->memory && i < z->memory->rows; i++)
        any_near(a, "memory", at, any_number(z->memory, i, lane), p->memory[at][i], 1e-11);
}

/* Smoothed beliefs are the path of means given all steps; filtered ones of step t the last of the path given t steps. Behind a sequence's
 * end they stay. */
static inline void any_beliefs_of_reference(const struct any *a, plain_model *reference)
{
    struct model *m = any_open(a);
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, a->du, true);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, ANY_LONGEST);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred smoothed = m->kind->infer(m, t, &b, &any_off, INFER_SMOOTHED, NULL);
    struct inferred filtered = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
    for (int l = 0; l < 3; l++)
        for (int s = 0; s < ANY_LONGEST; s++) {
            int steps = (int)record_steps(&r[l]), at = s < steps ? s : steps - 1;
            struct plain_path all = reference(m, &r[l], l, steps, &any_off), some = reference(m, &r[l], l, at + 1, &any_off);
            any_belief_of_reference(a, "smoothed", &smoothed, s * 3 + l, &all, at);
            any_belief_of_reference(a, "filtered", &filtered, s * 3 + l, &some, at);
        }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

/* ---- the frames before sub-sequences ---- */

/* The frames before three sequences, one step each; the second was not seen. Caller clears and frees. */
static inline void any_frames_before(const struct any *a, struct record r[3], struct batch *before)
{
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], 10 + i, 1, ANY_DX, a->du);
    fixture_mask(&r[1], "0");
    batch_fill(before, r, any_all, 3, ANY_DX, a->du, 0, 1);
}

/* The first state of two numbers, a position and a velocity, explains the frame before too, which is decoded from p − C v: it adds its 𝒟,
 * where it was seen, and nothing to ℛ. */
static inline void any_reaches_back(const struct any *a, bool gaps, plain_model *reference)
{
    struct model *m = any_open(a);
    struct record r[3], earlier[3];
    struct batch b, before;
    struct tape *t = tape_new();
    any_records(r, a->du, gaps);
    any_frames_before(a, earlier, &before);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, gaps ? 6 : 5);
    assert_true(m->kind->reaches_back(m));
    tape_begin(t, &m->params, NULL, 0);
    struct loss without = m->kind->loss(m, t, &b, &any_noisy);
    b.before = &before;
    struct loss with = m->kind->loss(m, t, &b, &any_noisy);
    for (int l = 0; l < 3; l++) {
        struct plain_path p = reference(m, &r[l], l, (int)record_steps(&r[l]), &any_noisy);
        double position = p.z[0][0] - (double)plain_values(m, "transition", "C")[0] * p.z[0][1], x[PLAIN_MOST];
        plain_net(m, "decoder", 2, false, &position, x);
        double more = plain_distortion(m, &earlier[l], 0, x);
        assert_true((more == 0) == (l == 1));
        any_near(a, "distortion", l, any_number(with.distortion, 0, l), any_number(without.distortion, 0, l) + more, 1e-11);
        any_near(a, "rate", l, any_number(with.rate, 0, l), any_number(without.rate, 0, l), 0);
    }
    tape_free(t);
    batch_free(&b);
    batch_free(&before);
    any_records_close(r, 3);
    any_records_close(earlier, 3);
    model_free(m);
}

/* The gradient of a bound that explains the frames before. */
static inline void any_gradient_reaching_back(const struct any *a, bool gaps)
{
    struct model *m = any_open(a);
    struct record r[3], earlier[3];
    struct batch b, before;
    const char *name = "";
    int moved;
    any_records(r, a->du, gaps);
    any_frames_before(a, earlier, &before);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, gaps ? 6 : 5);
    b.before = &before;
    double worst = bound_worst_gradient(m, &b, &any_noisy, &name, &moved);
    if (!(worst < 1e-5))
        fail_msg("%s (%s, du %d, vhp %d, filter %d), with frames before: %s: error %g", a->kind, a->settings, a->du, a->vhp, a->filter,
                 name, worst);
    batch_free(&b);
    batch_free(&before);
    any_records_close(r, 3);
    any_records_close(earlier, 3);
    model_free(m);
}

/* Without positions nothing tells where a state was. */
static inline void any_does_not_reach_back(const struct any *a)
{
    struct model *m = any_open(a);
    assert_true(!m->kind->reaches_back || !m->kind->reaches_back(m));
    model_free(m);
}

#endif
