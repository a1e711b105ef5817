/* The deep Kalman smoother and filter, gated and locally linear: gradients; its whole bound, its beliefs and its predictions against plain
 * loops; and what holds for any model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

#define SMALL "\"gru_units\": 3, \"combiner_hidden\": [4], \"bases\": 3, \"transition_hidden\": [3]"

enum { VARIANTS = 88 };

/* Model k: controls, prior, version; kind of the transition; what the mean is made of. */
static struct any variant(int k)
{
    static const char *const settings[] = {
        SMALL ", \"transition\": \"gated\", \"combiner\": \"free\"",
        SMALL ", \"transition\": \"linear\", \"combiner\": \"free\"",
        SMALL ", \"transition\": \"gated\", \"combiner\": \"correct\"",
        SMALL ", \"transition\": \"linear\", \"combiner\": \"correct\"",
        SMALL ", \"transition\": \"gated\", \"combiner\": \"mix\"",
        SMALL ", \"transition\": \"linear\", \"combiner\": \"mix\"",
        SMALL ", \"positions\": 1, \"combiner\": \"free\"",
        SMALL ", \"positions\": 1, \"combiner\": \"correct\"",
        SMALL ", \"positions\": 1, \"combiner\": \"mix\"",
        SMALL ", \"encoder\": [], \"combiner\": \"correct\"",
        SMALL ", \"encoder\": [], \"positions\": 1",
    };
    return (struct any){"dks", settings[k / 8], k & 1 ? 2 : 0, k & 2, k & 4};
}

/* ---- the model in plain loops ---- */

/* Is the combiner of this kind? */
static bool combines(const struct model *m, const char *kind)
{
    json_t *meta = model_meta(m);
    bool is = strcmp(json_string_value(json_object_get(json_object_get(meta, "settings"), "combiner")), kind) == 0;
    json_decref(meta);
    return is;
}

static struct plain_gauss plain_transition(const struct model *m, const double *z, const double *u)
{
    bool gated = params_find(&m->params, "transition.W_minus_I") >= 0;
    return gated ? plain_gated(m, z, 2, u) : plain_linear(m, z, 2, u);
}

/* The belief where something is seen, from the state before, the h of recognition's `rows` rows, the control, and the transition's p. */
static struct plain_gauss plain_belief(const struct model *m, const double *z, const double *h, int rows, const double *u,
                                       const struct plain_gauss *p)
{
    double in[PLAIN_MOST], out[PLAIN_MOST];
    struct plain_gauss q;
    double added[2];
    bool mix = combines(m, "mix");
    plain_stack(in, mix ? p->mean : z, 2, h, rows);
    memcpy(in + 2 + rows, u, sizeof(double) * (size_t)m->du);
    if (!mix) {
        q = plain_head(m, "combiner", 2, in);
        memcpy(added, q.mean, sizeof added);
    } else {
        assert_int_equal(plain_net(m, "combiner", 2, false, in, out), 6);
        for (int i = 0; i < 2; i++) {
            added[i] = plain_sigmoid(out[4 + i]) * (out[i] - p->mean[i]);
            q.variance[i] = exp(out[2 + i]) + VARIANCE_FLOOR;
        }
    }
    q.drag = p->drag;
    if (!combines(m, "free")) { /* what is added to a velocity drags the position */
        q.mean[0] = p->mean[0] + added[0] + p->drag * added[1];
        q.mean[1] = p->mean[1] + added[1];
    }
    return q;
}

static struct plain_path reference(const struct model *m, const struct record *r, int sequence, int T, const struct noise *n)
{
    struct plain_path out = {.rate = 0};
    double h[PLAIN_STEPS][PLAIN_MOST], u[PLAIN_MOST], x[PLAIN_MOST];
    int rows = plain_recognition(m, r, T, h);
    for (int t = 0; t < T; t++) {
        struct plain_gauss q = {.drag = 0}, p = q;
        if (t == 0) {
            q = plain_head(m, "first", 2, h[0]);
        } else {
            plain_control(m, r, t, u);
            p = plain_transition(m, out.z[t - 1], u);
            q = plain_seen(r, t) ? plain_belief(m, out.z[t - 1], h[t], rows, u, &p) : p;
        }
        plain_sample(n, NOISE_STATE, sequence, t, 2, &q, out.z[t]);
        out.rate += t == 0 ? plain_first_rate(m, &q, out.z[0], 2, sequence, n) : plain_kl(2, &q, &p);
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
    any_gradient_reaching_back(&(struct any){"dks", SMALL ", \"latent\": 5, \"positions\": 2", 1, true, false}, true); /* C is 2×3 */
}

/* ---- prediction ---- */

static void step_and_decode(void **state)
{
    (void)state;
    static const real z[2] = {0.3, -1}, u[2] = {0.5, -0.25}, none[2] = {0};
    for (int k = 0; k < 8; k++) {
        struct any a = variant((k & 1) + (k & 2) * 4); /* controls, kind of the transition */
        struct model *m = any_open(&a);
        struct tape *t = tape_new();
        tape_begin(t, &m->params, NULL, 0);
        struct latent now = {leaf(t, 2, 1, z), NULL};
        bool acts = a.du > 0 && k & 4;
        var *memory = now.z;
        struct gauss next = m->kind->step(m, t, now, acts ? leaf(t, 2, 1, u) : NULL, &memory);
        struct plain_gauss p = plain_transition(m, z, acts ? u : none);
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

/* z_1 of a sequence from nothing: the prior. */
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
        assert_null(first.memory);
        for (int l = 0; l < 2; l++) {
            double zeta[PLAIN_MOST], z[PLAIN_MOST];
            plain_noise(&any_noisy, NOISE_PRIOR, (int)lanes.sequence[l], 0, 2, zeta);
            struct plain_gauss p = vhp ? plain_head(m, "prior.down", 2, zeta) : plain_standard();
            plain_sample(&any_noisy, NOISE_START, (int)lanes.sequence[l], 0, 2, &p, z);
            for (int i = 0; i < 2; i++)
                any_near(&a, "z_1", l, any_number(first.z, i, l), z[i], 1e-13);
        }
        tape_free(t);
        model_free(m);
    }
}

/* The combiner's last layer as numbers: means of 0 and 0.25, and where it has a gate, that gate's logit. */
static void set_combiner(struct model *m, double logit)
{
    const struct param *bias = plain_entry(m, "combiner.1", "bias"), *weight = plain_entry(m, "combiner.1", "weight");
    real *b = fixture_param(m, "combiner.1.bias");
    memset(fixture_param(m, "combiner.1.weight"), 0, sizeof(real) * (size_t)(weight->rows * weight->cols));
    b[0] = 0, b[1] = 0.25;
    for (int i = 4; i < bias->rows; i++)
        b[i] = (real)logit;
}

/* Beliefs' means of a combiner that gives these numbers: `share` of its own mean and `rest` of the transition's. */
static void means_of_combiner(const struct any *a, double logit, double share, double rest)
{
    struct model *m = any_open(a);
    struct record r;
    struct batch b;
    struct tape *t = tape_new();
    fixture_record(&r, 0, 4, ANY_DX, a->du);
    batch_fill(&b, &r, any_all, 1, ANY_DX, a->du, 0, 4);
    set_combiner(m, logit);
    tape_begin(t, &m->params, NULL, 0);
    struct inferred z = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
    for (int s = 1; s < 4; s++) {
        var *memory, *u = step_of(t, batch_value(t, b.u, a->du, 4), s - 1, 1);
        struct gauss p = m->kind->step(m, t, (struct latent){step_of(t, z.mean, s - 1, 1), NULL}, u, &memory);
        for (int i = 0; i < 2; i++)
            any_near(a, "mean", s, any_number(z.mean, i, s), share * 0.25 * i + rest * any_number(p.mean, i, 0), 1e-13);
    }
    tape_free(t);
    batch_free(&b);
    record_clear(&r);
    model_free(m);
}

/* Free: the mean is its own. A correction: added to the transition's. A mix: between both, as the gate says. */
static void what_the_combiner_gives(void **state)
{
    (void)state;
    for (int linear = 0; linear < 2; linear++) { /* filters with controls */
        struct any own = variant(7 + 8 * linear), correct = variant(23 + 8 * linear), mix = variant(39 + 8 * linear);
        means_of_combiner(&own, 0, 1, 0);
        means_of_combiner(&correct, 0, 1, 1);
        means_of_combiner(&mix, -40, 0, 1);
        means_of_combiner(&mix, 0, 0.5, 0.5);
        means_of_combiner(&mix, log(3), 0.75, 0.25);
        means_of_combiner(&mix, 40, 1, 0);
    }
}

/* Before training a mix is near the transition's mean, and by default it is a mix, of a linear transition's. */
static void how_it_begins(void **state)
{
    (void)state;
    static const double expected[] = {0, 0, -4, -4, -2, -2};
    struct model *m = fixture_model("dks", "{" SMALL ", \"latent\": 2, \"encoder\": [5, 3]}", ANY_DX, 1, 7);
    assert_true(combines(m, "mix"));
    assert_true(params_find(&m->params, "transition.F_minus_I") >= 0 && params_find(&m->params, "transition.W_minus_I") < 0);
    assert_int_equal(plain_entry(m, "combiner.1", "bias")->rows, 6);
    assert_int_equal(plain_entry(m, "combiner.0", "weight")->cols, 2 + 3 + 3 + 3); /* p, both units, features: no control */
    for (int i = 0; i < 6; i++)
        assert_true((double)fixture_param(m, "combiner.1.bias")[i] == expected[i]);
    model_free(m);
}

/* ---- what holds for any model ---- */

static void whole_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < VARIANTS; k++) {
        struct any a = variant(k);
        any_gradient(&a, k & 1, 0, k & 8 || k >= 48 ? 0.97 : 1); /* a locally linear one's softmax does not see a few directions */
    }
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    any_gradient(&(struct any){"dks", SMALL, 2, false, false}, false, 1, 0); /* one step: no transition at all */
    any_gradient(&(struct any){"dks", SMALL, 1, true, true}, true, 2, 0);
    any_gradient(&(struct any){"dks", SMALL ", \"latent\": 3, \"vhp_latent\": 1", 1, true, false}, true, 0, 1);
    any_gradient(&(struct any){"dks", SMALL ", \"latent\": 3, \"positions\": 2", 1, true, false}, true, 0, 0.97);
    any_gradient(&(struct any){"dks", SMALL ", \"encoder\": [], \"latent\": 4, \"positions\": 2", 1, true, false}, true, 0, 0.97);
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
    for (int k = 4; k < VARIANTS; k += k & 1 ? 7 : 1) { /* filters with the normal prior, without and with controls */
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
        cmocka_unit_test(first_state_reaches_back),
        cmocka_unit_test(step_and_decode),
        cmocka_unit_test(start_is_the_prior),
        cmocka_unit_test(what_the_combiner_gives),
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
