/* The differentiation engine: values, the tape, operations, parameters.
 *
 * A value is a matrix whose rows are the numbers of one example and whose columns ("lanes") are
 * examples; the lanes are contiguous. Sizes are written rows × lanes: z Dz×B, a batch of n×m
 * matrices (n·m)×B, row-major within a lane: element (i,j) is row i·m+j. The frames of T steps are
 * D×(T·B) with lane t·B+b; a step is a view.
 *
 * The tape is define-by-run: an operation computes its value at once and, if an input carries a
 * gradient, notes how to undo itself; tape_backward goes through the notes in reverse. Everything an
 * operation makes is owned by the tape's arena and invalid after the next tape_begin. Gradients are
 * added to, never assigned, so a value may be used any number of times; a gradient that nobody
 * wrote is never cleared or read (see var_gradient).
 *
 * A shape that does not fit is a mistake in model code: bug() names the operation and both shapes.
 * Uses base, BLAS. */
#ifndef DSSM_GRAD_H
#define DSSM_GRAD_H

#include "base/base.h"

struct tape;

typedef struct var {
    int rows, lanes;
    int ld;            /* distance between rows, in numbers: ≥ lanes */
    bool needs;        /* has a gradient */
    bool touched;      /* of an owner (whole == NULL): some gradient was written; before that g holds rubbish */
    real *v;           /* value: row i, lane l at v[i·ld + l] */
    real *g;           /* gradient, same layout; NULL if !needs */
    struct var *whole; /* the value that this is a view of, or NULL */
} var;

/* ---- parameters (params.c) ---- */

/* GROUP_ALL is what trainings move; GROUP_BELIEF what is fitted to a trained model alone. */
enum param_group { GROUP_THETA = 1, GROUP_PHI = 2, GROUP_PSI = 4, GROUP_PSI0 = 8, GROUP_PHI0 = 16, GROUP_ALL = 31, GROUP_BELIEF = 32 };
enum { PARAM_GROUPS = 6 };

/* One flat vector with a table of names, shapes and groups that initialisation, Adam, norms, checkpoints
 * and the phases of constrained optimisation all read. */
struct param {
    char *name; /* "encoder.0.weight" */
    int rows, cols;
    size_t offset;  /* into the flat vector */
    unsigned group; /* an enum param_group */
    double rate;    /* factor on the learning rate */
    double decay;   /* pull towards 0: share of the value lost an update, over the learning rate; 0 at first */
};
struct params {
    int n;
    struct param *entry;
    size_t size; /* numbers in all */
    real *value; /* size numbers, owned */
};
void params_init(struct params *p);
void params_free(struct params *p);
/* Adds a rows×cols parameter of zeros and returns its index, which is the handle of model code. */
int params_add(struct params *p, const char *name, int rows, int cols, unsigned group, double rate);
int params_find(const struct params *p, const char *name); /* -1 if there is none */
real *params_value(const struct params *p, int index);
/* Fills entry index with mean + spread · standard normal draws that depend on the seed and the entry's NAME alone. */
void params_normal(struct params *p, int index, uint64_t seed, double mean, double spread);
/* Uniform in ±bound, same dependence. */
void params_uniform(struct params *p, int index, uint64_t seed, double bound);
/* Glorot: uniform in ±sqrt(6/(rows+cols)), same dependence. */
void params_glorot(struct params *p, int index, uint64_t seed);
void params_fill(struct params *p, int index, double value);

/* ---- the tape (tape.c) ---- */

struct tape *tape_new(void);
void tape_free(struct tape *t);
/* Forgets all. From here parameters are read from p and, where their group is in `moving`, gradients are collected in
 * `gradient` (p->size numbers, the caller's, cleared by this call in the moving groups' ranges), else they are constants. gradient NULL:
 * nothing has a gradient, and nothing is noted. */
void tape_begin(struct tape *t, const struct params *p, real *gradient, unsigned moving);
/* Seeds are set by the caller with var_seed; then everything is undone in reverse. */
void tape_backward(struct tape *t);
void var_seed(var *a, const real *weights, real scale); /* gradient += scale · weights[lane] (NULL: 1) on every row */

var *param(struct tape *t, int index);              /* rows×cols as a matrix of its own; one var an index and tape */
var *constant(struct tape *t, int rows, int lanes); /* not cleared; the caller fills v (ld = lanes) */
var *filled(struct tape *t, int rows, int lanes, double value);
/* For tests and goals: a copy of values that collects a gradient of its own. */
var *leaf(struct tape *t, int rows, int lanes, const real *values);

/* For whoever adds an operation (private in spirit; used by lib/prob and lib/net too):
 * op_new makes the output (needs a gradient if any input does) and, in that case, pushes a note with `size` bytes for
 * the operation's own record, filled by the caller. note is NULL when nothing has to be noted. */
typedef void (*op_backward)(struct tape *t, void *note);
var *op_new(struct tape *t, int rows, int lanes, const var *const *inputs, int n, op_backward undo, size_t size, void **note);
void *tape_alloc(struct tape *t, size_t bytes); /* scratch that lives until tape_begin */
/* The gradient of a, ready to be added to (clears it when nobody has written yet); NULL if !a->needs. */
real *var_gradient(var *a);
/* True if a's gradient has not been written and a is no view: then the caller may assign all of a->g instead of adding,
 * and the gradient counts as written. */
bool var_gradient_first(var *a);
/* The gradient that arrived at an output, or NULL if none did (then backward has nothing to do). */
const real *var_arrived(const var *a);

/* ---- shapes (shape.c): views cost nothing, copies where memory must move ---- */
var *rows_of(struct tape *t, var *a, int from, int n);     /* view of n rows */
var *lanes_of(struct tape *t, var *a, int from, int n);    /* view of n lanes */
var *step_of(struct tape *t, var *a, int step, int lanes); /* view: lanes_of(a, step·lanes, lanes) */
var *stack_rows(struct tape *t, int n, var *const *a);     /* copies: one above the other */
var *stack_lanes(struct tape *t, int n, var *const *a);    /* copies: side by side (steps to a sequence) */
var *spread(struct tape *t, var *a, int lanes);            /* rows×1 → rows×lanes, every lane the same; gradient summed */
var *sum_rows(struct tape *t, var *a);                     /* rows×L → 1×L */
var *sum_steps(struct tape *t, var *a, int steps);         /* rows×(T·B) → rows×B, summed over steps */

/* ---- elementwise (elementwise.c; mathematics in vector_math.c) ---- */
var *add(struct tape *t, var *a, var *b);
var *sub(struct tape *t, var *a, var *b);
var *mul(struct tape *t, var *a, var *b);
var *scale(struct tape *t, var *a, double s);
var *shift(struct tape *t, var *a, double c);
var *mul_lanes(struct tape *t, var *a, var *w); /* w 1×L: every row of a times w */
var *add_rows(struct tape *t, var *a, var *b);  /* b rows×1 added to every lane */
var *mul_rows(struct tape *t, var *a, var *b);  /* b rows×1 times every lane */
var *v_exp(struct tape *t, var *a);
var *v_log(struct tape *t, var *a);
var *v_tanh(struct tape *t, var *a);
var *v_sigmoid(struct tape *t, var *a);
var *v_square(struct tape *t, var *a);
var *v_sqrt(struct tape *t, var *a);
var *v_inverse(struct tape *t, var *a); /* 1/a */
var *softmax(struct tape *t, var *a);   /* over rows, lane by lane, the largest subtracted first */

/* ---- layers (dense.c) ---- */
enum activation { ACT_NONE, ACT_TANH, ACT_RELU, ACT_SIGMOID };
/* Before the first product of matrices: products take one thread each (chunks run side by side), and OpenBLAS gets the memory that it works
 * in; where that is not to be had it would ask for ever, so then this aborts as xmalloc does. */
void blas_start(void);
/* act(W x + b): W n×k, x k×L, b n×1 or NULL. One GEMM forward, two backward. */
var *dense(struct tape *t, var *W, var *b, var *x, enum activation act);
var *matmul(struct tape *t, var *W, var *x); /* W x, no bias */

/* For whoever adds a layer (activation.c; row_sum in accumulate.c). In place: y = act(y + bias); g = g · act'(y), from the output y. */
void activation_apply(int n, real *y, real bias, enum activation act);
void activation_undo(int n, const real *y, real *g, enum activation act);
real row_sum(int n, const real *x); /* Σ x[l], in an order that depends on n alone */

/* ---- small matrices across lanes (smallmat.c, cholesky.c): every scalar of the formula is a vector of lanes ---- */
var *mat_vec(struct tape *t, var *A, var *x);                         /* A (n·k)×L, x k×L → n×L */
var *mat_mul(struct tape *t, var *A, var *B, int n, int k, int m);    /* A n×k, B k×m → n×m */
var *mat_mul_nt(struct tape *t, var *A, var *B, int n, int k, int m); /* A n×k, B m×k → A Bᵀ n×m */
var *mat_mul_tn(struct tape *t, var *A, var *B, int n, int k, int m); /* A k×n, B k×m → Aᵀ B n×m */
var *sandwich(struct tape *t, var *A, var *P, int n, int k);          /* A n×k, P k×k symmetric → A P Aᵀ n×n, symmetric to the bit */
var *sandwich_diag(struct tape *t, var *A, var *d, int n, int k);     /* A diag(d) Aᵀ, d k×L or k×1 (the same for every lane) */
var *add_diag(struct tape *t, var *P, var *d, int n);                 /* P + diag(d), d n×L or n×1 */
var *diag_of(struct tape *t, var *P, int n);                          /* n×L */
var *diag_matrix(struct tape *t, var *d);                             /* d n×L → (n·n)×L */
var *block_of(struct tape *t, var *A, int n, int m, int r0, int c0, int nr, int nc); /* block of an n×m matrix, copied */
var *identity_minus(struct tape *t, var *A, int n);                                  /* I − A */
/* Lower factor L of P = L Lᵀ, zeros above. P is read from its lower triangle; its gradient comes back symmetric. A lane that has no
 * factor gets NaN, and tape_failed_lane tells. */
var *chol(struct tape *t, var *P, int n);
var *tri_solve(struct tape *t, var *L, var *B, int n, int m);       /* L⁻¹ B, B n×m */
var *spd_solve_right(struct tape *t, var *B, var *L, int m, int n); /* B (L Lᵀ)⁻¹, B m×n: a gain */
var *log_det(struct tape *t, var *L, int n);                        /* 2 Σ log L_ii → 1×L: ln|L Lᵀ| */
int tape_failed_lane(const struct tape *t);                         /* first lane for which chol failed since tape_begin, or -1 */

/* ---- plain vector mathematics, no tape (vector_math.c; the one file compiled with relaxed flags) ---- */
void vm_exp(int n, const real *x, real *y);
void vm_log(int n, const real *x, real *y);
void vm_tanh(int n, const real *x, real *y);
void vm_sigmoid(int n, const real *x, real *y);

#endif
