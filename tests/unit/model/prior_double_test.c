/* Initial distributions: the standard normal, and the hierarchical prior's bound against a case that can be integrated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "gradcheck.h"

static struct prior declare(struct params *p, int kind, int dz, int dzeta, struct int_list hidden)
{
    struct model_settings s = {.latent = dz, .prior = kind, .vhp_latent = dzeta, .vhp_hidden = hidden};
    params_init(p);
    return prior_declare(p, &s, 5);
}

static const struct int_list none = {0, {0}}, one_hidden = {1, {4}};

/* A batch of lanes with numbers 0, 1, …: noise needs no more of it. */
static struct batch lanes_only(int B)
{
    struct batch b = {.T = 1, .B = B};
    b.sequence = xcalloc((size_t)B, sizeof *b.sequence);
    for (int i = 0; i < B; i++)
        b.sequence[i] = (uint32_t)i;
    return b;
}

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.15g, got %.15g", expected, got);
}

static void groups_and_shapes(void **state)
{
    (void)state;
    struct params p;
    declare(&p, PRIOR_NORMAL, 3, 2, one_hidden);
    assert_int_equal(p.n, 0);
    params_free(&p);
    struct prior pr = declare(&p, PRIOR_VHP, 3, 2, one_hidden);
    assert_int_equal(p.n, 8);
    assert_int_equal(p.entry[pr.up.weight[1]].rows, 2 * 2);
    assert_int_equal(p.entry[pr.down.weight[1]].rows, 2 * 3);
    for (int i = 0; i < p.n; i++)
        assert_int_equal(p.entry[i].group, strncmp(p.entry[i].name, "prior.up", 8) == 0 ? GROUP_PHI0 : GROUP_PSI0);
    params_free(&p);
}

static void normal_is_its_density(void **state)
{
    (void)state;
    struct params p;
    struct prior pr = declare(&p, PRIOR_NORMAL, 3, 2, one_hidden);
    struct batch b = lanes_only(2);
    struct tape *t = tape_new();
    static const real z[] = {1, 0, -2, 0.5, 3, 0};
    tape_begin(t, &p, NULL, 0);
    var *density = prior_log_density(t, &pr, leaf(t, 3, 2, z), &b, &(struct noise){1, 1, false});
    assert_near((double)density->v[0], -0.5 * (3 * log(2 * M_PI) + 1 + 4 + 9), 1e-13);
    assert_near((double)density->v[1], -0.5 * (3 * log(2 * M_PI) + 0.25), 1e-13);
    tape_free(t);
    batch_free(&b);
    params_free(&p);
}

/* ---- p(z|ζ) = N(w ζ + c, v), so p(z) = N(c, w² + v) and the best q is N(w(z − c)/(w² + v), v/(w² + v)) ---- */

static const double w = 1.3, c = 0.4, v = 0.5;

/* Networks without hidden layers that are exactly this model; q is off by `slip`. */
static struct prior linear_model(struct params *p, double slip)
{
    struct prior pr = declare(p, PRIOR_VHP, 1, 1, none);
    double total = w * w + v;
    real *up = params_value(p, pr.up.weight[0]), *up_bias = params_value(p, pr.up.bias[0]);
    real *down = params_value(p, pr.down.weight[0]), *down_bias = params_value(p, pr.down.bias[0]);
    up[0] = w / total, up_bias[0] = -w * c / total + slip, up[1] = 0, up_bias[1] = log(v / total);
    down[0] = w, down_bias[0] = c, down[1] = 0, down_bias[1] = log(v);
    return pr;
}

/* Mean bound over many draws of ζ at one z, with its standard error. */
static double mean_bound(double slip, double z, double *error)
{
    enum { MANY = 20000 };
    struct params p;
    struct prior pr = linear_model(&p, slip);
    struct batch b = lanes_only(MANY);
    struct tape *t = tape_new();
    tape_begin(t, &p, NULL, 0);
    var *bound = prior_log_density(t, &pr, filled(t, 1, MANY, z), &b, &(struct noise){1, 1, false});
    double mean = 0, square = 0;
    for (int l = 0; l < MANY; l++)
        mean += (double)bound->v[l] / MANY;
    for (int l = 0; l < MANY; l++)
        square += ((double)bound->v[l] - mean) * ((double)bound->v[l] - mean) / MANY;
    *error = sqrt(square / MANY);
    tape_free(t);
    batch_free(&b);
    params_free(&p);
    return mean;
}

static double log_density(double z)
{
    double total = w * w + v;
    return -0.5 * (log(2 * M_PI * total) + (z - c) * (z - c) / total);
}

static void bound_is_tight_for_the_true_posterior(void **state)
{
    (void)state;
    for (double z = -2; z < 3; z += 1.1) {
        double error, mean = mean_bound(0, z, &error);
        assert_near(mean, log_density(z), 6 * error + 1e-6);
    }
}

/* Off the true posterior by KL = slip²/(2 v_q) exactly. */
static void bound_is_lower_by_the_divergence(void **state)
{
    (void)state;
    double slip = 0.5, error, mean = mean_bound(slip, 1.2, &error), total = w * w + v;
    assert_near(mean, log_density(1.2) - slip * slip / (2 * v / total), 6 * error);
    assert_true(mean < log_density(1.2) - 0.1);
}

/* Without noise ζ is q's mean: every term by hand. */
static void without_noise(void **state)
{
    (void)state;
    struct params p;
    struct prior pr = linear_model(&p, 0.2);
    struct batch b = lanes_only(1);
    struct tape *t = tape_new();
    tape_begin(t, &p, NULL, 0);
    double z = -0.7, total = w * w + v, m = w * (z - c) / total + 0.2, s = v / total + VARIANCE_FLOOR, vf = v + VARIANCE_FLOOR;
    double fit = -0.5 * (log(2 * M_PI * vf) + pow(z - w * m - c, 2) / vf), kl = 0.5 * (s + m * m - 1 - log(s));
    var *bound = prior_log_density(t, &pr, filled(t, 1, 1, z), &b, &(struct noise){1, 1, true});
    assert_near((double)bound->v[0], fit - kl, 1e-13);
    tape_free(t);
    batch_free(&b);
    params_free(&p);
}

/* Samples have the moments of p(z); without noise they are the mean given ζ = 0. */
static void samples(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    struct params p;
    struct prior pr = linear_model(&p, 0);
    struct batch b = lanes_only(MANY);
    struct tape *t = tape_new();
    tape_begin(t, &p, NULL, 0);
    var *z = prior_sample(t, &pr, &b, &(struct noise){4, 0, false});
    double mean = 0, square = 0, total = w * w + v;
    for (int l = 0; l < MANY; l++)
        mean += (double)z->v[l] / MANY;
    for (int l = 0; l < MANY; l++)
        square += ((double)z->v[l] - mean) * ((double)z->v[l] - mean) / MANY;
    assert_near(mean, c, 6 * sqrt(total / MANY));
    assert_near(square, total, 6 * total * sqrt(2.0 / MANY));
    assert_near((double)prior_sample(t, &pr, &b, &(struct noise){4, 0, true})->v[7], c, 1e-14);
    tape_free(t);
    batch_free(&b);
    params_free(&p);
}

/* ---- gradients by z; by the parameters with the whole loss in ekvae_double_test.c ---- */

struct arg {
    struct prior pr;
    struct batch b;
    struct noise n;
};

static var *build(struct tape *t, var *const *x, const void *arg)
{
    const struct arg *a = arg;
    return prior_log_density(t, &a->pr, x[0], &a->b, &a->n);
}

static void gradients(void **state)
{
    (void)state;
    for (int kind = PRIOR_NORMAL; kind <= PRIOR_VHP; kind++)
        for (int off = 0; off < 2; off++) {
            struct params p;
            struct arg a = {declare(&p, kind, 3, 2, one_hidden), lanes_only(5), {3, 2, off}};
            double worst = check_worst((struct check){.build = build, .arg = &a, .in = {{3, 5, CHECK_ANY, NULL}}, .params = &p});
            if (!(worst < 1e-6))
                fail_msg("kind %d, noise off %d: error %g", kind, off, worst);
            batch_free(&a.b);
            params_free(&p);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_and_shapes),
        cmocka_unit_test(normal_is_its_density),
        cmocka_unit_test(bound_is_tight_for_the_true_posterior),
        cmocka_unit_test(bound_is_lower_by_the_divergence),
        cmocka_unit_test(without_noise),
        cmocka_unit_test(samples),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
