/* Every operation of grad.h against finite differences, in double: one row of a table an operation (ops_check.h has the
 * loop over sizes, lanes and ways to hold the inputs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ops_check.h"

/* ---- input shapes ---- */

static void same_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, ANY};
}
static void positive_one(struct size s, struct input in[])
{
    in[0] = (struct input){s.n, s.lanes, POSITIVE};
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

/* clang-format off */

#define BUILD(name) static var *build_##name(struct tape *t, struct size s, var *const x[MAX_INPUTS])
#define UNUSED_SIZE (void)s

BUILD(rows_of) { return rows_of(t, x[0], s.n / 2, s.n - s.n / 2); }
BUILD(lanes_of) { return lanes_of(t, x[0], s.lanes / 2, s.lanes - s.lanes / 2); }
BUILD(step_of) { return step_of(t, x[0], 1, s.lanes); }
BUILD(view_of_view) { return rows_of(t, lanes_of(t, rows_of(t, x[0], s.n / 2, s.n - s.n / 2), s.lanes, s.lanes), 0, 1); }
BUILD(stack_rows) { UNUSED_SIZE; return stack_rows(t, 3, x); }
BUILD(stack_lanes) { UNUSED_SIZE; return stack_lanes(t, 3, x); }
BUILD(spread) { return spread(t, x[0], s.lanes); }
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
BUILD(v_square) { UNUSED_SIZE; return v_square(t, x[0]); }
BUILD(v_sqrt) { UNUSED_SIZE; return v_sqrt(t, x[0]); }
BUILD(v_inverse) { UNUSED_SIZE; return v_inverse(t, x[0]); }
BUILD(softmax) { UNUSED_SIZE; return softmax(t, x[0]); }
BUILD(dense_none) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_NONE); }
BUILD(dense_tanh) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_TANH); }
BUILD(dense_relu) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_RELU); }
BUILD(dense_sigmoid) { UNUSED_SIZE; return dense(t, x[0], x[2], x[1], ACT_SIGMOID); }
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

/* clang-format on */

/* A row is named after its operation; a word behind a blank tells rows of one operation apart. */
static const struct row table[] = {
    {"rows_of", same_one, build_rows_of},
    {"lanes_of", same_one, build_lanes_of},
    {"step_of", steps_one, build_step_of},
    {"rows_of view-of-view", steps_one, build_view_of_view},
    {"stack_rows", uneven_rows, build_stack_rows},
    {"stack_lanes", uneven_lanes, build_stack_lanes},
    {"spread", column_one, build_spread},
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
    {"v_square", same_one, build_v_square},
    {"v_sqrt", positive_one, build_v_sqrt},
    {"v_inverse", positive_one, build_v_inverse},
    {"softmax", same_one, build_softmax},
    {"dense", layer, build_dense_none},
    {"dense tanh", layer, build_dense_tanh},
    {"dense relu", layer, build_dense_relu},
    {"dense sigmoid", layer, build_dense_sigmoid},
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

static void every_gradient_is_right(void **state)
{
    (void)state;
    int failed = 0;
    for (int i = 0; i < ROWS; i++)
        failed += !(worst_of_row(&table[i], true) < 1e-6);
    assert_int_equal(failed, 0);
}

/* ---- the check itself must be able to fail ---- */

struct faulty {
    var *out, *a;
};

static var *faulty_new(struct tape *t, var *a, op_backward undo)
{
    void *note;
    var *out = op_new(t, a->rows, a->lanes, (const var *const[]){a}, 1, undo, sizeof(struct faulty), &note);
    if (note)
        *(struct faulty *)note = (struct faulty){out, a};
    for (int r = 0; r < a->rows; r++)
        for (int l = 0; l < a->lanes; l++)
            out->v[r * out->ld + l] = 2 * a->v[r * a->ld + l];
    return out;
}

/* Undoes 2 a with a factor, adding or assigning, with the right distance between rows or with the number of lanes. */
static void undo_faulty(void *note, double factor, bool assigns, bool ignores_ld)
{
    struct faulty *f = note;
    const real *g = var_arrived(f->out);
    real *to = var_gradient(f->a);
    for (int r = 0; g && r < f->a->rows; r++)
        for (int l = 0; l < f->a->lanes; l++) {
            real *one = to + r * (ignores_ld ? f->a->lanes : f->a->ld) + l;
            *one = (assigns ? 0 : *one) + factor * g[r * f->out->ld + l];
        }
}
static void undo_right(struct tape *t, void *note)
{
    (void)t;
    undo_faulty(note, 2, false, false);
}
static void undo_wrong_sign(struct tape *t, void *note)
{
    (void)t;
    undo_faulty(note, -2, false, false);
}
static void undo_assigning(struct tape *t, void *note)
{
    (void)t;
    undo_faulty(note, 2, true, false);
}
static void undo_ignoring_ld(struct tape *t, void *note)
{
    (void)t;
    undo_faulty(note, 2, false, true);
}
static var *build_right(struct tape *t, struct size s, var *const x[MAX_INPUTS])
{
    (void)s;
    return faulty_new(t, x[0], undo_right);
}
static var *build_wrong_sign(struct tape *t, struct size s, var *const x[MAX_INPUTS])
{
    (void)s;
    return faulty_new(t, x[0], undo_wrong_sign);
}
static var *build_assigning(struct tape *t, struct size s, var *const x[MAX_INPUTS])
{
    (void)s;
    return faulty_new(t, x[0], undo_assigning);
}
static var *build_ignoring_ld(struct tape *t, struct size s, var *const x[MAX_INPUTS])
{
    (void)s;
    return faulty_new(t, x[0], undo_ignoring_ld);
}

static void faults_are_caught(void **state)
{
    (void)state;
    assert_true(worst_of_row(&(struct row){"right", same_one, build_right}, true) < 1e-6);
    assert_true(worst_of_row(&(struct row){"wrong sign", same_one, build_wrong_sign}, false) > 0.1);
    assert_true(worst_of_row(&(struct row){"assigns", same_one, build_assigning}, false) > 0.1);
    assert_true(worst_of_row(&(struct row){"ignores ld", same_one, build_ignoring_ld}, false) > 0.1);
}

/* ---- every operation that grad.h declares has a row ---- */

/* Functions that return a var without being operations on vars. */
static const char *const makers[] = {"param", "constant", "filled", "leaf", "op_new"};

static bool has_row(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strcmp(makers[i], name) == 0)
            return true;
    for (int i = 0; i < ROWS; i++)
        if (strncmp(table[i].name, name, n) == 0 && (table[i].name[n] == '\0' || table[i].name[n] == ' '))
            return true;
    return false;
}

/* The header, found from this file's place. */
static FILE *open_header(void)
{
    const char *here = __FILE__, *tests = strstr(here, "tests/unit/");
    char path[4096];
    snprintf(path, sizeof path, "%.*slib/grad/grad.h", tests ? (int)(tests - here) : 0, here);
    return fopen(path, "r");
}

static void every_operation_has_a_row(void **state)
{
    (void)state;
    FILE *header = open_header();
    assert_non_null(header);
    char line[1024], name[64];
    int found = 0, missing = 0;
    while (fgets(line, sizeof line, header)) {
        if (sscanf(line, "var *%63[a-z_](struct tape *t", name) != 1)
            continue;
        found++;
        if (!has_row(name)) {
            missing++;
            print_error("%s has no row in the table\n", name);
        }
    }
    fclose(header);
    assert_true(found > 40); /* the header was understood */
    assert_int_equal(missing, 0);
    assert_false(has_row("dens")); /* names are compared whole */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_right),
        cmocka_unit_test(faults_are_caught),
        cmocka_unit_test(every_operation_has_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
