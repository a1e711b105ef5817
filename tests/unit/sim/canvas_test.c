/* The canvas: every pixel of its shapes against the definition written another way, areas, what lies outside the frame. */
#include "near.h"
#include "sim/sim.h"

enum { HEIGHT = 23, WIDTH = 31 };

static double pixel[HEIGHT * WIDTH * 3], expected[HEIGHT * WIDTH * 3];
static const struct colour grey = {51, 102, 153}, gold = {255, 204, 0};

/* From a point to the line between a and b: to the nearer end beside which it lies, else across. */
static double distance_to_line(const double p[2], const double a[2], const double b[2])
{
    double length = hypot(b[0] - a[0], b[1] - a[1]);
    double before = (p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1]);
    double behind = (p[0] - b[0]) * (a[0] - b[0]) + (p[1] - b[1]) * (a[1] - b[1]);
    if (before <= 0)
        return hypot(p[0] - a[0], p[1] - a[1]);
    if (behind <= 0)
        return hypot(p[0] - b[0], p[1] - b[1]);
    return fabs((b[0] - a[0]) * (a[1] - p[1]) - (a[0] - p[0]) * (b[1] - a[1])) / length;
}

/* The definition, over all pixels of `expected`. */
static void paint(const double a[2], const double b[2], double radius, double edge, struct colour colour)
{
    double rgb[3] = {colour.r / 255.0, colour.g / 255.0, colour.b / 255.0};
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++) {
            double cover = 0.5 - (distance_to_line((double[]){column + 0.5, row + 0.5}, a, b) - radius) / edge;
            cover = cover < 0 ? 0 : cover > 1 ? 1 : cover;
            for (int k = 0; k < 3; k++) {
                double *p = &expected[(row * WIDTH + column) * 3 + k];
                *p = *p * (1 - cover) + rgb[k] * cover;
            }
        }
}

static void capsules_and_discs(void **state)
{
    (void)state;
    static const struct {
        double a[2], b[2], radius, edge;
    } shapes[] = {
        {{5, 6}, {20, 11}, 2.5, 2},      {{20.2, 3.1}, {20.2, 18}, 1.3, 0.5},
        {{25, 15}, {7, 15}, 3, 1},       {{12, 12}, {12, 12}, 4.2, 7},
        {{-4, -3}, {6, 4}, 3, 2},        {{28, 20}, {60, 41}, 5, 2},
        {{-30, 10}, {70, 12}, 1, 0.01},  {{100, 100}, {110, 110}, 6, 2},
        {{15.5, -40}, {15.5, -9}, 8, 3}, {{0, 0}, {0, 0}, 0.2, 2},
        {{16, 11}, {16, 11}, 500, 2},    {{31, 23}, {31, 23}, 1, 2},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct canvas c = {HEIGHT, WIDTH, shapes[i].edge, pixel};
        canvas_fill(&c, grey);
        for (int k = 0; k < HEIGHT * WIDTH * 3; k++) {
            assert_near(pixel[k], (double[]){0.2, 0.4, 0.6}[k % 3], 1e-15);
            expected[k] = pixel[k];
        }
        canvas_capsule(&c, shapes[i].a, shapes[i].b, shapes[i].radius, gold);
        paint(shapes[i].a, shapes[i].b, shapes[i].radius, shapes[i].edge, gold);
        for (int k = 0; k < HEIGHT * WIDTH * 3; k++)
            assert_near(pixel[k], expected[k], 1e-12);
    }
}

/* One over the other: the last one is on top. */
static void in_their_order(void **state)
{
    (void)state;
    struct canvas c = {HEIGHT, WIDTH, 2, pixel};
    canvas_fill(&c, (struct colour){0, 0, 0});
    canvas_disc(&c, (double[]){10, 10}, 5, gold);
    canvas_disc(&c, (double[]){14, 10}, 5, grey);
    assert_near(pixel[(10 * WIDTH + 12) * 3], 0.2, 1e-15);
    assert_near(pixel[(10 * WIDTH + 7) * 3], 1, 1e-15);
}

/* The light of a soft-edged shape: π r² + 2 r L, and π edge²/12 more, since a round rim has more outside than inside. */
static void area(void **state)
{
    (void)state;
    struct canvas c = {HEIGHT, WIDTH, 2, pixel};
    double light = 0;
    canvas_fill(&c, (struct colour){0, 0, 0});
    canvas_capsule(&c, (double[]){8.3, 7.2}, (double[]){20.9, 14.6}, 3.4, (struct colour){255, 255, 255});
    for (int k = 0; k < HEIGHT * WIDTH; k++)
        light += pixel[3 * k + 1];
    assert_near(light, M_PI * 3.4 * 3.4 + 2 * 3.4 * hypot(12.6, 7.4) + M_PI * 4 / 12, 0.15);
}

static void rectangles(void **state)
{
    (void)state;
    struct canvas c = {HEIGHT, WIDTH, 2, pixel};
    canvas_fill(&c, grey);
    canvas_rectangle(&c, 3, 4.5, 10, 7.2, gold);
    canvas_rectangle(&c, -5, 20, 2, 99, gold);
    for (int row = 0; row < HEIGHT; row++)
        for (int column = 0; column < WIDTH; column++) {
            bool inside = (column >= 3 && column <= 9 && row >= 4 && row <= 6) || (column <= 1 && row >= 20);
            assert_near(pixel[(row * WIDTH + column) * 3], inside ? 1 : 0.2, 1e-15);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(capsules_and_discs), cmocka_unit_test(in_their_order), cmocka_unit_test(area),
                                       cmocka_unit_test(rectangles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
