/* The recurrent state-space model: gradients; its whole bound, its beliefs with their memory and its predictions against plain loops; and
 * what holds for any model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

enum { UNITS = 3 };
#define SMALL "\"gru_units\": 3, \"ahead_units\": 2, \"prior_hidden\": [3], \"posterior_hidden\": [3]"

/* Model k of 16: controls, prior, version, whether the prior's mean is near the state before or free. */
static struct any variant(int k)
{
    static const char *const settings[] = {SMALL ", \"prior_mean\": \"near\"", SMALL ", \"prior_mean\": \"free\""};
    return (struct any){"rssm", settings[k >> 3 & 1], k & 1 ? 2 : 0, k & 2, k & 4};
}

/* ---- the model in plain loops ---- */

static bool is_near(const struct model *m)
{
    json_t *meta = model_meta(m);
    bool near = strcmp(json_string_value(json_object_get(json_object_get(meta, "settings"), "prior_mean")), "near") == 0;
    json_decref(meta);
    return near;
}

/* h ← GRU(h, layer(z, u)) */
static void plain_memory(const struct model *m, const double *z, const double *u, double *h)
{
    double in[PLAIN_MOST], layer[PLAIN_MOST];
    plain_stack(in, z, 2, u, m->du);
    plain_net(m, "transition.input", 1, true, in, layer);
    plain_gru(m, "transition.gru", layer, h);
}

static struct plain_gauss plain_prior(const struct model *m, const double *h, const double *before)
{
    struct plain_gauss p = plain_head(m, "transition.prior", 2, h);
    for (int i = 0; i < 2 && is_near(m); i++)
        p.mean[i] += before[i];
    return p;
}

/* The decoder sees memory and state. */
static void plain_decode(const struct model *m, const double *h, const double *z, double *x)
{
    double in[PLAIN_MOST];
    plain_stack(in, h, UNITS, z, 2);
    plain_net(m, "decoder", 2, false, in, x);
}

static struct plain_path reference(const struct model *m, const struct record *r, int sequence, int T, const struct noise *n)
{
    struct plain_path out = {.rate = 0};
    double known[PLAIN_STEPS][PLAIN_MOST], h[PLAIN_MOST] = {0}, in[PLAIN_MOST], u[PLAIN_MOST], x[PLAIN_MOST];
    int rows = plain_recognition(m, r, T, known);
    for (int i = 0; i < UNITS; i++)
        h[i] = (double)plain_values(m, "transition", "first")[i];
    for (int t = 0; t < T; t++) {
        struct plain_gauss q, p = plain_standard();
        if (t > 0) {
            plain_control(m, r, t, u);
            plain_memory(m, out.z[t - 1], u, h);
            p = plain_prior(m, h, out.z[t - 1]);
        }
        plain_stack(in, h, UNITS, known[t], rows);
        q = t == 0 || plain_seen(r, t) ? plain_head(m, "posterior", 2, in) : p;
        plain_sample(n, NOISE_STATE, sequence, t, 2, &q, out.z[t]);
        out.rate += t == 0 ? plain_first_rate(m, &q, out.z[0], 2, sequence, n) : plain_kl(2, &q, &p);
        memcpy(out.variance[t], q.variance, sizeof q.variance);
        memcpy(out.memory[t], h, sizeof h);
        plain_decode(m, h, out.z[t], x);
        out.distortion += plain_distortion(m, r, t, x);
    }
    return out;
}

static void bound_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < 32; k++) {
        struct any a = variant(k);
        any_bound_of_reference(&a, k & 16, reference);
    }
}

static void beliefs_in_plain_loops(void **state)
{
    (void)state;
    for (int k = 0; k < 16; k++) {
        struct any a = variant(k);
        any_beliefs_of_reference(&a, reference);
    }
}

/* ---- prediction ---- */

static void step_and_decode(void **state)
{
    (void)state;
    static const real z[2] = {0.3, -1}, u[2] = {0.5, -0.25}, none[2] = {0}, h[UNITS] = {0.1, -0.7, 0.4};
    for (int k = 0; k < 8; k++) {
        struct any a = variant((k & 1) + (k & 2) * 4); /* controls, the prior's mean */
        struct model *m = any_open(&a);
        struct tape *t = tape_new();
        tape_begin(t, &m->params, NULL, 0);
        struct latent now = {leaf(t, 2, 1, z), leaf(t, UNITS, 1, h)};
        bool acts = a.du > 0 && k & 4;
        var *memory;
        struct gauss next = m->kind->step(m, t, now, acts ? leaf(t, 2, 1, u) : NULL, &memory);
        var *decoded = m->kind->decode(m, t, now);
        double x[PLAIN_MOST], moved[PLAIN_MOST];
        plain_decode(m, h, z, x);
        memcpy(moved, h, sizeof h);
        plain_memory(m, z, acts ? u : none, moved);
        struct plain_gauss p = plain_prior(m, moved, z);
        for (int i = 0; i < 2; i++) {
            any_near(&a, "mean", i, any_number(next.mean, i, 0), p.mean[i], 1e-13);
            any_near(&a, "variance", i, any_number(next.variance, i, 0), p.variance[i], 1e-13);
        }
        for (int i = 0; i < UNITS; i++)
            any_near(&a, "memory", i, any_number(memory, i, 0), moved[i], 1e-13);
        for (int i = 0; i < ANY_DX; i++)
            any_near(&a, "x", i, any_number(decoded, i, 0), x[i], 1e-13);
        tape_free(t);
        model_free(m);
    }
}

/* Sequences from nothing begin at a draw from the prior, and at the learned memory. */
static void start_is_the_prior(void **state)
{
    (void)state;
    for (int vhp = 0; vhp < 2; vhp++) {
        struct any a = variant(1 + 2 * vhp);
        struct model *m = any_open(&a);
        struct tape *t = tape_new();
        struct batch lanes = {.T = 1, .B = 2, .dx = ANY_DX, .du = a.du, .sequence = (uint32_t[]){4, 9}};
        tape_begin(t, &m->params, NULL, 0);
        struct latent first = m->kind->start(m, t, &lanes, &any_noisy);
        for (int l = 0; l < 2; l++) {
            double zeta[PLAIN_MOST], z[PLAIN_MOST];
            plain_noise(&any_noisy, NOISE_PRIOR, (int)lanes.sequence[l], 0, 2, zeta);
            struct plain_gauss p = vhp ? plain_head(m, "prior.down", 2, zeta) : plain_standard();
            plain_sample(&any_noisy, NOISE_START, (int)lanes.sequence[l], 0, 2, &p, z);
            for (int i = 0; i < 2; i++)
                any_near(&a, "z_1", l, any_number(first.z, i, l), z[i], 1e-13);
            for (int i = 0; i < UNITS; i++)
                any_near(&a, "h_1", l, any_number(first.memory, i, l), (double)plain_values(m, "transition", "first")[i], 0);
        }
        tape_free(t);
        model_free(m);
    }
}

/* ---- what holds for any model ---- */

static void whole_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < 32; k++) {
        struct any a = variant(k);
        any_gradient(&a, k & 16, 0, 1);
    }
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    any_gradient(&(struct any){"rssm", SMALL, 2, false, false}, false, 1, 0); /* one step: no transition at all */
    any_gradient(&(struct any){"rssm", SMALL, 1, true, true}, true, 2, 0);
    any_gradient(&(struct any){"rssm", SMALL ", \"latent\": 4, \"posterior_hidden\": [3, 2]", 1, true, false}, true, 0, 1);
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
    for (int k = 0; k < 16; k++) {
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
    for (int k = 4; k < 16; k += k & 1 ? 7 : 1) { /* filters with the normal prior, without and with controls */
        struct any a = variant(k);
        any_cuts(&a);
    }
}

/* A version that looks ahead has nothing to carry; every version has a memory. */
static void only_the_filter_carries(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        struct any a = variant(k);
        struct model *m = any_open(&a);
        assert_int_equal(m->kind->carry_rows(m), a.filter ? UNITS + 2 + a.du : 0);
        assert_int_equal(m->kind->memory_rows(m), UNITS);
        model_free(m);
    }
}

static void networks_without_layers_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"{\"posterior_hidden\": []}", "--posterior-hidden: expected at least one layer, got none"},
        {"{\"encoder\": []}", "--encoder: expected at least one layer, got none"},
    };
    const struct model_kind *kind = model_kind_find("rssm");
    for (int i = 0; i < 2; i++) {
        void *settings = fixture_settings(kind, wrong[i][0]);
        struct error e;
        assert_null(model_new(kind, settings, 4, 1, NULL, 1, &e));
        assert_int_equal(e.code, DSSM_USAGE);
        assert_string_equal(e.text, wrong[i][1]);
        free(settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_in_plain_loops),
        cmocka_unit_test(beliefs_in_plain_loops),
        cmocka_unit_test(step_and_decode),
        cmocka_unit_test(start_is_the_prior),
        cmocka_unit_test(whole_gradient),
        cmocka_unit_test(whole_gradient_of_other_shapes),
        cmocka_unit_test(a_fault_is_caught),
        cmocka_unit_test(as_any_model),
        cmocka_unit_test(filter_goes_on_from_its_carry),
        cmocka_unit_test(only_the_filter_carries),
        cmocka_unit_test(networks_without_layers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
