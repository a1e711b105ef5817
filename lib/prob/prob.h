/* Gaussians, divergences and the Kalman functions, on the tape, across lanes.
 *
 * A diagonal Gaussian is a mean and a VARIANCE (not its logarithm), rows×L each; a full one a mean n×L and
 * a covariance (n·n)×L or its lower Cholesky factor. All logarithms are natural; a sum runs over rows, so
 * that results are 1×L, nats a lane. Uses base, grad. */
#ifndef DSSM_PROB_H
#define DSSM_PROB_H

#include "grad/grad.h"

#define LN_2PI 1.8378770664093454836

/* ---- diagonal Gaussians (diagonal.c) ---- */

struct gauss {
    var *mean;     /* n×L */
    var *variance; /* n×L, positive; a covariance (n·n)×L in the functions of gauss.c alone */
};

/* KL(N(m1, v1) ‖ N(m2, v2)) = ½ Σ [ ln v2/v1 + (v1 + (m1−m2)²)/v2 − 1 ]  → 1×L */
var *kl_diag(struct tape *t, struct gauss one, struct gauss two);
/* KL(N(m, v) ‖ N(0, I)) → 1×L */
var *kl_standard(struct tape *t, struct gauss q);
/* ln N(x; m, v) = −½ Σ [ ln 2πv + (x−m)²/v ] → 1×L */
var *log_normal(struct tape *t, var *x, struct gauss p);
/* −ln N(x; mean, variance·I) for one fixed variance, x a constant: the distortion of a frame → 1×L */
var *distortion_gauss(struct tape *t, const var *x, var *mean, double variance);
/* Entropy ½ Σ ln 2πe v → 1×L */
var *entropy_diag(struct tape *t, var *variance);
/* mean + √variance · noise (noise n×L, standard normal; NULL: the mean) */
var *sample_diag(struct tape *t, struct gauss q, var *noise);
/* Product of two diagonal Gaussians, normalised: precisions add, the mean is weighted by them. */
struct gauss product_diag(struct tape *t, struct gauss one, struct gauss two);

/* ---- Gaussians whose variance may be a full covariance (gauss.c) ---- */

/* Is it one? A number's variance and covariance are the same. */
bool gauss_is_full(struct gauss q);
var *gauss_cov(struct tape *t, struct gauss q);                /* (n·n)×L */
var *gauss_sample(struct tape *t, struct gauss q, var *noise); /* as sample_diag, or mean + chol·noise */
var *gauss_kl(struct tape *t, struct gauss q, struct gauss p); /* KL(q ‖ p) → 1×L; a full q needs a full p */

/* ---- full Gaussians (full.c) ---- */

/* KL(N(m1, L1 L1ᵀ) ‖ N(m2, L2 L2ᵀ)) = ½ [ |L2⁻¹L1|² + |L2⁻¹(m1−m2)|² − n + ln|P2| − ln|P1| ] → 1×L */
var *kl_full(struct tape *t, var *m1, var *L1, var *m2, var *L2, int n);
/* KL(N(m, L Lᵀ) ‖ N(0, I)) → 1×L */
var *kl_full_standard(struct tape *t, var *m, var *L, int n);
/* Entropy ½ (n ln 2πe + ln|L Lᵀ|) → 1×L */
var *entropy_full(struct tape *t, var *L, int n);
/* m + L·noise (noise n×L; NULL: the mean) */
var *sample_full(struct tape *t, var *m, var *L, var *noise);

/* ---- Kalman filter and smoother (kalman.c) ---- */

struct belief {
    var *mean; /* n×L */
    var *cov;  /* (n·n)×L, symmetric positive definite */
};

/* m⁻ = F m + b,  P⁻ = F P Fᵀ + diag Q.   F (n·n)×L, b n×L (the control's push; NULL: none),
 * Q n×L or, full, (n·n)×L: then it is added as it is. */
struct belief kalman_predict(struct tape *t, struct belief z, var *F, var *b, var *Q);
/* Conditions on a = C z + noise, noise ~ N(0, R):  S = C P Cᵀ + R, K = P Cᵀ S⁻¹, m + K(a − C m), and Joseph's
 * (I−KC) P (I−KC)ᵀ + K R Kᵀ. C (d·n)×L, a d×L, R d×1 or d×L or, full, (d·d)×L; seen 1×L holds 1, or 0 for a lane whose belief stays as it
 * is (NULL: all are seen). */
struct belief kalman_update(struct tape *t, struct belief z, var *a, var *C, var *R, var *seen);

/* −ln N(a; C m, S), S as above, in its two terms, nats: ½ νᵀS⁻¹ν of the innovation ν = a − C m, and ½ ln|2πS| → 1×L each */
struct surprise {
    var *square, *volume;
};
struct surprise kalman_surprise(struct tape *t, struct belief z, var *a, var *C, var *R);

/* What a Rauch-Tung-Striebel pass needs, for steps 0..T-2 side by side (lane t·B+b): made once, in a few wide operations. */
struct smoother {
    int n, steps, lanes;
    var *gain;      /* J_t = P_t F_{t+1}ᵀ (P⁻_{t+1})⁻¹, (n·n)×((T−1)·B) */
    var *rest;      /* (I − J F) P_t (I − J F)ᵀ */
    var *Q;         /* n×((T−1)·B) or (n·n)×((T−1)·B), of step t+1 */
    var *mean;      /* filtered means of steps 0..T-2 */
    var *predicted; /* predicted means of steps 1..T-1 */
};
/* filtered: n×(T·B) and (n·n)×(T·B); predicted, F, Q: those of steps 1..T-1, each with (T−1)·B lanes. */
struct smoother smoother_prepare(struct tape *t, struct belief filtered, struct belief predicted, var *F, var *Q, int steps, int lanes);
/* Smoothed belief of step i from that of step i+1:  m + J (m' − m⁻'),  (I−JF)P(I−JF)ᵀ + J (P' + Q') Jᵀ: equal to
 * P + J(P' − P⁻')Jᵀ, but without a subtraction, so that single precision keeps it positive definite. */
struct belief smoother_step(struct tape *t, const struct smoother *s, struct belief next, int i);

#endif
