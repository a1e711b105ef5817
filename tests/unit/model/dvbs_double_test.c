/* The deep variational Bayes smoother and filter: gradients; its whole bound, its beliefs and its predictions against plain loops; and
 * what holds for any model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

#define SMALL "\"gru_units\": 3, \"fusion_hidden\": [4], \"start_hidden\": [3], \"bases\": 3, \"transition_hidden\": [3]"

enum { VARIANTS = 32 };

/* Model k: controls, prior (Karl's own start where it is normal), version; of each eight as they are, with a position, without an encoder,
 * both. */
static struct any variant(int k)
{
    static const char *const settings[] = {SMALL, SMALL ", \"positions\": 1", SMALL ", \"encoder\": []",
                                           SMALL ", \"encoder\": [], \"positions\": 1"};
    return (struct any){"dvbs", settings[k / 8], k & 1 ? 2 : 0, k & 2, k & 4};
}

/* ---- the model in plain loops ---- */

/* Karl's f: z_1 = ζ + net(ζ). */
static void plain_f(const struct model *m, const double *zeta, double *z)
{
    int rows = plain_net(m, "first.f", 2, false, zeta, z);
    for (int i = 0; i < rows; i++)
        z[i] += zeta[i];
}

/* What a belief over ζ is of z_1: linearised by central differences, or where ζ is a sample nothing but that. */
static struct plain_gauss plain_start(const struct model *m, const struct plain_gauss *zeta, bool off)
{
    struct plain_gauss q = {.drag = 0};
    int dz = model_settings(m)->latent;
    plain_f(m, zeta->mean, q.mean);
    for (int i = 0; i < dz; i++)
        q.variance[i] = VARIANCE_FLOOR;
    for (int j = 0; j < dz && off; j++) {
        double point[PLAIN_MOST], up[PLAIN_MOST], down[PLAIN_MOST];
        memcpy(point, zeta->mean, sizeof point);
        point[j] = zeta->mean[j] + sqrt(zeta->variance[j]);
        plain_f(m, point, up);
        point[j] = zeta->mean[j] - sqrt(zeta->variance[j]);
        plain_f(m, point, down);
        for (int i = 0; i < dz; i++)
            q.variance[i] += pow((up[i] - down[i]) / 2, 2);
    }
    return q;
}

/* The belief over z_1 and z_1 itself; returns its rate. */
static double plain_first(const struct model *m, const double *h, int sequence, const struct noise *n, struct plain_gauss *q, double *z)
{
    struct plain_gauss unit = plain_standard();
    int dz = model_settings(m)->latent;
    *q = plain_head(m, "first", 2, h);
    if (model_settings(m)->prior == PRIOR_VHP) {
        plain_sample(n, NOISE_STATE, sequence, 0, dz, q, z);
        return plain_first_rate(m, q, z, dz, sequence, n);
    }
    double zeta[PLAIN_MOST], rate = plain_kl(dz, q, &unit);
    plain_sample(n, NOISE_AUX, sequence, 0, dz, q, zeta);
    plain_f(m, zeta, z);
    *q = plain_start(m, q, n->off);
    return rate;
}

/* The product of two Gaussians over one number, by summing over a fine grid. */
static void product_by_grid(double m1, double v1, double m2, double v2, double *mean, double *variance)
{
    double low = fmin(m1 - 9 * sqrt(v1), m2 - 9 * sqrt(v2)), high = fmax(m1 + 9 * sqrt(v1), m2 + 9 * sqrt(v2)), sum = 0, first = 0;
    enum { GRID = 20000 };
    double most = -INFINITY, x[GRID], weight[GRID], second = 0;
    for (int i = 0; i < GRID; i++) {
        x[i] = low + (high - low) * i / (GRID - 1);
        weight[i] = -0.5 * (pow(x[i] - m1, 2) / v1 + pow(x[i] - m2, 2) / v2);
        most = fmax(most, weight[i]);
    }
    for (int i = 0; i < GRID; i++) {
        weight[i] = exp(weight[i] - most);
        sum += weight[i], first += weight[i] * x[i];
    }
    *mean = first / sum;
    for (int i = 0; i < GRID; i++)
        second += weight[i] * pow(x[i] - *mean, 2);
    *variance = second / sum;
}

/* The product of the transition's Gaussian over two numbers, dragged, and what is measured of each. */
static struct plain_gauss product_of_two(const struct plain_gauss *p, const struct plain_gauss *meas)
{
    double P[2][2], precision[2][2], cov[2][2], sum[2];
    struct plain_gauss q = {.drag = 0};
    plain_cov(p, P);
    plain_invert(P, precision);
    for (int i = 0; i < 2; i++)
        sum[i] = meas->mean[i] / meas->variance[i] + precision[i][0] * p->mean[0] + precision[i][1] * p->mean[1];
    for (int i = 0; i < 2; i++)
        precision[i][i] += 1 / meas->variance[i];
    plain_invert(precision, cov);
    for (int i = 0; i < 2; i++)
        q.mean[i] = cov[i][0] * sum[0] + cov[i][1] * sum[1];
    plain_set_cov(&q, cov);
    return q;
}

static struct plain_path reference(const struct model *m, const struct record *r, int sequence, int T, const struct noise *n)
{
    struct plain_path out = {.rate = 0};
    double h[PLAIN_STEPS][PLAIN_MOST], u[PLAIN_MOST], x[PLAIN_MOST];
    int dz = model_settings(m)->latent;
    plain_recognition(m, r, T, h);
    for (int t = 0; t < T; t++) {
        struct plain_gauss q = {.drag = 0}, p = q;
        if (t == 0) {
            out.rate = plain_first(m, h[0], sequence, n, &q, out.z[0]);
        } else {
            struct plain_gauss meas = plain_head(m, "fusion", 2, h[t]);
            plain_control(m, r, t, u);
            q = p = plain_linear(m, out.z[t - 1], dz, u);
            if (p.drag != 0 && plain_seen(r, t))
                q = product_of_two(&p, &meas);
            for (int i = 0; i < dz && p.drag == 0 && plain_seen(r, t); i++) {
                q.variance[i] = 1 / (1 / p.variance[i] + 1 / meas.variance[i]);
                q.mean[i] = q.variance[i] * (p.mean[i] / p.variance[i] + meas.mean[i] / meas.variance[i]);
            }
            plain_sample(n, NOISE_STATE, sequence, t, dz, &q, out.z[t]);
            out.rate += plain_kl(dz, &q, &p);
        }
        memcpy(out.variance[t], q.variance, sizeof q.variance);
        out.drag[t] = q.drag;
        plain_net(m, "decoder", 2, false, out.z[t], x);
        out.distortion += plain_distortion(m, r, t, x);
    }
    return out;
}

static void bound_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < VARIANTS; k++) {
        struct any a = variant(k);
        any_bound_of_reference(&a, false, reference);
        any_bound_of_reference(&a, true, reference);
    }
}

static void beliefs_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < VARIANTS; k++) {
        struct any a = variant(k);
        any_beliefs_of_reference(&a, reference);
    }
}

/* A belief is the product of what the transition expects and what recognition measures: two models that differ in q_meas alone. */
static void beliefs_are_products(void **state)
{
    (void)state;
    struct any a = variant(7);
    struct model *m = any_open(&a);
    struct record r;
    struct batch b;
    struct tape *t = tape_new();
    fixture_record(&r, 0, 3, ANY_DX, a.du);
    batch_fill(&b, &r, any_all, 1, ANY_DX, a.du, 0, 3);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
    double h[PLAIN_STEPS][PLAIN_MOST];
    plain_recognition(m, &r, 3, h);
    for (int s = 1; s < 3; s++) {
        var *memory;
        struct latent before = {step_of(t, z.mean, s - 1, 1), NULL};
        struct gauss p = m->kind->step(m, t, before, step_of(t, batch_value(t, b.u, a.du, 3), s - 1, 1), &memory);
        struct plain_gauss meas = plain_head(m, "fusion", 2, h[s]);
        for (int i = 0; i < 2; i++) {
            double mean, variance;
            product_by_grid(any_number(p.mean, i, 0), any_number(p.variance, i, 0), meas.mean[i], meas.variance[i], &mean, &variance);
            any_near(&a, "mean of the product", s, any_number(z.mean, i, s), mean, 1e-8);
            any_near(&a, "variance of the product", s, any_number(z.cov, 3 * i, s), variance, 1e-8);
        }
    }
    tape_free(t);
    batch_free(&b);
    record_clear(&r);
    model_free(m);
}

/* With a position, the first state explains the frame before. */
static void first_state_reaches_back(void **state)
{
    (void)state;
    for (int k = 0; k < VARIANTS; k++) {
        struct any a = variant(k);
        if (!strstr(a.settings, "positions")) {
            any_does_not_reach_back(&a);
            continue;
        }
        any_reaches_back(&a, false, reference);
        any_reaches_back(&a, true, reference);
        any_gradient_reaching_back(&a, k & 1);
    }
    any_gradient_reaching_back(&(struct any){"dvbs", SMALL ", \"latent\": 5, \"positions\": 2", 1, true, false}, true); /* C is 2×3 */
}

/* ---- prediction ---- */

static void step_and_decode(void **state)
{
    (void)state;
    static const real z[2] = {0.3, -1}, u[2] = {0.5, -0.25}, none[2] = {0};
    for (int k = 0; k < 4; k++) {
        struct any a = variant(k & 1);
        struct model *m = any_open(&a);
        struct tape *t = tape_new();
        tape_begin(t, &m->params, NULL, 0);
        struct latent now = {leaf(t, 2, 1, z), NULL};
        bool acts = a.du > 0 && k & 2;
        var *memory = now.z;
        struct gauss next = m->kind->step(m, t, now, acts ? leaf(t, 2, 1, u) : NULL, &memory);
        struct plain_gauss p = plain_linear(m, z, 2, acts ? u : none);
        double x[PLAIN_MOST];
        plain_net(m, "decoder", 2, false, z, x);
        var *decoded = m->kind->decode(m, t, now);
        assert_null(memory);
        for (int i = 0; i < 2; i++) {
            any_near(&a, "mean", i, any_number(next.mean, i, 0), p.mean[i], 1e-13);
            any_near(&a, "variance", i, any_number(next.variance, i, 0), p.variance[i], 1e-13);
        }
        for (int i = 0; i < ANY_DX; i++)
            any_near(&a, "x", i, any_number(decoded, i, 0), x[i], 1e-13);
        tape_free(t);
        model_free(m);
    }
}

/* Karl's own start: z_1 = ζ + net(ζ), ζ ~ N(0, I); without noise ζ is 0. */
static void karls_start(void **state)
{
    (void)state;
    struct any a = variant(1);
    struct model *m = any_open(&a);
    struct tape *t = tape_new();
    struct batch lanes = {.T = 1, .B = 2, .dx = ANY_DX, .du = a.du, .sequence = (uint32_t[]){4, 9}};
    assert_true(params_find(&m->params, "prior.up.0.weight") < 0);
    tape_begin(t, &m->params, NULL, 0);
    for (int off = 0; off < 2; off++) {
        struct latent first = m->kind->start(m, t, &lanes, off ? &any_off : &any_noisy);
        assert_null(first.memory);
        for (int l = 0; l < 2; l++) {
            struct plain_gauss unit = plain_standard();
            double zeta[PLAIN_MOST], z[PLAIN_MOST];
            plain_sample(off ? &any_off : &any_noisy, NOISE_START, (int)lanes.sequence[l], 0, 2, &unit, zeta);
            plain_f(m, zeta, z);
            for (int i = 0; i < 2; i++)
                any_near(&a, "z_1", l, any_number(first.z, i, l), z[i], 1e-13);
        }
    }
    tape_free(t);
    model_free(m);
}

/* The belief over z_1 against many draws of ζ: as wide as f makes it, to within what f's bend and so many draws leave open. */
static void width_of_the_first_belief(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    struct any a = variant(0);
    struct model *m = any_open(&a);
    struct record r;
    struct batch b;
    struct tape *t = tape_new();
    double h[PLAIN_STEPS][PLAIN_MOST], sum[2] = {0}, square[2] = {0};
    for (int i = 0; i < 2; i++)
        fixture_param(m, "first.1.bias")[2 + i] = -4; /* narrow enough for f to be nearly linear */
    fixture_record(&r, 0, 3, ANY_DX, a.du);
    batch_fill(&b, &r, any_all, 1, ANY_DX, a.du, 0, 3);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &any_off, INFER_SMOOTHED, NULL);
    plain_recognition(m, &r, 3, h);
    struct plain_gauss q = plain_head(m, "first", 2, h[0]);
    for (int s = 0; s < DRAWS; s++) {
        double zeta[PLAIN_MOST], x[PLAIN_MOST];
        plain_sample(&any_noisy, NOISE_AUX, s, 0, 2, &q, zeta);
        plain_f(m, zeta, x);
        for (int i = 0; i < 2; i++)
            sum[i] += x[i] / DRAWS, square[i] += x[i] * x[i] / DRAWS;
    }
    for (int i = 0; i < 2; i++)
        any_near(&a, "ratio of variances", i, any_number(z.cov, 3 * i, 0) / (square[i] - sum[i] * sum[i]), 1, 0.05);
    tape_free(t);
    batch_free(&b);
    record_clear(&r);
    model_free(m);
}

/* With the hierarchical prior there is no f, and z_1 comes from that prior. */
static void hierarchical_start(void **state)
{
    (void)state;
    struct any a = variant(3);
    struct model *m = any_open(&a);
    struct tape *t = tape_new();
    struct batch lanes = {.T = 1, .B = 2, .dx = ANY_DX, .du = a.du, .sequence = (uint32_t[]){4, 9}};
    double zeta[PLAIN_MOST], z[PLAIN_MOST];
    assert_true(params_find(&m->params, "first.f.0.weight") < 0);
    tape_begin(t, &m->params, NULL, 0);
    struct latent first = m->kind->start(m, t, &lanes, &any_noisy);
    for (int l = 0; l < 2; l++) {
        plain_noise(&any_noisy, NOISE_PRIOR, (int)lanes.sequence[l], 0, 2, zeta);
        struct plain_gauss down = plain_head(m, "prior.down", 2, zeta);
        plain_sample(&any_noisy, NOISE_START, (int)lanes.sequence[l], 0, 2, &down, z);
        for (int i = 0; i < 2; i++)
            any_near(&a, "z_1", l, any_number(first.z, i, l), z[i], 1e-13);
    }
    tape_free(t);
    model_free(m);
}

/* Before training what is measured is vague, so that the path is the transition's own, and f is near the identity. */
static void how_it_begins(void **state)
{
    (void)state;
    static const double zeta[] = {1.5, -0.5};
    for (int given = 0; given < 2; given++) {
        struct model *m = fixture_model("dvbs",
                                        given ? "{" SMALL ", \"latent\": 2, \"prior\": \"normal\", \"fusion_variance\": 3}"
                                              : "{" SMALL ", \"latent\": 2, \"prior\": \"normal\"}",
                                        ANY_DX, 1, 7);
        const real *bias = fixture_param(m, "fusion.1.bias");
        double z[PLAIN_MOST], most = 0;
        for (int i = 0; i < 2; i++)
            assert_true(bias[i] == 0 && fabs(exp((double)bias[2 + i]) - (given ? 3 : 20)) < 1e-9);
        plain_f(m, zeta, z);
        for (int i = 0; i < 2; i++)
            most = fmax(most, fabs(z[i] - zeta[i]));
        assert_true(most > 0 && most < 0.3);
        assert_int_equal(plain_entry(m, "first.f.1", "weight")->group, GROUP_PSI0);
        model_free(m);
    }
}

/* ---- what holds for any model ---- */

static void whole_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < VARIANTS; k++) {
        struct any a = variant(k);
        any_gradient(&a, k & 1, 0, 0.97); /* the transition's softmax does not see a few directions */
    }
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    any_gradient(&(struct any){"dvbs", SMALL, 2, false, false}, false, 1, 0); /* one step: no transition at all */
    any_gradient(&(struct any){"dvbs", SMALL, 1, true, true}, true, 2, 0);
    any_gradient(&(struct any){"dvbs", SMALL ", \"latent\": 3, \"vhp_latent\": 1", 1, true, false}, true, 0, 0.97);
    any_gradient(&(struct any){"dvbs", SMALL ", \"latent\": 3, \"positions\": 1", 1, true, false}, true, 0, 0.97);
}

static void a_fault_is_caught(void **state)
{
    (void)state;
    struct any a = variant(3);
    any_gradient_fault(&a);
}

static void as_any_model(void **state)
{
    (void)state;
    for (int k = 0; k < VARIANTS; k++) {
        struct any a = variant(k);
        any_side_by_side(&a, false);
        any_side_by_side(&a, true);
        any_unseen_tail(&a, k & 1);
        any_ends(&a, INFER_SMOOTHED);
        any_ends(&a, INFER_FILTERED);
        any_beginnings(&a, k & 1);
        any_unseen_steps(&a, true);
    }
}

static void filter_goes_on_from_its_carry(void **state)
{
    (void)state;
    for (int k = 4; k < VARIANTS; k += k % 8 == 7 ? 5 : 1) {
        struct any a = variant(k);
        any_cuts(&a);
    }
}

static void only_the_filter_carries(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct any a = variant(k);
        struct model *m = any_open(&a);
        assert_int_equal(m->kind->carry_rows(m), a.filter ? 2 + 3 + a.du : 0);
        assert_null(m->kind->memory_rows);
        model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_in_plain_loops),
        cmocka_unit_test(beliefs_in_plain_loops),
        cmocka_unit_test(beliefs_are_products),
        cmocka_unit_test(first_state_reaches_back),
        cmocka_unit_test(step_and_decode),
        cmocka_unit_test(karls_start),
        cmocka_unit_test(width_of_the_first_belief),
        cmocka_unit_test(hierarchical_start),
        cmocka_unit_test(how_it_begins),
        cmocka_unit_test(whole_gradient),
        cmocka_unit_test(whole_gradient_of_other_shapes),
        cmocka_unit_test(a_fault_is_caught),
        cmocka_unit_test(as_any_model),
        cmocka_unit_test(filter_goes_on_from_its_carry),
        cmocka_unit_test(only_the_filter_carries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
