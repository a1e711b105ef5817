/* Small matrices across lanes against textbook loops, lane by lane. */
#include "values.h"

static const struct size {
    int n, k, m, lanes;
} sizes[] = {{1, 1, 1, 1}, {3, 3, 3, 25}, {2, 4, 3, 7}, {5, 2, 1, 16}, {4, 4, 4, 1}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Element (i,j) of lane l of a matrix with `cols` columns. */
static double at(const var *a, int cols, int i, int j, int l)
{
    return number(a, i * cols + j, l);
}

static void products(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int s = 0; s < SIZES; s++)
        for (int view = 0; view < 2; view++) {
            int n = sizes[s].n, k = sizes[s].k, m = sizes[s].m, lanes = sizes[s].lanes;
            var *A = normal_leaf(t, n * k, lanes, 0, view), *B = normal_leaf(t, k * m, lanes, 1, view);
            var *x = normal_leaf(t, k, lanes, 2, view);
            var *nn = mat_mul(t, A, B, n, k, m), *nt = mat_mul_nt(t, A, B, n, k, m), *tn = mat_mul_tn(t, A, B, n, k, m);
            var *Ax = mat_vec(t, A, x);
            for (int l = 0; l < lanes; l++)
                for (int i = 0; i < n; i++) {
                    double product = 0;
                    for (int q = 0; q < k; q++)
                        product += at(A, k, i, q, l) * number(x, q, l);
                    assert_near(number(Ax, i, l), product);
                    for (int j = 0; j < m; j++) {
                        double a = 0, b = 0, c = 0;
                        for (int q = 0; q < k; q++) {
                            a += at(A, k, i, q, l) * at(B, m, q, j, l);
                            b += at(A, k, i, q, l) * at(B, k, j, q, l);
                            c += at(A, n, q, i, l) * at(B, m, q, j, l);
                        }
                        assert_near(at(nn, m, i, j, l), a);
                        assert_near(at(nt, m, i, j, l), b);
                        assert_near(at(tn, m, i, j, l), c);
                    }
                }
        }
    tape_free(t);
}

/* A P Aᵀ with P = X Xᵀ, and A diag(d) Aᵀ: the values, and symmetry to the bit. */
static void sandwiches(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int s = 0; s < SIZES; s++)
        for (int shared = 0; shared < 2; shared++) {
            int n = sizes[s].n, k = sizes[s].k, lanes = sizes[s].lanes;
            var *A = normal_leaf(t, n * k, lanes, 0, shared), *X = normal_leaf(t, k * k, lanes, 1, false);
            var *P = mat_mul_nt(t, X, X, k, k, k), *d = normal_leaf(t, k, shared ? 1 : lanes, 2, false);
            var *S = sandwich(t, A, P, n, k), *D = sandwich_diag(t, A, d, n, k);
            for (int l = 0; l < lanes; l++)
                for (int i = 0; i < n; i++)
                    for (int j = 0; j < n; j++) {
                        double full = 0, diagonal = 0;
                        for (int p = 0; p < k; p++) {
                            for (int q = 0; q < k; q++)
                                full += at(A, k, i, p, l) * at(P, k, p, q, l) * at(A, k, j, q, l);
                            diagonal += at(A, k, i, p, l) * number(d, p, shared ? 0 : l) * at(A, k, j, p, l);
                        }
                        assert_true(is_near(at(S, n, i, j, l), full, 8 * TOLERANCE)); /* sums of sixteen products */
                        assert_near(at(D, n, i, j, l), diagonal);
                        assert_true(at(S, n, i, j, l) == at(S, n, j, i, l));
                        assert_true(at(D, n, i, j, l) == at(D, n, j, i, l));
                    }
        }
    tape_free(t);
}

static void diagonals_blocks_and_identity(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int s = 0; s < SIZES; s++)
        for (int view = 0; view < 2; view++) {
            int n = sizes[s].n, lanes = sizes[s].lanes;
            var *P = normal_leaf(t, n * n, lanes, 0, view), *d = normal_leaf(t, n, lanes, 1, view), *c = normal_leaf(t, n, 1, 2, view);
            var *plus = add_diag(t, P, d, n), *same = add_diag(t, P, c, n), *of = diag_of(t, P, n), *to = diag_matrix(t, d);
            var *minus = identity_minus(t, P, n);
            for (int l = 0; l < lanes; l++)
                for (int i = 0; i < n; i++) {
                    assert_true(number(of, i, l) == at(P, n, i, i, l));
                    for (int j = 0; j < n; j++) {
                        double p = at(P, n, i, j, l);
                        assert_near(at(plus, n, i, j, l), p + (i == j ? number(d, i, l) : 0));
                        assert_near(at(same, n, i, j, l), p + (i == j ? number(c, i, 0) : 0));
                        assert_near(at(to, n, i, j, l), i == j ? number(d, i, l) : 0);
                        assert_near(at(minus, n, i, j, l), (i == j ? 1 : 0) - p);
                    }
                }
        }
    var *A = normal_leaf(t, 4 * 5, 6, 3, true), *block = block_of(t, A, 4, 5, 1, 2, 3, 2);
    for (int l = 0; l < 6; l++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 2; j++)
                assert_true(at(block, 2, i, j, l) == at(A, 5, i + 1, j + 2, l));
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(sandwiches),
        cmocka_unit_test(diagonals_blocks_and_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
