/* Sequences: what they depend on, how they are driven, their moments, their noise. */
#include "near.h"
#include "sim/sim.h"

#include <string.h>
#include <zlib.h>

static const struct plant plant = {&plant_pendulum, &pendulum_standard};

static void actions(void **state)
{
    (void)state;
    struct actions a;
    struct error e = {0};
    assert_int_equal(actions_parse("iid", &a, &e), DSSM_OK);
    assert_int_equal(a.kind, ACTIONS_IID);
    assert_int_equal(actions_parse("zero", &a, &e), DSSM_OK);
    assert_int_equal(a.kind, ACTIONS_ZERO);
    assert_int_equal(actions_parse("hold:5", &a, &e), DSSM_OK);
    assert_true(a.kind == ACTIONS_HOLD && a.hold == 5);
    assert_int_equal(actions_parse("geometric:1000000", &a, &e), DSSM_OK);
    assert_true(a.kind == ACTIONS_GEOMETRIC && a.hold == 1000000);
    assert_int_equal(actions_parse("bang:1", &a, &e), DSSM_OK);
    assert_true(a.kind == ACTIONS_BANG && a.hold == 1);
    assert_int_equal(actions_parse("ar:-0.25", &a, &e), DSSM_OK);
    assert_true(a.kind == ACTIONS_AR && a.rho == -0.25);
    static const char *const wrong[] = {"",     "hold",    "hold:", "hold:0", "hold:-1", "hold:5x", "hold:9999999", "bang", "bang:0",
                                        "iidx", "bangs:5", "ar:1",  "ar:-1",  "ar:nan",  "ar:",     "ar:0.5x",      "ar",   "hol:5"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        e.text[0] = 0;
        assert_int_equal(actions_parse(wrong[i], &a, &e), DSSM_USAGE);
        assert_non_null(strstr(e.text, "expected iid, hold:K"));
    }
}

static void controls(void **state)
{
    (void)state;
    struct protocol how = {.seed = 3, .actions = {ACTIONS_IID, 1, 0}};
    float u[30], longer[60], other[30];
    sim_controls(&plant, &how, 7, 30, u);
    sim_controls(&plant, &how, 7, 60, longer);
    sim_controls(&plant, &how, 8, 30, other);
    assert_memory_equal(u, longer, sizeof u); /* a longer sequence begins with the shorter one */
    for (int t = 0; t < 30; t++) {
        assert_true(fabsf(u[t]) <= 5);
        assert_true(u[t] != other[t]);
        assert_true(t == 0 || u[t] != u[t - 1]);
    }
    how.seed = 4;
    sim_controls(&plant, &how, 7, 30, other);
    assert_true(u[0] != other[0] && u[1] != other[1]);

    how.actions = (struct actions){ACTIONS_HOLD, 7, 0};
    sim_controls(&plant, &how, 7, 30, u);
    for (int t = 1; t < 30; t++)
        assert_true((u[t] == u[t - 1]) == (t % 7 != 0));
    how.actions = (struct actions){ACTIONS_ZERO, 1, 0};
    sim_controls(&plant, &how, 7, 30, u);
    for (int t = 0; t < 30; t++)
        assert_true(u[t] == 0 && !signbit(u[t]));
}

/* What each way to drive is known by, of one number over 100 000 steps of the reacher's second motor. */
static void ways_to_drive(void **state)
{
    (void)state;
    static const struct plant arm = {&plant_reacher, &reacher_standard};
    enum { T = 100000 };
    static float u[2 * T];
    struct protocol how = {.seed = 5, .actions = {ACTIONS_GEOMETRIC, 5, 0}};
    double changes = 0, together = 0, square = 0, product = 0, largest = 0;
    sim_controls(&arm, &how, 1, T, u);
    for (int t = 1; t < T; t++) {
        bool first = u[2 * t] != u[2 * t - 2], second = u[2 * t + 1] != u[2 * t - 1];
        changes += second;
        together += first && second;
        square += (double)(u[2 * t + 1] * u[2 * t + 1]);
    }
    assert_true(fabs(changes / T - 0.2) < 0.005 && fabs(together / T - 0.04) < 0.003); /* each motor for itself */
    assert_true(fabs(square / T - 1 / 3.0) < 0.01);

    how.actions = (struct actions){ACTIONS_BANG, 5, 0};
    sim_controls(&arm, &how, 1, T, u);
    changes = 0;
    for (int t = 0; t < T; t++) {
        assert_true(u[2 * t + 1] == 1 || u[2 * t + 1] == -1);
        changes += t && u[2 * t + 1] != u[2 * t - 1];
    }
    assert_true(fabs(changes / T - 0.2) < 0.005);

    how.actions = (struct actions){ACTIONS_AR, 1, 0.9};
    sim_controls(&arm, &how, 1, T, u);
    square = 0;
    for (int t = 0; t < T; t++) {
        square += (double)(u[2 * t + 1] * u[2 * t + 1]);
        product += t ? (double)(u[2 * t + 1] * u[2 * t - 1]) : 0;
        largest = fmax(largest, (double)fabsf(u[2 * t + 1]));
    }
    /* a normal number of deviation σ = 0.6, cut at ±1: σ² (1 − 2 Q(a) − 2 a φ(a)) + 2 Q(a) with a = 1/σ */
    assert_true(fabs(square / T - 0.3018) < 0.01 && fabs(product / square - 0.9) < 0.02 && largest == 1);
}

/* A burn-in only comes before: the sequence is the end of a longer one. */
static void burn_in(void **state)
{
    (void)state;
    static const struct plant arm = {&plant_reacher, &reacher_standard};
    static const char *const ways[] = {"iid", "hold:4", "geometric:5", "ar:0.9", "bang:5", "zero"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct protocol whole = {.seed = 1}, late = {.seed = 1, .burn_in = 7};
        struct error e;
        double s[4 * 20], t[4 * 13];
        float u[2 * 20], v[2 * 13];
        assert_int_equal(actions_parse(ways[i], &whole.actions, &e), DSSM_OK);
        late.actions = whole.actions;
        sim_start(&arm, &whole, 3, s);
        sim_controls(&arm, &whole, 3, 20, u);
        sim_roll(&arm, 20, u, s);
        sim_start(&arm, &late, 3, t);
        sim_controls(&arm, &late, 3, 13, v);
        sim_roll(&arm, 13, v, t);
        assert_memory_equal(t, s + 4 * 7, sizeof t);
        assert_memory_equal(v, u + 2 * 7, sizeof v);
    }
}

/* Deviations of both velocities, and the share of steps beyond the limit, under the protocols that a prototype in another language
 * measured. */
static void protocols(void **state)
{
    (void)state;
    static const struct {
        const char *actions;
        int substeps, burn_in;
        double v0, shoulder, wrist, limit;
    } rows[] = {
        {"iid", 1, 0, 0, 0.94, 1.91, 0.015},    {"iid", 1, 20, 0, 0.99, 1.94, 0.017},   {"iid", 2, 0, 5, 1.52, 2.46, 0.027},
        {"iid", 4, 0, 5, 1.87, 2.72, 0.046},    {"hold:5", 2, 0, 0, 2.09, 2.58, 0.070}, {"geometric:5", 2, 0, 5, 2.32, 2.63, 0.097},
        {"ar:0.9", 2, 0, 0, 2.29, 2.29, 0.135}, {"bang:5", 2, 0, 5, 3.40, 4.37, 0.099},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reacher r = reacher_standard;
        struct plant arm = {&plant_reacher, &r};
        struct protocol how = {.seed = 2, .burn_in = rows[i].burn_in};
        struct error e;
        double square[2] = {0}, beyond = 0;
        r.substeps = rows[i].substeps;
        r.v0 = rows[i].v0;
        assert_int_equal(actions_parse(rows[i].actions, &how.actions, &e), DSSM_OK);
        for (uint32_t k = 0; k < 2000; k++) {
            double s[120];
            float u[60];
            sim_start(&arm, &how, k, s);
            sim_controls(&arm, &how, k, 30, u);
            sim_roll(&arm, 30, u, s);
            for (int t = 0; t < 30; t++) {
                square[0] += s[4 * t + 2] * s[4 * t + 2] / 60000;
                square[1] += s[4 * t + 3] * s[4 * t + 3] / 60000;
                beyond += fabs(s[4 * t + 1]) > r.limit ? 1 / 60000.0 : 0;
            }
        }
        assert_near(sqrt(square[0]) / rows[i].shoulder, 1, 0.05);
        assert_near(sqrt(square[1]) / rows[i].wrist, 1, 0.05);
        assert_near(beyond, rows[i].limit, 0.02);
    }
}

/* u_t acts from t to t+1: the state at step t depends on u_0 … u_{t−1} alone. */
static void rolling(void **state)
{
    (void)state;
    float u[4] = {1, -2, 3, 4};
    double s[8] = {0.3, 0.1}, again[8] = {0.3, 0.1}, by_hand[2] = {0.3, 0.1};
    sim_roll(&plant, 4, u, s);
    for (int t = 0; t < 3; t++) {
        double control = (double)u[t];
        plant_pendulum.step(&pendulum_standard, by_hand, &control);
        assert_true(s[2 * t + 2] == by_hand[0] && s[2 * t + 3] == by_hand[1]);
    }
    u[3] = -4; /* the last control has no effect */
    sim_roll(&plant, 4, u, again);
    assert_memory_equal(s, again, sizeof s);
    u[1] = 2;
    sim_roll(&plant, 4, u, again);
    assert_memory_equal(s, again, 4 * sizeof *s);
    assert_true(s[4] != again[4]);
}

/* 500 sequences of 15 steps have the moments that were measured for this protocol (DATA B.3), six deviations wide. */
static void moments(void **state)
{
    (void)state;
    struct protocol how = {.seed = 1, .actions = {ACTIONS_IID, 1, 0}};
    double sum[4] = {0}, square[4] = {0}, n = 500 * 15, pixel = 0;
    for (uint32_t i = 0; i < 500; i++) {
        float u[15];
        double s[30], x[256];
        sim_start(&plant, &how, i, s);
        sim_controls(&plant, &how, i, 15, u);
        sim_roll(&plant, 15, u, s);
        for (int t = 0; t < 15; t++) {
            double v[4] = {sin(s[2 * t]), cos(s[2 * t]), s[2 * t + 1], (double)u[t]};
            for (int k = 0; k < 4; k++) {
                sum[k] += v[k];
                square[k] += v[k] * v[k];
            }
        }
        sim_observe(&plant, &how, i, 0, s, x);
        for (int k = 0; k < 256; k++)
            pixel += x[k] / (500 * 256);
    }
    double variance[4];
    for (int k = 0; k < 4; k++)
        variance[k] = square[k] / n - sum[k] * sum[k] / n / n;
    assert_true(fabs(variance[0] - 0.497) < 0.036);
    assert_true(fabs(variance[1] - 0.473) < 0.06);
    assert_true(fabs(variance[2] - 13.2) < 3);
    assert_true(fabs(variance[3] - 25 / 3.0) < 0.6);
    assert_true(fabs(pixel - 2 * M_PI * 1.44 / 256) < 3e-4);
}

static void noise(void **state)
{
    (void)state;
    struct protocol how = {.seed = 1, .noise = 0.1};
    struct pendulum p = pendulum_standard;
    struct plant noisy = {&plant_pendulum, &p};
    double s[2] = {1, 0}, x[256], again[256], next[256], sum = 0, square = 0;
    sim_observe(&noisy, &how, 5, 2, s, x);
    sim_observe(&noisy, &how, 5, 2, s, again);
    sim_observe(&noisy, &how, 5, 3, s, next);
    assert_memory_equal(x, again, sizeof x);
    assert_memory_not_equal(x, next, sizeof x);
    for (int k = 0; k < 256; k++)
        assert_true(x[k] >= 0 && x[k] <= 1);
    p.observe = OBSERVE_ANGLE;
    for (uint32_t t = 0; t < 4000; t++) {
        sim_observe(&noisy, &how, 5, t, s, x);
        sum += x[0] - 1;
        square += (x[0] - 1) * (x[0] - 1);
    }
    assert_true(fabs(sum / 4000) < 0.01);
    assert_true(fabs(sqrt(square / 4000) - 0.1) < 0.007);
}

/* The same pixels everywhere: every byte of 100 sequences, whatever the compiler, its flags and the processor. */
static void same_pixels(void **state)
{
    (void)state;
    struct protocol how = {.seed = 1, .actions = {ACTIONS_IID, 1, 0}};
    uLong sum = crc32(0, NULL, 0);
    for (uint32_t i = 0; i < 100; i++) {
        float u[15];
        double s[30], x[256];
        sim_start(&plant, &how, i, s);
        sim_controls(&plant, &how, i, 15, u);
        sim_roll(&plant, 15, u, s);
        for (uint32_t t = 0; t < 15; t++) {
            sim_observe(&plant, &how, i, t, s + 2 * t, x);
            for (int k = 0; k < 256; k++)
                sum = crc32(sum, &(uint8_t){pixel_byte(x[k])}, 1);
        }
    }
    assert_int_equal(sum, 0x8498ac33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions),       cmocka_unit_test(controls), cmocka_unit_test(rolling),
        cmocka_unit_test(ways_to_drive), cmocka_unit_test(burn_in),  cmocka_unit_test(protocols),
        cmocka_unit_test(moments),       cmocka_unit_test(noise),    cmocka_unit_test(same_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
