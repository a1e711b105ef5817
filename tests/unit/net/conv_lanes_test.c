/* The sums over lanes, in single precision: the same bits wherever a lane stands and whatever stands beside it; the gradient of the kernel
 * for any number of lanes; nothing is written beside the lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/conv.h"
#include "pictures.h"

enum { MOST = 60, GUARD = 3 };

static const struct conv conv = {{6, 5, 3}, {3, 2, 6}, 4, 2, 1};

static real number(int row, int lane)
{
    double x;
    draw_normal((struct draw){.seed = 3, .purpose = 1, .sequence = (uint32_t)row, .step = (uint32_t)lane}, 1, &x);
    return (real)x;
}

/* Rows of lanes between guards; lane l has the numbers of lane (l + turn) mod n. */
static struct lanes block_new(int rows, int n, int turn, int which)
{
    struct lanes a = {xcalloc((size_t)rows * (size_t)(n + GUARD), sizeof(real)), (size_t)(n + GUARD), n};
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < n + GUARD; l++)
            a.v[(size_t)r * a.ld + (size_t)l] = l < n ? number(1000 * which + r, (l + turn) % n) : 77;
    return a;
}

static void expect_guards(struct lanes a, int rows)
{
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < GUARD; l++)
            assert_true(a.v[(size_t)r * a.ld + (size_t)(a.n + l)] == 77);
}

static var *kernel(struct tape *t)
{
    var *K = constant(t, conv.coarse.channels, 16 * conv.fine.channels);
    for (int i = 0; i < K->rows * K->lanes; i++)
        K->v[i] = number(5000, i);
    return K;
}

/* Down or up, assigned or added to what is there. */
static void sums(struct tape *t, bool up, struct lanes from, struct lanes to, bool add)
{
    const struct finish end = {.add = add, .act = add ? ACT_NONE : ACT_RELU};
    (up ? conv_up : conv_down)(t, &conv, kernel(t), from, to, end);
}

/* To rounding: whether a product and a sum are fused may differ between whole registers and what is left over of the lanes. */
static void assert_near(real got, real expected)
{
    if (!(fabs((double)(got - expected)) < 1e-5))
        fail_msg("expected %.9g, got %.9g", (double)expected, (double)got);
}

/* A lane has the same sums wherever it stands. */
static void same_in_every_place(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    int fine = image_rows(conv.fine), coarse = image_rows(conv.coarse);
    for (int n = 1; n < MOST; n++)
        for (int way = 0; way < 4; way++) {
            bool up = way & 1, add = way & 2;
            int rows = up ? fine : coarse, turn = n / 2 + 1;
            struct lanes from = block_new(up ? coarse : fine, n, 0, 1), turned = block_new(up ? coarse : fine, n, turn, 1);
            struct lanes to = block_new(rows, n, 0, 2), second = block_new(rows, n, turn, 2);
            tape_begin(t, NULL, NULL, 0);
            sums(t, up, from, to, add);
            sums(t, up, turned, second, add);
            for (int r = 0; r < rows; r++)
                for (int l = 0; l < n; l++)
                    assert_near(second.v[(size_t)r * second.ld + (size_t)l], to.v[(size_t)r * to.ld + (size_t)((l + turn) % n)]);
            expect_guards(to, rows);
            expect_guards(second, rows);
            free(from.v), free(turned.v), free(to.v), free(second.v);
        }
    tape_free(t);
}

/* A lane alone has the sums that it has among others. */
static void alone_as_among_others(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    int fine = image_rows(conv.fine), coarse = image_rows(conv.coarse);
    struct lanes among = block_new(fine, MOST, 0, 1), out = block_new(coarse, MOST, 0, 2);
    tape_begin(t, NULL, NULL, 0);
    sums(t, false, among, out, false);
    for (int l = 0; l < MOST; l++) {
        struct lanes one = {among.v + l, among.ld, 1}, alone = block_new(coarse, 1, 0, 2);
        sums(t, false, one, alone, false);
        for (int r = 0; r < coarse; r++)
            assert_near(alone.v[(size_t)r * alone.ld], out.v[(size_t)r * out.ld + (size_t)l]);
        free(alone.v);
    }
    free(among.v), free(out.v);
    tape_free(t);
}

/* Σ over lanes and pixels in double, for every number of lanes around the registers'. */
static void gradient_of_the_kernel(void **state)
{
    (void)state;
    int fine = image_rows(conv.fine), coarse = image_rows(conv.coarse), cols = 16 * conv.fine.channels;
    for (int n = 1; n < MOST; n++) {
        struct lanes x = block_new(fine, n, 0, 1), g = block_new(coarse, n, 0, 2);
        real *got = xcalloc((size_t)(conv.coarse.channels * cols), sizeof *got);
        double *plain = xcalloc((size_t)(conv.coarse.channels * cols), sizeof *plain);
        got[7] = 100, plain[7] = 100; /* it is added to */
        conv_outer(&conv, g, x, got, (size_t)cols);
        for (int i = 0; i < conv.coarse.height; i++)
            for (int j = 0; j < conv.coarse.width; j++)
                for (int column = 0; column < cols; column++) {
                    int tap = column / conv.fine.channels, y = 2 * i + tap / 4 - 1, at = 2 * j + tap % 4 - 1;
                    if (y < 0 || y >= conv.fine.height || at < 0 || at >= conv.fine.width)
                        continue;
                    const real *xs = x.v + (size_t)plain_row(conv.fine, y, at, column % conv.fine.channels) * x.ld;
                    for (int o = 0; o < conv.coarse.channels; o++)
                        for (int l = 0; l < n; l++)
                            plain[o * cols + column] +=
                                (double)g.v[(size_t)plain_row(conv.coarse, i, j, o) * g.ld + (size_t)l] * (double)xs[l];
                }
        for (int i = 0; i < conv.coarse.channels * cols; i++)
            assert_true(fabs((double)got[i] - plain[i]) < 1e-4);
        free(x.v), free(g.v), free(got), free(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_in_every_place),
        cmocka_unit_test(alone_as_among_others),
        cmocka_unit_test(gradient_of_the_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
