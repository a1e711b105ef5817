/* Every operation of grad.h against finite differences, in double: one row of a table an operation, one
 * loop over sizes, lanes and ways to hold the inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grad/grad.h"

enum { MAX_INPUTS = 3 };

/* What a row's input is drawn from. */
enum kind { ANY, POSITIVE, AWAY_FROM_ZERO, LOWER /* triangular factors, diagonal above ½ */ };

struct size {
    int n, k, m, lanes;
};
struct input {
    int rows, lanes; /* 0 rows: there is none */
    enum kind kind;
};
struct row {
    const char *name;
    void (*inputs)(struct size s, struct input in[MAX_INPUTS]);
    var *(*build)(struct tape *t, struct size s, var *const x[MAX_INPUTS]);
};

/* ---- input shapes ---- */

static void same_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, ANY};
}
static void positive_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, POSITIVE};
}
static void kinked_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, AWAY_FROM_ZERO};
}
static void column_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, 1, ANY};
}
static void steps_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, 3 * s.lanes, ANY};
}
static void same_two(struct size s, struct input in[])
{
    same_one(s, in);
    in[1] = in[0];
}
static void row_two(struct size s, struct input in[])
{
    same_one(s, in);
    in[1] = (struct input){1, s.lanes, ANY};
}
static void column_two(struct size s, struct input in[])
{
    same_one(s, in);
    in[1] = (struct input){s.n, 1, ANY};
}
static void uneven_rows(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, ANY};
    in[1] = (struct input){s.k, s.lanes, ANY};
    in[2] = (struct input){s.m, s.lanes, ANY};
}
static void uneven_lanes(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, ANY};
    in[1] = (struct input){s.n, s.k, ANY};
    in[2] = (struct input){s.n, s.m, ANY};
}
static void layer(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.k, ANY};
    in[1] = (struct input){s.k, s.lanes, ANY};
    in[2] = (struct input){s.n, 1, ANY};
}
static void matrix_vector(struct size s, struct input in[])
{
    in[0] = (struct input){s.n * s.k, s.lanes, ANY};
    in[1] = (struct input){s.k, s.lanes, ANY};
}
static void matrix_column(struct size s, struct input in[])
{
    in[0] = (struct input){s.n * s.k, s.lanes, ANY};
    in[1] = (struct input){s.k, 1, ANY};
}
static void two_matrices(struct size s, struct input in[])
{
    in[0] = (struct input){s.n * s.k, s.lanes, ANY};
    in[1] = (struct input){s.k * s.m, s.lanes, ANY};
}
static void matrix_square(struct size s, struct input in[])
{
    in[0] = (struct input){s.n * s.k, s.lanes, ANY};
    in[1] = (struct input){s.k * s.k, s.lanes, ANY};
}
static void square_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n * s.n, s.lanes, ANY};
}
static void square_diagonal(struct size s, struct input in[])
{
    square_one(s, in);
    in[1] = (struct input){s.n, s.lanes, ANY};
}
static void square_column(struct size s, struct input in[])
{
    square_one(s, in);
    in[1] = (struct input){s.n, 1, ANY};
}
static void rectangle(struct size s, struct input in[])
{
    in[0] = (struct input){(s.n + 1) * (s.m + 2), s.lanes, ANY};
}
static void factor_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n * s.n, s.lanes, LOWER};
}
static void factor_and_right_side(struct size s, struct input in[])
{
    factor_one(s, in);
    in[1] = (struct input){s.n * s.m, s.lanes, ANY};
}
static void factor_and_two(struct size s, struct input in[])
{
    factor_one(s, in);
    in[1] = (struct input){s.n * s.n, s.lanes, ANY};
}

/* ---- builders: the operation, with what it needs around it ---- */

#define BUILD(name) static var *build_##name(struct tape *t, struct size s, var *const x[MAX_INPUTS])
#define UNUSED_SIZE (void)s

BUILD(rows_of) { return rows_of(t, x[0], s.n / 2, s.n - s.n / 2); }
BUILD(lanes_of) { return lanes_of(t, x[0], s.lanes / 2, s.lanes - s.lanes / 2); }
BUILD(step_of) { return step_of(t, x[0], 1, s.lanes); }
BUILD(view_of_view) { return rows_of(t, lanes_of(t, rows_of(t, x[0], s.n / 2, s.n - s.n / 2), s.lanes, s.lanes), 0, 1); }
BUILD(stack_rows) { UNUSED_SIZE; return stack_rows(t, 3, x); }
BUILD(stack_lanes) { UNUSED_SIZE; return stack_lanes(t, 3, x); }
BUILD(spread) { return spread(t, x[0], s.lanes); }
BUILD(tile) { UNUSED_SIZE; return tile(t, x[0], 3); }
BUILD(sum_rows) { UNUSED_SIZE; return sum_rows(t, x[0]); }
BUILD(sum_steps) { UNUSED_SIZE; return sum_steps(t, x[0], 3); }
BUILD(add) { UNUSED_SIZE; return add(t, x[0], x[1]); }
BUILD(sub) { UNUSED_SIZE; return sub(t, x[0], x[1]); }
BUILD(mul) { UNUSED_SIZE; return mul(t, x[0], x[1]); }
BUILD(scale) { UNUSED_SIZE; return scale(t, x[0], -1.7); }
BUILD(shift) { UNUSED_SIZE; return v_square(t, shift(t, x[0], 0.3)); }
BUILD(mul_lanes) { UNUSED_SIZE; return mul_lanes(t, x[0], x[1]); }
BUILD(add_rows) { UNUSED_SIZE; return add_rows(t, x[0], x[1]); }
BUILD(mul_rows) { UNUSED_SIZE; return mul_rows(t, x[0], x[1]); }
BUILD(v_exp) { UNUSED_SIZE; return v_exp(t, x[0]); }
BUILD(v_log) { UNUSED_SIZE; return v_log(t, x[0]); }
BUILD(v_tanh) { UNUSED_SIZE; return v_tanh(t, x[0]); }
BUILD(v_sigmoid) { UNUSED_SIZE; return v_sigmoid(t, x[0]); }
BUILD(v_relu) { UNUSED_SIZE; return v_relu(t, x[0]); }
BUILD(v_softplus) { UNUSED_SIZE; return v_softplus(t, x[0]); }
BUILD(v_square) { UNUSED_SIZE; return v_square(t, x[0]); }
BUILD(v_sqrt) { UNUSED_SIZE; return v_sqrt(t, x[0]); }
BUILD(v_inverse) { UNUSED_SIZE; return v_inverse(t, x[0]); }
BUILD(softmax) { UNUSED_SIZE; return softmax(t, x[0]); }
BUILD(dense_none) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_NONE); }
BUILD(dense_tanh) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_TANH); }
BUILD(dense_relu) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_RELU); }
BUILD(dense_sigmoid) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_SIGMOID); }
BUILD(dense_softplus) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_SOFTPLUS); }
BUILD(dense_no_bias) { UNUSED_SIZE; return dense(t, v_exp(t, x[0]), NULL, x[1], ACT_TANH); }
BUILD(matmul) { UNUSED_SIZE; return matmul(t, x[0], x[1]); }
BUILD(mat_vec) { UNUSED_SIZE; return mat_vec(t, x[0], x[1]); }
BUILD(mat_mul) { return mat_mul(t, x[0], x[1], s.n, s.k, s.m); }
BUILD(mat_mul_nt) { return mat_mul_nt(t, x[0], x[1], s.n, s.k, s.m); }
BUILD(mat_mul_tn) { return mat_mul_tn(t, x[0], x[1], s.n, s.k, s.m); }
BUILD(sandwich) /* P = free square + its transpose */
{
    var *P = add(t, x[1], mat_mul_tn(t, x[1], diag_matrix(t, filled(t, s.k, s.lanes, 1)), s.k, s.k, s.k));
    return sandwich(t, x[0], P, s.n, s.k);
}
BUILD(sandwich_diag) { return sandwich_diag(t, x[0], x[1], s.n, s.k); }
BUILD(add_diag) { return add_diag(t, x[0], x[1], s.n); }
BUILD(diag_of) { return diag_of(t, x[0], s.n); }
BUILD(diag_matrix) { UNUSED_SIZE; return diag_matrix(t, x[0]); }
BUILD(block_of) { return block_of(t, x[0], s.n + 1, s.m + 2, 1, 1, s.n, s.m); }
BUILD(identity_minus) { return identity_minus(t, x[0], s.n); }
BUILD(chol) /* P = L Lᵀ + (x + xᵀ)/20, which stays positive definite: its smallest eigenvalue is far above the perturbation */
{
    var *one = diag_matrix(t, filled(t, s.n, s.lanes, 1));
    var *P = add_diag(t, mat_mul_nt(t, x[0], x[0], s.n, s.n, s.n), filled(t, s.n, 1, 1), s.n);
    var *free = scale(t, add(t, x[1], mat_mul_tn(t, x[1], one, s.n, s.n, s.n)), 0.05);
    return chol(t, add(t, P, free), s.n);
}
BUILD(tri_solve) { return tri_solve(t, x[0], x[1], s.n, s.m); }
BUILD(spd_solve_right) { return spd_solve_right(t, x[1], x[0], s.m, s.n); }
BUILD(log_det) { return log_det(t, x[0], s.n); }
BUILD(square_of_itself) { UNUSED_SIZE; return mul(t, x[0], x[0]); }
BUILD(matrix_by_itself) { return mat_mul_nt(t, x[0], x[0], s.n, s.n, s.n); }
BUILD(chained) { return add(t, v_tanh(t, x[0]), mul(t, add(t, x[0], x[1]), x[1])); UNUSED_SIZE; }

/* A row is named after its operation; a word behind a blank tells rows of one operation apart. */
static const struct row table[] = {
    {"rows_of", same_one, build_rows_of},
    {"lanes_of", same_one, build_lanes_of},
    {"step_of", steps_one, build_step_of},
    {"rows_of view-of-view", steps_one, build_view_of_view},
    {"stack_rows", uneven_rows, build_stack_rows},
    {"stack_lanes", uneven_lanes, build_stack_lanes},
    {"spread", column_one, build_spread},
    {"tile", same_one, build_tile},
    {"sum_rows", same_one, build_sum_rows},
    {"sum_steps", steps_one, build_sum_steps},
    {"add", same_two, build_add},
    {"sub", same_two, build_sub},
    {"mul", same_two, build_mul},
    {"scale", same_one, build_scale},
    {"shift", same_one, build_shift},
    {"mul_lanes", row_two, build_mul_lanes},
    {"add_rows", column_two, build_add_rows},
    {"mul_rows", column_two, build_mul_rows},
    {"v_exp", same_one, build_v_exp},
    {"v_log", positive_one, build_v_log},
    {"v_tanh", same_one, build_v_tanh},
    {"v_sigmoid", same_one, build_v_sigmoid},
    {"v_relu", kinked_one, build_v_relu},
    {"v_softplus", same_one, build_v_softplus},
    {"v_square", same_one, build_v_square},
    {"v_sqrt", positive_one, build_v_sqrt},
    {"v_inverse", positive_one, build_v_inverse},
    {"softmax", same_one, build_softmax},
    {"dense", layer, build_dense_none},
    {"dense tanh", layer, build_dense_tanh},
    {"dense relu", layer, build_dense_relu},
    {"dense sigmoid", layer, build_dense_sigmoid},
    {"dense softplus", layer, build_dense_softplus},
    {"dense no-bias", layer, build_dense_no_bias},
    {"matmul", layer, build_matmul},
    {"mat_vec", matrix_vector, build_mat_vec},
    {"mat_mul", two_matrices, build_mat_mul},
    {"mat_mul_nt", two_matrices, build_mat_mul_nt},
    {"mat_mul_tn", two_matrices, build_mat_mul_tn},
    {"sandwich", matrix_square, build_sandwich},
    {"sandwich_diag", matrix_vector, build_sandwich_diag},
    {"sandwich_diag shared", matrix_column, build_sandwich_diag},
    {"add_diag", square_diagonal, build_add_diag},
    {"add_diag shared", square_column, build_add_diag},
    {"diag_of", square_one, build_diag_of},
    {"diag_matrix", same_one, build_diag_matrix},
    {"block_of", rectangle, build_block_of},
    {"identity_minus", square_one, build_identity_minus},
    {"chol", factor_and_two, build_chol},
    {"tri_solve", factor_and_right_side, build_tri_solve},
    {"spd_solve_right", factor_and_right_side, build_spd_solve_right},
    {"log_det", factor_one, build_log_det},
    {"mul twice", same_one, build_square_of_itself},
    {"mat_mul_nt twice", square_one, build_matrix_by_itself},
    {"add used-again", same_two, build_chained},
};
enum { ROWS = sizeof table / sizeof *table };

/* ---- the check ---- */

/* How an input is held: a leaf; a view of a larger leaf, with ld > lanes; a value that an operation made. */
enum hold { AS_LEAF, AS_VIEW, AS_RESULT, HOLDS };

struct problem {
    const struct row *row;
    struct size size;
    enum hold hold;
    struct input in[MAX_INPUTS];
    double *value[MAX_INPUTS];
};

static double one_normal(uint32_t which, uint32_t step)
{
    double x;
    draw_normal((struct draw){.seed = 5, .purpose = 1, .sequence = which, .step = step}, 1, &x);
    return x;
}

static double drawn(struct input in, int row, int lane, uint32_t which)
{
    double x = one_normal(which, (uint32_t)(row * in.lanes + lane));
    int n = (int)lround(sqrt(in.rows)), i = row / n, j = row % n;
    switch (in.kind) {
    case POSITIVE:
        return 0.5 + fabs(x);
    case AWAY_FROM_ZERO:
        return x < 0 ? x - 0.1 : x + 0.1;
    case LOWER:
        return j > i ? 0 : i == j ? 0.7 + fabs(x) : 0.5 * x;
    default:
        return x;
    }
}

static void problem_open(struct problem *p, const struct row *row, struct size size, enum hold hold)
{
    *p = (struct problem){row, size, hold, {{0}}, {0}};
    row->inputs(size, p->in);
    for (int i = 0; i < MAX_INPUTS; i++) {
        struct input in = p->in[i];
        p->value[i] = xmalloc((size_t)(in.rows * in.lanes) * sizeof(double));
        for (int r = 0; r < in.rows; r++)
            for (int l = 0; l < in.lanes; l++)
                p->value[i][r * in.lanes + l] = drawn(in, r, l, (uint32_t)i);
    }
}

static void problem_close(struct problem *p)
{
    for (int i = 0; i < MAX_INPUTS; i++)
        free(p->value[i]);
}

/* The input in the way it is to be held; *source is the leaf, at whose (1,2) the value begins if it is a view. */
static var *hold_input(struct tape *t, struct input in, const double *value, enum hold hold, var **source)
{
    if (hold != AS_VIEW) {
        *source = leaf(t, in.rows, in.lanes, value);
        return hold == AS_LEAF ? *source : scale(t, *source, 1);
    }
    int rows = in.rows + 2, lanes = in.lanes + 3;
    double *large = xcalloc((size_t)(rows * lanes), sizeof *large);
    for (int r = 0; r < in.rows; r++)
        memcpy(large + (r + 1) * lanes + 2, value + r * in.lanes, (size_t)in.lanes * sizeof *large);
    *source = leaf(t, rows, lanes, large);
    free(large);
    return lanes_of(t, rows_of(t, *source, 1, in.rows), 2, in.lanes);
}

/* A fixed weight for every number of the output; every third counts nothing, so that outputs are partly used. */
static double weight(int i)
{
    return i % 3 == 2 ? 0 : cos(1 + 0.7 * i);
}

/* The sum of weighted outputs; if gradient is not NULL also its gradient, input by input. */
static double run(struct tape *t, const struct problem *p, double *const gradient[MAX_INPUTS])
{
    real dummy = 0;
    var *source[MAX_INPUTS] = {0}, *x[MAX_INPUTS] = {0};
    tape_begin(t, NULL, &dummy, GROUP_ALL);
    for (int i = 0; i < MAX_INPUTS; i++)
        if (p->in[i].rows)
            x[i] = hold_input(t, p->in[i], p->value[i], p->hold, &source[i]);
    var *y = p->row->build(t, p->size, x);
    double sum = 0;
    real *seed = var_gradient(y);
    for (int r = 0; r < y->rows; r++)
        for (int l = 0; l < y->lanes; l++) {
            double w = weight(r * y->lanes + l);
            seed[r * y->ld + l] += w;
            sum += w * y->v[r * y->ld + l];
        }
    if (!gradient)
        return sum;
    tape_backward(t);
    for (int i = 0; i < MAX_INPUTS; i++)
        for (int r = 0; x[i] && r < p->in[i].rows; r++)
            for (int l = 0; l < p->in[i].lanes; l++) {
                int at = p->hold == AS_VIEW ? (r + 1) * source[i]->ld + l + 2 : r * source[i]->ld + l;
                gradient[i][r * p->in[i].lanes + l] = var_arrived(source[i]) ? source[i]->g[at] : 0;
            }
    return sum;
}

/* d sum / d value by a five-point difference: error O(h⁴), and 1e-12/h of rounding. */
static double difference(struct tape *t, const struct problem *p, double *value)
{
    double h = 1e-3, kept = *value, f[4];
    for (int i = 0; i < 4; i++) {
        *value = kept + (double[]){-2, -1, 1, 2}[i] * h;
        f[i] = run(t, p, NULL);
    }
    *value = kept;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* The largest error over all entries of all inputs, relative to 1 + |difference|. */
static double worst_error(struct tape *t, struct problem *p)
{
    double *gradient[MAX_INPUTS], worst = 0;
    for (int i = 0; i < MAX_INPUTS; i++)
        gradient[i] = xcalloc((size_t)(p->in[i].rows * p->in[i].lanes), sizeof(double));
    run(t, p, gradient);
    for (int i = 0; i < MAX_INPUTS; i++)
        for (int e = 0; e < p->in[i].rows * p->in[i].lanes; e++) {
            double expected = difference(t, p, &p->value[i][e]);
            double error = fabs(gradient[i][e] - expected) / fmax(1, fabs(expected));
            if (!(error <= worst)) /* NaN too */
                worst = error;
        }
    for (int i = 0; i < MAX_INPUTS; i++)
        free(gradient[i]);
    return worst;
}

static const struct size sizes[] = {
    {1, 1, 1, 1}, {2, 2, 2, 1}, {3, 3, 3, 2}, {3, 2, 4, 5}, {2, 5, 1, 9}, {5, 3, 2, 17}, {4, 4, 4, 35},
};

static double worst_of_row(const struct row *row, bool say)
{
    struct tape *t = tape_new();
    double worst = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (enum hold hold = AS_LEAF; hold < HOLDS; hold++) {
            struct problem p;
            problem_open(&p, row, sizes[s], hold);
            double error = worst_error(t, &p);
            problem_close(&p);
            if (say && !(error < 1e-6))
                print_error("%s: n %d, k %d, m %d, %d lanes, hold %d: error %g\n", row->name, sizes[s].n, sizes[s].k, sizes[s].m,
                            sizes[s].lanes, hold, error);
            if (!(error <= worst))
                worst = error;
        }
    tape_free(t);
    return worst;
}

static void every_gradient_is_right(void **state)
{
    (void)state;
    int failed = 0;
    for (int i = 0; i < ROWS; i++)
        failed += !(worst_of_row(&table[i], true) < 1e-6);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
