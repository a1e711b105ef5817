/* The chart between coders' numbers and auxiliary variables with points on circles: by plain loops, there and back, its gradients, and
 * where it is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "gradcheck.h"
#include "model/parts.h"

enum { MOST = 6, HIDDEN = 16, LANES = 7 };

struct parts {
    struct params p;
    struct chart c;
};

/* One circle and a line, a circle and two, two circles and one. */
static const struct {
    int circles, lines;
} shapes[] = {{1, 1}, {1, 2}, {2, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Its parameters drawn at random, or as it begins. */
static struct parts parts_of(int circles, int lines, bool random)
{
    struct parts a;
    params_init(&a.p);
    a.c = chart_declare(&a.p, circles, lines, 3);
    for (int i = 0; i < a.p.n && random; i++)
        params_normal(&a.p, i, 8, 0, 0.4);
    return a;
}

static var *drawn(struct tape *t, int rows)
{
    var *a = constant(t, rows, LANES);
    for (int i = 0; i < rows; i++)
        for (int l = 0; l < LANES; l++)
            a->v[i * a->ld + l] = check_draw(1, i * LANES + l);
    return a;
}

static double number(const var *a, int row, int lane)
{
    return (double)a->v[row * a->ld + lane];
}

/* The largest difference of two values. */
static double apart(const var *a, const var *b)
{
    double most = 0;
    assert_true(a->rows == b->rows && a->lanes == b->lanes);
    for (int i = 0; i < a->rows; i++)
        for (int l = 0; l < a->lanes; l++)
            most = fmax(most, fabs(number(a, i, l) - number(b, i, l)));
    return most;
}

/* ρ and τ of each pair, of one lane, by plain loops. */
static void plain_map(const struct parts *a, const double *lines, double *map)
{
    const real *w0 = params_value(&a->p, a->c.net.weight[0]), *b0 = params_value(&a->p, a->c.net.bias[0]);
    const real *w1 = params_value(&a->p, a->c.net.weight[1]), *b1 = params_value(&a->p, a->c.net.bias[1]);
    double hidden[HIDDEN];
    for (int i = 0; i < HIDDEN; i++) {
        hidden[i] = (double)b0[i];
        for (int j = 0; j < a->c.lines; j++)
            hidden[i] += (double)w0[i * a->c.lines + j] * lines[j];
    }
    for (int k = 0; k < 2 * a->c.circles; k++) {
        map[k] = (double)b1[k];
        for (int i = 0; i < HIDDEN; i++)
            map[k] += (double)w1[k * HIDDEN + i] * tanh(hidden[i]);
    }
}

/* A pair's radius times e^ρ, and turned by 2 atan(τ/2). */
static void compare_lane(const struct parts *a, const var *b, const var *got, int l)
{
    int pairs = 2 * a->c.circles;
    double lines[MOST], map[MOST];
    for (int i = 0; i < a->c.lines; i++) {
        lines[i] = number(b, pairs + i, l);
        assert_true(number(got, pairs + i, l) == lines[i]); /* untouched */
    }
    plain_map(a, lines, map);
    for (int i = 0; i < pairs; i += 2) {
        double x = number(b, i, l), y = number(b, i + 1, l), angle = atan2(y, x) + 2 * atan(map[i + 1] / 2);
        double radius = hypot(x, y) * exp(map[i]);
        assert_true(fabs(number(got, i, l) - radius * cos(angle)) < 1e-12);
        assert_true(fabs(number(got, i + 1, l) - radius * sin(angle)) < 1e-12);
        assert_true(fabs(map[i]) > 1e-3 && fabs(map[i + 1]) > 1e-3);
    }
}

static void turns_and_widens_pairs(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct parts a = parts_of(shapes[k].circles, shapes[k].lines, true);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *b = drawn(t, 2 * a.c.circles + a.c.lines), *got = chart_apply(t, &a.c, b);
        assert_int_equal(got->rows, b->rows);
        for (int l = 0; l < LANES; l++)
            compare_lane(&a, b, got, l);
        tape_free(t);
        params_free(&a.p);
    }
}

static void there_and_back(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct parts a = parts_of(shapes[k].circles, shapes[k].lines, true);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *b = drawn(t, 2 * a.c.circles + a.c.lines), *there = chart_apply(t, &a.c, b), *undone = chart_undo(t, &a.c, b);
        assert_true(apart(chart_undo(t, &a.c, there), b) < 1e-12 && apart(chart_apply(t, &a.c, undone), b) < 1e-12);
        assert_true(apart(there, b) > 0.1 && apart(undone, b) > 0.1);
        tape_free(t);
        params_free(&a.p);
    }
}

/* At the start there is nearly no chart. */
static void begins_near_the_identity(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct parts a = parts_of(shapes[k].circles, shapes[k].lines, false);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *b = drawn(t, 2 * a.c.circles + a.c.lines);
        double off = apart(chart_apply(t, &a.c, b), b);
        assert_true(off > 0 && off < 0.1);
        for (int i = 0; i < a.p.n; i++)
            assert_int_equal(a.p.entry[i].group, GROUP_PHI);
        tape_free(t);
        params_free(&a.p);
    }
}

/* Without circles there is nothing to map, without lines nothing that tells how: the value itself, and no parameters. */
static void none(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct parts a = parts_of(k ? 2 : 0, k ? 0 : 3, true);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        var *b = drawn(t, k ? 4 : 3);
        assert_true(chart_apply(t, &a.c, b) == b && chart_undo(t, &a.c, b) == b);
        assert_true(a.p.n == 0 && a.p.size == 0);
        tape_free(t);
        params_free(&a.p);
    }
}

/* Column j of the derivative at `from`, by differences of the map itself. */
static void compare_column(struct tape *t, const struct chart *c, const var *from, int j)
{
    int D = from->rows;
    const double h = 1e-5;
    const var *moved[2];
    for (int k = 0; k < 2; k++) {
        var *there = drawn(t, D);
        for (int l = 0; l < LANES; l++)
            there->v[j * there->ld + l] += (real)(k ? h : -h);
        moved[k] = chart_apply(t, c, there);
    }
    const var *slope = chart_slope(t, c, chart_apply(t, c, drawn(t, D)));
    assert_int_equal(slope->rows, D * D);
    for (int i = 0; i < D; i++)
        for (int l = 0; l < LANES; l++)
            assert_true(fabs(number(slope, i * D + j, l) - (number(moved[1], i, l) - number(moved[0], i, l)) / (2 * h)) < 1e-8);
}

static void slopes(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct parts a = parts_of(shapes[k].circles, shapes[k].lines, true);
        struct tape *t = tape_new();
        tape_begin(t, &a.p, NULL, 0);
        const var *from = drawn(t, 2 * a.c.circles + a.c.lines);
        for (int j = 0; j < from->rows; j++)
            compare_column(t, &a.c, from, j);
        tape_free(t);
        params_free(&a.p);
    }
}

static var *build_all(struct tape *t, var *const *x, const void *arg)
{
    const struct parts *a = arg;
    return stack_rows(t, 3, (var *const[]){chart_apply(t, &a->c, x[0]), chart_undo(t, &a->c, x[0]), chart_slope(t, &a->c, x[0])});
}

/* By its input; by its parameters with the whole loss in ekvae_gradient_double_test.c. */
static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        struct parts a = parts_of(shapes[k].circles, shapes[k].lines, true);
        struct check c = {
            .build = build_all, .arg = &a, .in = {{2 * shapes[k].circles + shapes[k].lines, LANES, CHECK_ANY, NULL}}, .params = &a.p};
        double worst = check_worst(c);
        if (!(worst < 1e-6))
            fail_msg("%d circles, %d lines: error %g", shapes[k].circles, shapes[k].lines, worst);
        params_free(&a.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_and_widens_pairs),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(begins_near_the_identity),
        cmocka_unit_test(none),
        cmocka_unit_test(slopes),
        cmocka_unit_test(gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
