/* The reacher's picture: what is where, its symmetries, how much the frames vary, the same bytes everywhere. */
#include "near.h"
#include "sim/sim.h"
#include <zlib.h>

enum { S = 64, N = S * S * 3 };

static double a[N], b[N];

/* The pixel over a place in metres, as bytes. */
static void assert_colour(const double *image, double span, double x, double y, struct colour c)
{
    int column = (int)floor(S / 2.0 * (1 + x / span)), row = (int)floor(S / 2.0 * (1 - y / span));
    const double *p = image + 3 * (row * S + column);
    if (pixel_byte(p[0]) != c.r || pixel_byte(p[1]) != c.g || pixel_byte(p[2]) != c.b)
        fail_msg("at %g,%g: expected %d %d %d, got %d %d %d", x, y, c.r, c.g, c.b, pixel_byte(p[0]), pixel_byte(p[1]), pixel_byte(p[2]));
}

/* The shoulder up, the wrist bent to the left, a target below right. */
static void what_is_where(void **state)
{
    (void)state;
    const double s[4] = {M_PI / 2, M_PI / 2, 0, 0}, target[2] = {0.15, -0.1};
    reacher_draw(&reacher_standard, s, target, a);
    assert_colour(a, 0.27, 0.001, 0.07, (struct colour){230, 159, 0});
    assert_colour(a, 0.27, 0.001, -0.001, (struct colour){160, 160, 160});
    assert_colour(a, 0.27, -0.05, 0.121, (struct colour){86, 180, 233});
    assert_colour(a, 0.27, -0.121, 0.121, (struct colour){240, 228, 66});
    assert_colour(a, 0.27, 0.15, -0.1, (struct colour){204, 121, 167});
    assert_colour(a, 0.27, 0.2, 0.2, (struct colour){24, 32, 48});
    assert_colour(a, 0.27, -0.265, -0.265, (struct colour){24, 32, 48});
}

/* The control suite's floor, walls and materials. */
static void suite(void **state)
{
    (void)state;
    struct reacher r = reacher_standard;
    const double s[4] = {0, M_PI / 2, 0, 0}, target[2] = {-0.15, -0.15};
    r.style = STYLE_SUITE;
    r.edge = 1;
    reacher_draw(&r, s, target, a);
    assert_colour(a, 0.311, 0.2, 0.2, (struct colour){51, 77, 102});
    assert_colour(a, 0.311, -0.2, 0.2, (struct colour){26, 51, 77});
    assert_colour(a, 0.311, -0.25, -0.05, (struct colour){51, 77, 102});
    assert_colour(a, 0.311, 0.2, -0.2, (struct colour){26, 51, 77});
    assert_colour(a, 0.311, 0.309, 0.1, (struct colour){77, 128, 179});
    assert_colour(a, 0.311, 0.1, -0.309, (struct colour){77, 128, 179});
    assert_colour(a, 0.311, -0.16, -0.17, (struct colour){153, 77, 77});
}

/* A quarter turn of the shoulder, anticlockwise, turns the picture; the other side's pose mirrors it. */
static void symmetry(void **state)
{
    (void)state;
    struct reacher r = reacher_standard;
    for (int i = 0; i < 20; i++) {
        double s[4] = {0.37 * i, 0.29 * i - 2.7, 0, 0}, turned[4] = {s[0] + M_PI / 2, s[1], 0, 0}, mirrored[4] = {-s[0], -s[1], 0, 0};
        double target[2] = {0.1, 0.05}, target_turned[2] = {-0.05, 0.1}, target_mirrored[2] = {0.1, -0.05};
        r.style = i % 2 ? STYLE_PLAIN : STYLE_THIN;
        reacher_draw(&r, s, target, a);
        reacher_draw(&r, turned, target_turned, b);
        for (int row = 0; row < S; row++)
            for (int k = 0; k < 3 * S; k++)
                assert_near(b[row * S * 3 + k], a[(k / 3 * S + S - 1 - row) * 3 + k % 3], 1e-9);
        reacher_draw(&r, mirrored, target_mirrored, b);
        for (int row = 0; row < S; row++)
            for (int k = 0; k < 3 * S; k++)
                assert_near(b[row * S * 3 + k], a[(S - 1 - row) * S * 3 + k], 1e-9);
    }
}

/* A larger picture shows the same scene: means of 2×2 of its pixels are the smaller one's, edges apart. */
static void size(void **state)
{
    (void)state;
    struct reacher small = reacher_standard, large = reacher_standard;
    const double s[4] = {1, 2, 0, 0};
    double difference = 0;
    small.size = 32;
    large.edge = 2 * small.edge;
    reacher_draw(&small, s, NULL, b);
    reacher_draw(&large, s, NULL, a);
    for (int row = 0; row < 32; row++)
        for (int k = 0; k < 96; k++) {
            const double *p = a + (2 * row * S + k / 3 * 2) * 3 + k % 3;
            difference = fmax(difference, fabs((p[0] + p[3] + p[3 * S] + p[3 * S + 3]) / 4 - b[row * 96 + k]));
        }
    assert_true(difference < 0.1);
}

/* Frames of the default protocol, seed 1. */
static void frame(const struct reacher *r, uint32_t sequence, uint32_t step, double *image)
{
    struct plant p = {&plant_reacher, r};
    struct protocol how = {.seed = 1, .actions = {ACTIONS_IID, 1, 0}};
    double s[120];
    float u[60];
    sim_start(&p, &how, sequence, s);
    sim_controls(&p, &how, sequence, 30, u);
    sim_roll(&p, (int)step + 1, u, s);
    sim_observe(&p, &how, sequence, step, s + 4 * step, image);
}

/* The mean variance of a value over frames, as a prototype in another language measured it. */
static void variance(void **state)
{
    (void)state;
    static const struct {
        int style;
        double edge, variance;
    } rows[] = {{STYLE_PLAIN, 2, 8.8e-3}, {STYLE_PLAIN, 1, 9.7e-3}, {STYLE_THIN, 1, 4.1e-3}, {STYLE_SUITE, 1, 1.2e-3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reacher r = reacher_standard;
        double sum = 0;
        enum { FRAMES = 400 };
        static double mean[N], square[N];
        r.observe = REACHER_RGB;
        r.style = rows[i].style;
        r.edge = rows[i].edge;
        for (int k = 0; k < N; k++)
            mean[k] = square[k] = 0;
        for (uint32_t j = 0; j < FRAMES; j++) {
            frame(&r, j, j % 30, a);
            for (int k = 0; k < N; k++) {
                mean[k] += a[k] / FRAMES;
                square[k] += a[k] * a[k] / FRAMES;
            }
        }
        for (int k = 0; k < N; k++)
            sum += square[k] - mean[k] * mean[k];
        assert_near(sum / N / rows[i].variance, 1, 0.06);
    }
}

/* The same pixels everywhere: every byte of 300 frames, whatever the compiler, its flags and the processor. */
static void same_pixels(void **state)
{
    (void)state;
    struct reacher r = reacher_standard;
    uLong sum = crc32(0, NULL, 0);
    r.observe = REACHER_RGB;
    r.target = TARGET_FIXED;
    r.target_at[0] = 0.1;
    for (uint32_t i = 0; i < 300; i++) {
        r.style = (int)i % 3;
        r.edge = 1 + i % 2;
        frame(&r, i, i % 30, a);
        for (int k = 0; k < N; k++)
            sum = crc32(sum, &(uint8_t){pixel_byte(a[k])}, 1);
    }
    assert_int_equal(sum, 0xc9eef3c4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_where), cmocka_unit_test(suite),    cmocka_unit_test(symmetry),
        cmocka_unit_test(size),          cmocka_unit_test(variance), cmocka_unit_test(same_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
