/* Objectives: the bound's notations, Algorithm 1's multiplier and phases, annealing, the plain bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "train/train.h"

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fmax(1, fabs(expected))))
        fail_msg("expected %.15g, got %.15g", expected, got);
}

/* ---- 𝒟₀ ---- */

static void d0_in_three_notations(void **state)
{
    (void)state;
    double d0, numbers = 3840, sigma_x2 = 0.001, constant_part = 3840 * 0.5 * log(2 * M_PI * 0.001);
    bool automatic;
    struct error e;
    assert_near(distortion_constant(numbers, sigma_x2), constant_part, 1e-15);
    assert_int_equal(objective_d0("nats:-9500.5", numbers, sigma_x2, &d0, &automatic, &e), DSSM_OK);
    assert_near(d0, -9500.5, 0);
    assert_false(automatic);
    assert_int_equal(objective_d0("excess:40", numbers, sigma_x2, &d0, &automatic, &e), DSSM_OK);
    assert_near(d0, constant_part + 40, 1e-15);
    assert_int_equal(objective_d0("rmse:0.005", numbers, sigma_x2, &d0, &automatic, &e), DSSM_OK);
    assert_near(d0, 3840 * (0.5 * log(2 * M_PI * 0.001) + 0.005 * 0.005 / (2 * 0.001)), 1e-14);
    assert_int_equal(objective_d0("auto", numbers, sigma_x2, &d0, &automatic, &e), DSSM_OK);
    assert_true(automatic);
}

static void d0_that_means_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",         "40",       "excess:",  "excess:0", "excess:-3",    "rmse:0",  "rmse:-0.1", "rmse:x",
                                        "nats:nan", "nats:inf", "nats:1 2", "nats:3x",  "excess:1e999", "mse:0.1", "automatic", "excess"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        double d0;
        bool automatic;
        struct error e = {0};
        char text[200];
        assert_int_equal(objective_d0(wrong[i], 10, 0.1, &d0, &automatic, &e), DSSM_USAGE);
        snprintf(text, sizeof text, "--d0: expected auto, excess:N, rmse:E (both positive) or nats:N, got \"%s\"", wrong[i]);
        assert_string_equal(e.text, text);
    }
}

/* ---- the kinds ---- */

static const struct objective_kind *kind(const char *name)
{
    for (int i = 0; objective_kinds[i]; i++)
        if (strcmp(objective_kinds[i]->name, name) == 0)
            return objective_kinds[i];
    fail_msg("no objective %s", name);
    return NULL;
}

/* The option's choices stand for the kinds in their order. */
static void choices_are_the_kinds(void **state)
{
    (void)state;
    const struct option_row *row = options_objective;
    struct objective_settings s;
    struct error e;
    while (strcmp(row->name, "objective") != 0)
        row++;
    for (int i = 0; objective_kinds[i]; i++) {
        assert_int_equal(option_set(row, &s, objective_kinds[i]->name, &e), DSSM_OK);
        assert_int_equal(s.kind, i);
    }
}

static const struct objective_settings plain = {.nu = 0.01,
                                                .tau1 = 1.5,
                                                .tau2 = 0.7,
                                                .alpha = 0.25,
                                                .lambda0 = 0.05,
                                                .lambda_bound = 10,
                                                .anneal_updates = 10,
                                                .initial = INITIAL_CODERS};

static struct objective_state begun(const char *name, const struct objective_settings *s, double d0)
{
    struct objective_state o = {.d0 = d0};
    kind(name)->start(s, &o);
    return o;
}

/* Equation (8) step by step, on a course of distortions that crosses the bound both ways. */
static void co_follows_algorithm_1(void **state)
{
    (void)state;
    static const double course[] = {120, 90, 130, 60, 20, 5, -3, -20, 15, 30, -8, -9};
    struct objective_state o = begun("co", &plain, 10);
    double running = 0, lambda = plain.lambda0;
    bool main_phase = false;
    assert_near(o.lambda, 0.05, 0);
    for (int i = 0; i < 12; i++) {
        struct objective_weights w = kind("co")->advance(&plain, &o, i, course[i]);
        running = i == 0 ? course[0] : 0.75 * course[i] + 0.25 * running;
        double delta = running - 10, f = delta > 0 ? -plain.tau2 : tanh(plain.tau1 * (1 / lambda - 1));
        lambda *= exp(-plain.nu * f * delta);
        main_phase |= delta <= 0;
        assert_near(o.distortion, running, 1e-14);
        assert_near(o.lambda, lambda, 1e-13);
        assert_int_equal(o.main_phase, main_phase);
        assert_near(w.distortion / w.rate, lambda, 1e-13);
        assert_near(fmax(w.distortion, w.rate), 1, 1e-14);
        struct objective_weights again = kind("co")->weights(&plain, &o, i);
        assert_true(again.distortion == w.distortion && again.rate == w.rate);
    }
    assert_true(main_phase);
}

static void co_grows_while_violated(void **state)
{
    (void)state;
    struct objective_state o = begun("co", &plain, 0);
    for (int i = 0; i < 200; i++) {
        double before = o.lambda;
        kind("co")->advance(&plain, &o, i, 3);
        assert_true(o.lambda > before);
    }
}

/* From below and from above, and it arrives. */
static void co_is_drawn_to_one(void **state)
{
    (void)state;
    for (int above = 0; above < 2; above++) {
        struct objective_settings s = plain;
        s.lambda0 = above ? 20 : 0.05;
        struct objective_state o = begun("co", &s, 0);
        for (int i = 0; i < 3000; i++) {
            double before = o.lambda;
            kind("co")->advance(&s, &o, i, -5);
            assert_true(above ? o.lambda <= before && o.lambda >= 1 - 1e-12 : o.lambda >= before && o.lambda <= 1 + 1e-12);
        }
        assert_near(o.lambda, 1, 1e-3);
    }
}

static void co_changes_within_its_bound(void **state)
{
    (void)state;
    struct objective_settings s = plain;
    s.lambda_bound = 0.002;
    struct objective_state o = begun("co", &s, 0);
    for (int i = 0; i < 100; i++) {
        double before = log(o.lambda), distortion = i % 7 < 4 ? 1e6 : -1e6;
        kind("co")->advance(&s, &o, i, distortion);
        assert_near(fabs(log(o.lambda) - before), 0.002, 1e-9);
    }
}

/* Violated again, the main phase stays; lowest is the lowest of all. */
static void the_initial_phase_ends_for_good(void **state)
{
    (void)state;
    struct objective_settings s = plain;
    s.alpha = 0;
    struct objective_state o = begun("co", &s, 0);
    assert_near(o.main_since, -1, 0);
    static const double course[] = {8, 3, 0, 50, -7, 90};
    for (int i = 0; i < 6; i++) {
        kind("co")->advance(&s, &o, i, course[i]);
        assert_int_equal(o.main_phase, i >= 2); /* ≤ counts as met */
    }
    assert_near(o.main_since, 2, 0);
    assert_near(o.lowest, -7, 0);
}

static void what_moves(void **state)
{
    (void)state;
    struct objective_settings s = plain;
    struct objective_state o = begun("co", &s, 0);
    s.initial = INITIAL_CODERS;
    assert_int_equal(objective_moving(&s, &o), GROUP_THETA | GROUP_PHI);
    s.initial = INITIAL_ALL;
    assert_int_equal(objective_moving(&s, &o), GROUP_ALL);
    s.initial = INITIAL_CODERS;
    kind("co")->advance(&s, &o, 0, -1);
    assert_int_equal(objective_moving(&s, &o), GROUP_ALL);
    static const char *const others[] = {"annealing", "elbo"};
    for (int i = 0; i < 2; i++) {
        o = begun(others[i], &s, 0);
        assert_int_equal(objective_moving(&s, &o), GROUP_ALL);
    }
}

static void annealing_weighs_the_rate(void **state)
{
    (void)state;
    struct objective_state o = begun("annealing", &plain, 0);
    for (int i = 0; i < 25; i++) {
        struct objective_weights w = kind("annealing")->advance(&plain, &o, i, 100 - i);
        assert_near(w.distortion, 1, 0);
        assert_near(w.rate, i < 10 ? i / 10.0 : 1, 1e-15);
        assert_near(kind("annealing")->weights(&plain, &o, i + 1).rate, i < 9 ? (i + 1) / 10.0 : 1, 1e-15); /* of its own update */
        assert_near(o.distortion, 100 - i, 0);
    }
    assert_near(o.lambda, 1, 0);
    assert_near(o.lowest, 76, 0);
}

static void annealing_may_begin_late(void **state)
{
    (void)state;
    struct objective_settings late = plain;
    late.anneal_after = 5;
    struct objective_state o = begun("annealing", &late, 0);
    for (int i = 0; i < 25; i++) {
        struct objective_weights w = kind("annealing")->advance(&late, &o, i, 1);
        assert_near(w.distortion, 1, 0);
        assert_near(w.rate, i <= 5 ? 0 : i < 15 ? (i - 5) / 10.0 : 1, 1e-15);
    }
}

static void elbo_weighs_both(void **state)
{
    (void)state;
    struct objective_state o = begun("elbo", &plain, 0);
    for (int i = 0; i < 3; i++) {
        struct objective_weights w = kind("elbo")->advance(&plain, &o, i, 7);
        assert_true(w.distortion == 1 && w.rate == 1);
        w = kind("elbo")->weights(&plain, &o, i);
        assert_true(w.distortion == 1 && w.rate == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d0_in_three_notations),
        cmocka_unit_test(d0_that_means_nothing),
        cmocka_unit_test(choices_are_the_kinds),
        cmocka_unit_test(co_follows_algorithm_1),
        cmocka_unit_test(co_grows_while_violated),
        cmocka_unit_test(co_is_drawn_to_one),
        cmocka_unit_test(co_changes_within_its_bound),
        cmocka_unit_test(the_initial_phase_ends_for_good),
        cmocka_unit_test(what_moves),
        cmocka_unit_test(annealing_weighs_the_rate),
        cmocka_unit_test(annealing_may_begin_late),
        cmocka_unit_test(elbo_weighs_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
