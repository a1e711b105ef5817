/* Sequences: what they depend on, how they are driven, their moments, their noise. */
#include "sim/sim.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
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
    static const char *const wrong[] = {"", "hold", "hold:", "hold:0", "hold:-1", "hold:5x", "hold:9999999", "bang", "iidx"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        e.text[0] = 0;
        assert_int_equal(actions_parse(wrong[i], &a, &e), DSSM_USAGE);
        assert_non_null(strstr(e.text, "expected iid, hold:K"));
    }
}

static void controls(void **state)
{
    (void)state;
    struct protocol how = {.seed = 3, .actions = {ACTIONS_IID, 1}};
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

    how.actions = (struct actions){ACTIONS_HOLD, 7};
    sim_controls(&plant, &how, 7, 30, u);
    for (int t = 1; t < 30; t++)
        assert_true((u[t] == u[t - 1]) == (t % 7 != 0));
    how.actions = (struct actions){ACTIONS_ZERO, 1};
    sim_controls(&plant, &how, 7, 30, u);
    for (int t = 0; t < 30; t++)
        assert_true(u[t] == 0 && !signbit(u[t]));
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
    struct protocol how = {.seed = 1, .actions = {ACTIONS_IID, 1}};
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
    struct protocol how = {.seed = 1, .actions = {ACTIONS_IID, 1}};
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
        cmocka_unit_test(actions), cmocka_unit_test(controls), cmocka_unit_test(rolling),
        cmocka_unit_test(moments), cmocka_unit_test(noise),    cmocka_unit_test(same_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
