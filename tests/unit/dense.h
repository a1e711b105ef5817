/* Linear Gaussian models by brute force: the joint Gaussian of all states and observations, conditioned by Gauss
 * elimination. Shares no code and no formula with the Kalman functions that it judges. */
#ifndef DSSM_TESTS_DENSE_H
#define DSSM_TESTS_DENSE_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { DENSE_N = 4, DENSE_D = 3, DENSE_T = 7, DENSE_Z = DENSE_N * DENSE_T, DENSE_A = DENSE_D * DENSE_T };

/* z_1 ~ N(m, P), z_{t+1} = F_t z_t + b_t + (I + drag) · noise of variances Q_t, a_t = H_t z_t + noise of variances R. Matrices row-major.
 */
struct dense {
    int n, d, T;
    double m[DENSE_N], P[DENSE_N * DENSE_N];
    double F[DENSE_T][DENSE_N * DENSE_N], b[DENSE_T][DENSE_N], Q[DENSE_T][DENSE_N]; /* entry t leads from step t to t+1 */
    double drag[DENSE_N * DENSE_N];                                                 /* what a number's noise adds to others */
    double H[DENSE_T][DENSE_D * DENSE_N], R[DENSE_D];
    double a[DENSE_T][DENSE_D];
    bool seen[DENSE_T];
};

/* Solves A X = B in place by elimination with pivots: A n×n, B n×m, rows `wide` numbers apart. Returns ln|det A|. */
static inline double dense_solve(int n, double *A, int m, double *B, int wide_a, int wide_b)
{
    double log_det = 0;
    for (int c = 0; c < n; c++) {
        int best = c;
        for (int r = c + 1; r < n; r++)
            if (fabs(A[r * wide_a + c]) > fabs(A[best * wide_a + c]))
                best = r;
        for (int j = 0; j < n; j++) {
            double kept = A[c * wide_a + j];
            A[c * wide_a + j] = A[best * wide_a + j];
            A[best * wide_a + j] = kept;
        }
        for (int j = 0; j < m; j++) {
            double kept = B[c * wide_b + j];
            B[c * wide_b + j] = B[best * wide_b + j];
            B[best * wide_b + j] = kept;
        }
        double pivot = A[c * wide_a + c];
        log_det += log(fabs(pivot));
        for (int r = 0; r < n; r++) {
            double factor = r == c ? 0 : A[r * wide_a + c] / pivot;
            for (int j = 0; j < n && r != c; j++)
                A[r * wide_a + j] -= factor * A[c * wide_a + j];
            for (int j = 0; j < m && r != c; j++)
                B[r * wide_b + j] -= factor * B[c * wide_b + j];
        }
    }
    for (int c = 0; c < n; c++)
        for (int j = 0; j < m; j++)
            B[c * wide_b + j] /= A[c * wide_a + c];
    return log_det;
}

/* The joint mean and covariance of all states: z_t as a linear map of z_1 and the noises, column by column. */
static inline void dense_states(const struct dense *s, double mean[DENSE_Z], double cov[DENSE_Z][DENSE_Z])
{
    static double map[DENSE_Z][DENSE_Z]; /* row t·n+i, column: component of z_1, then of each step's noise */
    double source[DENSE_Z][DENSE_Z];
    int n = s->n, N = s->n * s->T;
    memset(map, 0, sizeof map);
    memset(source, 0, sizeof source);
    for (int i = 0; i < n; i++) {
        mean[i] = s->m[i];
        for (int j = 0; j < n; j++)
            source[i][j] = s->P[i * n + j];
    }
    for (int i = 0; i < N; i++)
        map[i][i] = 1;
    for (int t = 1; t < s->T; t++)
        for (int i = 0; i < n; i++) {
            int row = t * n + i;
            source[row][row] = s->Q[t - 1][i];
            mean[row] = s->b[t - 1][i];
            for (int j = 0; j < n; j++) {
                map[row][t * n + j] += s->drag[i * n + j];
                mean[row] += s->F[t - 1][i * n + j] * mean[(t - 1) * n + j];
                for (int c = 0; c < t * n; c++)
                    map[row][c] += s->F[t - 1][i * n + j] * map[(t - 1) * n + j][c];
            }
        }
    for (int r = 0; r < N; r++)
        for (int q = 0; q < N; q++) {
            cov[r][q] = 0;
            for (int c = 0; c < N; c++)
                for (int k = c < n ? 0 : c; k < (c < n ? n : c + 1); k++)
                    cov[r][q] += map[r][c] * source[c][k] * map[q][k];
        }
}

/* Mean (n) and covariance (n×n) of z_step given the observations among a_0..a_{upto-1} that were seen; steps count from 0. */
static inline void dense_condition(const struct dense *s, int upto, int step, double *mean, double *cov)
{
    static double all_mean[DENSE_Z], all[DENSE_Z][DENSE_Z], A[DENSE_A][DENSE_A], B[DENSE_A][DENSE_N + 1], cross[DENSE_A][DENSE_N];
    int n = s->n, d = s->d, place[DENSE_T], rows = 0;
    dense_states(s, all_mean, all);
    for (int t = 0; t < upto; t++)
        if (s->seen[t])
            place[rows++] = t;
    for (int p = 0; p < rows; p++)
        for (int i = 0; i < d; i++) {
            const double *H = s->H[place[p]] + i * n;
            int row = p * d + i;
            B[row][n] = s->a[place[p]][i];
            for (int k = 0; k < n; k++)
                B[row][n] -= H[k] * all_mean[place[p] * n + k];
            for (int j = 0; j < n; j++) {
                cross[row][j] = 0;
                for (int k = 0; k < n; k++)
                    cross[row][j] += H[k] * all[place[p] * n + k][step * n + j];
                B[row][j] = cross[row][j];
            }
            for (int q = 0; q < rows; q++)
                for (int j = 0; j < d; j++) {
                    const double *G = s->H[place[q]] + j * n;
                    double sum = p == q && i == j ? s->R[i] : 0;
                    for (int k = 0; k < n; k++)
                        for (int l = 0; l < n; l++)
                            sum += H[k] * all[place[p] * n + k][place[q] * n + l] * G[l];
                    A[row][q * d + j] = sum;
                }
        }
    dense_solve(rows * d, &A[0][0], n + 1, &B[0][0], DENSE_A, DENSE_N + 1);
    for (int i = 0; i < n; i++) {
        mean[i] = all_mean[step * n + i];
        for (int r = 0; r < rows * d; r++)
            mean[i] += cross[r][i] * B[r][n];
        for (int j = 0; j < n; j++) {
            cov[i * n + j] = all[step * n + i][step * n + j];
            for (int r = 0; r < rows * d; r++)
                cov[i * n + j] -= cross[r][i] * B[r][j];
        }
    }
}

/* ½ νᵀS⁻¹ν and ½ ln|2πS| of what was seen at each step, given what was seen before, summed. */
static inline void dense_surprise(const struct dense *s, double out[2])
{
    out[0] = out[1] = 0;
    for (int t = 0; t < s->T; t++) {
        double mean[DENSE_N], cov[DENSE_N * DENSE_N], S[DENSE_D * DENSE_D], nu[DENSE_D], kept[DENSE_D];
        dense_condition(s, t, t, mean, cov);
        for (int i = 0; i < s->d; i++) {
            const double *H = s->H[t] + i * s->n;
            nu[i] = s->a[t][i];
            for (int k = 0; k < s->n; k++)
                nu[i] -= H[k] * mean[k];
            kept[i] = nu[i];
            for (int j = 0; j < s->d; j++) {
                S[i * s->d + j] = i == j ? s->R[i] : 0;
                for (int k = 0; k < s->n * s->n; k++)
                    S[i * s->d + j] += H[k / s->n] * cov[k] * s->H[t][j * s->n + k % s->n];
            }
        }
        double volume = dense_solve(s->d, S, 1, nu, s->d, 1);
        for (int i = 0; s->seen[t] && i < s->d; i++)
            out[0] += 0.5 * kept[i] * nu[i];
        out[1] += s->seen[t] ? 0.5 * (volume + s->d * log(2 * M_PI)) : 0;
    }
}

/* KL(N(m1, P1) ‖ N(m2, P2)) with an explicit inverse: d = m1 − m2. */
static inline double dense_kl(int n, const double *d, const double *P1, const double *P2)
{
    double A[DENSE_N * DENSE_N], inverse[DENSE_N * DENSE_N], copy[DENSE_N * DENSE_N], none[1], sum = -n;
    memcpy(A, P2, sizeof(double) * (size_t)(n * n));
    memcpy(copy, P1, sizeof(double) * (size_t)(n * n));
    for (int i = 0; i < n * n; i++)
        inverse[i] = i % (n + 1) == 0;
    sum += dense_solve(n, A, n, inverse, n, n) - dense_solve(n, copy, 0, none, n, 1);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            sum += inverse[i * n + j] * (P1[j * n + i] + d[i] * d[j]);
    return 0.5 * sum;
}

#endif
