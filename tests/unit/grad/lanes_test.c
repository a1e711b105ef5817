/* Arithmetic across lanes: every number of lanes, every length of sum, and nothing written beyond. */
#include "values.h"

#include "grad/engine.h"

enum { MOST = 45, LD = 50 };

static void fill(real *x, int n, int which)
{
    for (int i = 0; i < n; i++)
        x[i] = (real)drawn(which, i);
}

static void dots_are_right_for_any_number_of_lanes(void **state)
{
    (void)state;
    real a[6 * LD], b[6 * LD], c[LD], before[LD];
    fill(a, 6 * LD, 0);
    fill(b, 6 * LD, 1);
    for (int lanes = 1; lanes <= MOST; lanes++)
        for (int k = 1; k <= 6; k++)
            for (int how = 0; how < 3; how++) { /* assign, add to c, add to something else */
                fill(c, LD, 2);
                fill(before, LD, how == 2 ? 3 : 2);
                lanes_dot(lanes, k, a, LD, b, LD, -2, how == 0 ? NULL : how == 1 ? c : before, c);
                for (int l = 0; l < LD; l++) {
                    double sum = 0;
                    for (int i = 0; i < k; i++)
                        sum += (double)a[i * LD + l] * (double)b[i * LD + l];
                    assert_near((double)c[l], l >= lanes ? (double)(real)drawn(2, l) : (how ? (double)before[l] : 0) - 2 * sum);
                }
            }
}

/* Products read through any arrangement of rows and columns. */
static void products_follow_their_strides(void **state)
{
    (void)state;
    enum { N = 3, K = 4, M = 2, LANES = 19 };
    real a[N * K * LD], b[K * M * LD], c[N * M * LD], d[N * M * LD];
    fill(a, N * K * LD, 0);
    fill(b, K * M * LD, 1);
    fill(d, N * M * LD, 2);
    for (int flip = 0; flip < 4; flip++) {
        struct mat A = flip & 1 ? transposed(mat_at(a, LD, N)) : mat_at(a, LD, K);
        struct mat B = flip & 2 ? transposed(mat_at(b, LD, K)) : mat_at(b, LD, M);
        lanes_product(LANES, N, K, M, A, B, 1, false, mat_at(c, LD, M));
        fill(d, N * M * LD, 2);
        lanes_product(LANES, N, K, M, A, B, 3, true, mat_at(d, LD, M));
        for (int i = 0; i < N; i++)
            for (int j = 0; j < M; j++)
                for (int l = 0; l < LANES; l++) {
                    double sum = 0;
                    for (int k = 0; k < K; k++)
                        sum += (double)element(A, i, k)[l] * (double)element(B, k, j)[l];
                    assert_near((double)c[(i * M + j) * LD + l], sum);
                    assert_near((double)d[(i * M + j) * LD + l], (double)(real)drawn(2, (i * M + j) * LD + l) + 3 * sum);
                }
    }
}

/* A Aᵀ, computed once below the diagonal; adding keeps what was there, symmetric or not. */
static void symmetric_products_are_mirrored(void **state)
{
    (void)state;
    enum { N = 3, K = 2, LANES = 9 };
    real a[N * K * LD], c[N * N * LD], d[N * N * LD];
    fill(a, N * K * LD, 0);
    fill(d, N * N * LD, 1);
    struct mat A = mat_at(a, LD, K), C = mat_at(c, LD, N), D = mat_at(d, LD, N);
    lanes_product_symmetric(LANES, N, K, A, transposed(A), false, C);
    lanes_product_symmetric(LANES, N, K, A, transposed(A), true, D);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int l = 0; l < LANES; l++) {
                double sum = 0;
                for (int k = 0; k < K; k++)
                    sum += (double)element(A, i, k)[l] * (double)element(A, j, k)[l];
                assert_near((double)element(C, i, j)[l], sum);
                assert_true(element(C, i, j)[l] == element(C, j, i)[l]);
                assert_near((double)element(D, i, j)[l], (double)(real)drawn(1, (i * N + j) * LD + l) + sum);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_right_for_any_number_of_lanes),
        cmocka_unit_test(products_follow_their_strides),
        cmocka_unit_test(symmetric_products_are_mirrored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
