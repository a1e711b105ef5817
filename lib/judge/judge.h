/* Judgements: how much of the true state a latent state tells (R²), how far predictions are off
 * (mean squared errors), and contact sheets for the eye. All but the last section know no model.
 * Uses base, cli, stream, model; LAPACKE, libpng.
 *
 * Sizes: N rows (time steps of all sequences), D numbers in a latent state, Q true quantities, T steps,
 * X numbers in an observation. Arrays are row-major. Memory never grows with N. */
#ifndef DSSM_JUDGE_H
#define DSSM_JUDGE_H

#include "base/base.h"
#include "stream/stream.h"
#include <jansson.h>

/* ---- arrays as numbers (values.c) ---- */

/* Every element as a number: |u1 means value/255, other types mean themselves. out: array_count(a) numbers. */
void judge_values(const struct array *a, double *out);
/* The field of a record, which must have T ≥ 1 steps; NULL with e ("field x: …") if it is absent. */
const struct array *judge_field(const struct record *rec, const char *name, struct error *e);

/* ---- least squares (ols.c) ---- */

/* Ordinary least squares with intercept of Q targets on P features, row by row.
 *
 * Problem: given rows (f_i, y_i), find b, B minimising Σ_i |y_i − b − B f_i|², and R² = 1 − SS_res/SS_tot for each target.
 * Method: the triangular factor of the matrix [1 f y] is kept and updated block by block (Householder QR of the factor
 * stacked on the new rows); its size is (1+P+Q)². Unlike sums of products it does not square the condition number, so a
 * quantity that hides in a tiny component of z is still found. Rows are taken relative to the first one, which changes no R². Since
 * the intercept comes first, SS_tot is the squared length of the target's column below its first row; SS_res is what is left after
 * solving the triangular system by SVD (dgelsd, columns scaled to length 1), where features may depend on each other. */
struct ols;
struct ols *ols_new(int features, int targets);
void ols_add(struct ols *o, const double *f, const double *y); /* one row of finite numbers: f: P, y: Q */
/* r2: Q numbers; NaN for a target that does not vary, or without rows. May be called between additions.
 * DSSM_FAILURE with e if the singular values are not found. */
int ols_r2(struct ols *o, double *r2, struct error *e);
/* c: Q×(1+P), of each target b and the row of B; features that nothing can be told of get 0. Errors as of ols_r2. */
int ols_coefficients(struct ols *o, double *c, struct error *e);
void ols_free(struct ols *o); /* NULL is allowed */

/* ---- R² of true quantities (r2.c) ---- */

/* One true quantity. */
struct quantity {
    char name[64];
    bool circle; /* an angle on a full circle: its sine and its cosine are regressed, its R² is their mean */
};
/* The components of a field as its header names them: names and kinds, else s1, s2, … on a line. Returns Q and *out (caller
 * frees), 0 with e if the header does not describe the field. */
int quantities_read(const json_t *header, const char *field, struct quantity **out, struct error *e);

struct r2_score {
    double r2;        /* of the quantity; for an angle the mean of the next two */
    double sin, cos;  /* of an angle; else NaN */
    double unwrapped; /* of an angle as it stands, turns included; else NaN */
};
struct r2;
/* quantity: Q of them, copied. With cubic, a second regression takes all monomials of z up to degree 3: a quantity that
 * it finds and the linear one does not is in z, but folded. D at most 30 with cubic. */
struct r2 *r2_new(int d, int q, const struct quantity *quantity, bool cubic);
/* n rows, z: n×D, y: n×Q. Rows with a number that is not finite are counted and left out. */
void r2_add(struct r2 *r, size_t n, const double *z, const double *y);
uint64_t r2_rows(const struct r2 *r);     /* rows that count */
uint64_t r2_left_out(const struct r2 *r); /* rows that do not */
/* linear: Q scores; cubic: Q scores, or NULL. Returns DSSM_OK or the error's code. */
int r2_scores(struct r2 *r, struct r2_score *linear, struct r2_score *cubic, struct error *e);
/* Adds "r2_NAME" of each quantity to object, of an angle its sine and cosine too ("r2_sin", "r2_cos"; where there are several
 * angles "r2_NAME_sin", "r2_NAME_cos"), and itself as it stands ("r2_unwrapped", "r2_NAME_unwrapped"), and, if r has them, all again with
 * "_cubic" behind. What is undefined is null. */
int r2_json(struct r2 *r, json_t *object, struct error *e);
void r2_free(struct r2 *r); /* NULL is allowed */

/* ---- latent and true states of a stream (pairs.c) ---- */

/* Which fields, and whether they are for a regression with cubic features, which allows fewer numbers a step. */
struct pair_fields {
    const char *from, *to;
    bool cubic;
};
/* Who takes them. begin: once, at the first record, tells D and the Q true quantities (the caller's to copy); add: each record's T steps,
 * z: T×D, y: T×Q. */
struct pair_taker {
    void (*begin)(void *arg, int d, int q, const struct quantity *quantity);
    void (*add)(void *arg, size_t steps, const double *z, const double *y);
    void *arg;
};
/* Gives all records of the stream at path (NULL or "-": standard input) to a taker; a stream without records gives it nothing. DSSM_OK, or
 * the code of e, which names stream, record and field: a field is absent or not described, steps or widths differ. */
int pairs_read(const char *path, const struct pair_fields *fields, const struct pair_taker *taker, struct error *e);
/* Whether a regression takes d numbers a step of fields->from: as many as before, or, where before is 0, no more than it can do. Else
 * DSSM_BAD_INPUT with e. */
int pairs_width(const struct pair_fields *fields, size_t before, size_t d, struct error *e);

/* ---- true quantities told by latent states (regression.c) ---- */

/* The regression itself, kept to be applied to other rows. */
struct regression;
/* quantity: Q of them, copied. An angle on a circle is regressed as its sine and its cosine, and told as their atan2, in (−π, π]; with
 * unwrapped as it stands. cubic: features are all monomials of z up to degree 3 (D at most 30), else z itself. */
struct regression *regression_new(int d, int q, const struct quantity *quantity, bool cubic, bool unwrapped);
/* n rows to learn from, z: n×D, y: n×Q. Rows with a number that is not finite are left out. */
void regression_add(struct regression *r, size_t n, const double *z, const double *y);
uint64_t regression_rows(const struct regression *r); /* rows that it learned from */
/* To be called after the last addition. DSSM_OK, or the code of ols_coefficients. */
int regression_solve(struct regression *r, struct error *e);
/* y (n×Q) told by z (n×D); NaN where z has one. */
void regression_apply(struct regression *r, size_t n, const double *z, double *y);
void regression_free(struct regression *r); /* NULL is allowed */

/* ---- prediction errors (mse.c) ---- */

/* Mean squared error per dimension of b against a. Steps and numbers that are unobserved (mask 0, not finite in a) do not count; numbers
 * that were not predicted (not finite in b) do not either, but are counted, because a failed prediction is one too. */
struct mse;
/* Steps first … last−1 of each sequence count (from 0); last 0: to the end. Keeps 8 bytes a sequence, for the median. */
struct mse *mse_new(size_t first, size_t last);
/* One sequence. a, b: T×X; mask: T bytes, 0 for an unobserved step, or NULL. */
void mse_add(struct mse *m, size_t steps, size_t x, const double *a, const double *b, const uint8_t *mask);
struct mse_score {
    double mse;           /* over all numbers that count; NaN if there are none */
    double median;        /* of the sequences' own means; NaN if there are none */
    uint64_t sequences;   /* sequences with a number that counts */
    uint64_t numbers;     /* numbers that count */
    uint64_t unpredicted; /* observed numbers where b is not finite */
    size_t steps;         /* length of the longest sequence, to last at most */
};
struct mse_score mse_score(const struct mse *m);
/* Error at step t over all sequences; NaN where nothing counts. */
double mse_step(const struct mse *m, size_t t);
void mse_free(struct mse *m); /* NULL is allowed */

/* ---- contact sheets (sheet.c, png.c) ---- */

/* Frames side by side: a column a step, rows of one sequence close together. */
struct sheet;
struct sheet_layout {
    int height, width, channels; /* of a frame; channels 1 or 3 */
    int rows, columns;           /* frames */
    int group;                   /* rows that belong to one sequence */
    int scale;                   /* pixels on a side for one of the frame's */
};
enum { SHEET_MAX_PIXELS = 100000000 };
/* NULL with e (DSSM_USAGE) if the sheet would have more pixels than SHEET_MAX_PIXELS. All frames are missing at first: hatched. */
struct sheet *sheet_new(const struct sheet_layout *layout, struct error *e);
/* Puts a frame (height×width×channels numbers in [0, 1], clamped) in its place. One with a NaN stays hatched. */
void sheet_frame(struct sheet *s, int row, int column, const double *frame);
/* Pixels of the whole sheet, as 8-bit grey or RGB; owned by the sheet. */
const uint8_t *sheet_pixels(const struct sheet *s, int *height, int *width, int *channels);
/* Writes the sheet as PNG; the same sheet gives the same bytes. */
int sheet_write(const struct sheet *s, FILE *f, struct error *e);
void sheet_free(struct sheet *s); /* NULL is allowed */

/* ---- a model on unseen sequences (evaluate.c) ---- */

struct model;
struct dataset;
struct evaluation_settings {
    int context;   /* K: steps that predictions start from */
    int samples;   /* draws, N ≥ 1, that the bound and the sampled predictions are means over */
    bool filtered; /* R² of filtered beliefs, even if the model smooths */
    bool no_noise; /* every sample is its mean */
    uint64_t seed;
};
/* The bound, R² of the true states s (linear and cubic; if the data have s) and errors of predictions, as one JSON object (new reference):
 *   sequences, steps, observed (steps), elbo, distortion, distortion_excess (without its constant), rate: nats a sequence;
 *   the keys of r2_json;
 *   mse_smoothed (z_1 ~ smoothed posterior given K steps, then mean transitions; all steps), mse_smoothed_mean (z_1 its mean),
 *   mse_filtered (z_K ~ filtered posterior; steps K to T), mse_filtered_mean; each with …_median (of the sequences; with
 *   N draws of N times the sequences), the first two with …_first_11 (steps 1 to 11).
 * What is not finite is null, a prediction that has a NaN too. The same for any number of threads. NULL with e on failure. */
json_t *evaluate_model(const struct model *m, const struct dataset *d, const struct evaluation_settings *s, struct pool *pool,
                       struct error *e);

#endif
