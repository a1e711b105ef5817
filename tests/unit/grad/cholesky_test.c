/* Cholesky factors and solves across lanes: by putting the results back into their definitions, and where there is no factor. */
#include "values.h"

enum { LANES = 21 };

static double at(const var *a, int cols, int i, int j, int l)
{
    return number(a, i * cols + j, l);
}

/* L Lᵀ, element (i,j). */
static double square(const var *L, int n, int i, int j, int l)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += at(L, n, i, k, l) * at(L, n, j, k, l);
    return sum;
}

static void a_factor_gives_the_matrix_back(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int n = 1; n <= 8; n++) {
        var *X = normal_leaf(t, n * n, LANES, n, true);
        var *P = add_diag(t, mat_mul_nt(t, X, X, n, n, n), filled(t, n, 1, 0.5), n);
        for (int i = 0; i < n; i++) /* only the lower triangle may be read */
            for (int j = i + 1; j < n; j++)
                P->v[(i * n + j) * P->ld] = (real)NAN;
        var *L = chol(t, P, n);
        for (int l = 0; l < LANES; l++)
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) {
                    if (j > i)
                        assert_true(at(L, n, i, j, l) == 0);
                    else
                        assert_true(is_near(square(L, n, i, j, l), at(P, n, i, j, l), 4 * TOLERANCE));
                }
        assert_int_equal(tape_failed_lane(t), -1);
    }
    tape_free(t);
}

/* Element of P that spoils it, for the factor of an n×n matrix whose lane is otherwise the identity. */
static void spoil_lane(var *P, int n, int lane, int column, double value)
{
    P->v[(column * n + column) * P->ld + lane] = (real)value;
}

static void lanes_without_a_factor_are_nan_and_told(void **state)
{
    (void)state;
    const double bad[] = {0, -1, NAN, INFINITY};
    struct tape *t = tape_new();
    for (int column = 0; column < 3; column++)
        for (int b = 0; b < 4; b++) {
            tape_begin(t, NULL, &no_parameters, GROUP_ALL);
            assert_int_equal(tape_failed_lane(t), -1);
            var *one = diag_matrix(t, filled(t, 3, LANES, 4));
            chol(t, one, 3);
            assert_int_equal(tape_failed_lane(t), -1);
            var *P = add(t, one, filled(t, 9, LANES, 0.5));
            spoil_lane(P, 3, 17, column, bad[b]);
            spoil_lane(P, 3, 6, column, bad[b]);
            var *L = chol(t, P, 3);
            assert_int_equal(tape_failed_lane(t), 6);
            for (int l = 0; l < LANES; l++)
                for (int i = 0; i < 3; i++)
                    for (int j = 0; j < 3; j++)
                        assert_true(isnan(at(L, 3, i, j, l)) == ((l == 6 || l == 17) && j <= i));
            spoil_lane(P, 3, 1, column, bad[b]);
            chol(t, P, 3);
            assert_int_equal(tape_failed_lane(t), 6); /* the first failure is the one that is told */
        }
    tape_free(t);
}

static void the_gradient_is_symmetric(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    int n = 4;
    real weights[LANES];
    for (int l = 0; l < LANES; l++)
        weights[l] = (real)drawn(9, l);
    var *X = normal_leaf(t, n * n, LANES, 0, false), *one = filled(t, n, 1, 1), *S = add_diag(t, mat_mul_nt(t, X, X, n, n, n), one, n);
    var *P = leaf(t, n * n, LANES, S->v);
    var_seed(mul(t, chol(t, P, n), X), weights, 1);
    tape_backward(t);
    double largest = 0;
    for (int l = 0; l < LANES; l++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                assert_true(slope_number(P, i * n + j, l) == slope_number(P, j * n + i, l));
                largest = fmax(largest, fabs(slope_number(P, i * n + j, l)));
            }
    assert_true(largest > 0.1);
    tape_free(t);
}

static void solutions_solve(void **state)
{
    (void)state;
    const int sizes[][2] = {{1, 1}, {2, 3}, {3, 3}, {5, 2}};
    struct tape *t = fresh_tape();
    for (int s = 0; s < 4; s++) {
        int n = sizes[s][0], m = sizes[s][1];
        var *L = lower_leaf(t, n, LANES, 0), *B = normal_leaf(t, n * m, LANES, 1, true);
        var *X = tri_solve(t, L, B, n, m), *Y = spd_solve_right(t, B, L, m, n), *D = log_det(t, L, n);
        for (int l = 0; l < LANES; l++) {
            double product = 1;
            for (int i = 0; i < n; i++) {
                product *= at(L, n, i, i, l) * at(L, n, i, i, l);
                for (int c = 0; c < m; c++) {
                    double Lx = 0, yS = 0;
                    for (int k = 0; k < n; k++) {
                        Lx += at(L, n, i, k, l) * at(X, m, k, c, l);
                        yS += at(Y, n, c, k, l) * square(L, n, k, i, l);
                    }
                    assert_true(is_near(Lx, at(B, m, i, c, l), 20 * TOLERANCE));
                    assert_true(is_near(yS, at(B, n, c, i, l), 20 * TOLERANCE));
                }
            }
            assert_near(number(D, 0, l), log(product));
        }
    }
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_factor_gives_the_matrix_back),
        cmocka_unit_test(lanes_without_a_factor_are_nan_and_told),
        cmocka_unit_test(the_gradient_is_symmetric),
        cmocka_unit_test(solutions_solve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
