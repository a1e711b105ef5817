/* The tape: parameters and groups, lazy gradients, views, what is noted and what is not. */
#include "values.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two parameters of one number each: "a" (θ) and "b" (φ). */
static struct params two_parameters(void)
{
    struct params p;
    params_init(&p);
    params_add(&p, "a", 1, 1, GROUP_THETA, 1);
    params_add(&p, "b", 1, 1, GROUP_PHI, 1);
    p.value[0] = 3;
    p.value[1] = 5;
    return p;
}

static void parameters_collect_in_the_callers_vector(void **state)
{
    (void)state;
    struct params p = two_parameters();
    real gradient[2] = {99, 99};
    struct tape *t = tape_new();
    tape_begin(t, &p, gradient, GROUP_ALL);
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    var *a = param(t, 0), *b = param(t, 1);
    assert_ptr_equal(a, param(t, 0)); /* one var an index */
    assert_ptr_equal(a->v, p.value);
    assert_ptr_equal(a->g, gradient);
    var *y = mul(t, mul(t, a, b), b); /* a b² */
    var_seed(y, NULL, 2);
    tape_backward(t);
    assert_near((double)gradient[0], 2 * 25);
    assert_near((double)gradient[1], 2 * 2 * 3 * 5);
    tape_backward(t); /* all is undone already */
    assert_near((double)gradient[0], 2 * 25);
    tape_begin(t, &p, gradient, GROUP_ALL); /* nothing is left of the last time */
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    tape_backward(t);
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    tape_free(t);
    params_free(&p);
}

static void frozen_groups_are_constants(void **state)
{
    (void)state;
    struct params p = two_parameters();
    real gradient[2] = {99, 98};
    struct tape *t = tape_new();
    tape_begin(t, &p, gradient, GROUP_PHI | GROUP_PSI);
    assert_true(gradient[0] == 99 && gradient[1] == 0); /* what does not move is not touched */
    var *a = param(t, 0), *b = param(t, 1);
    assert_false(a->needs);
    assert_true(b->needs);
    assert_false(v_exp(t, a)->needs);
    var *y = mul(t, a, b);
    var_seed(y, NULL, 1);
    tape_backward(t);
    assert_true(gradient[0] == 99);
    assert_near((double)gradient[1], 3);
    tape_free(t);
    params_free(&p);
}

static void without_gradient_nothing_is_noted(void **state)
{
    (void)state;
    struct params p = two_parameters();
    struct tape *t = tape_new();
    real values[2] = {1, 2};
    tape_begin(t, &p, NULL, GROUP_ALL);
    assert_false(param(t, 0)->needs);
    var *a = leaf(t, 1, 2, values), *y = v_square(t, a);
    assert_false(a->needs || y->needs);
    assert_null(y->g);
    assert_null(var_gradient(y));
    assert_null(var_arrived(y));
    var_seed(y, NULL, 1); /* allowed, does nothing */
    tape_backward(t);
    assert_near(number(y, 0, 1), 4);
    tape_free(t);
    params_free(&p);
}

static void a_gradient_is_cleared_when_first_written(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = normal_leaf(t, 2, 3, 0, false);
    assert_null(var_arrived(a));
    for (int i = 0; i < 6; i++)
        a->g[i] = 77; /* rubbish, as after a reset */
    real *g = var_gradient(a);
    assert_ptr_equal(g, a->g);
    assert_ptr_equal(var_arrived(a), a->g);
    for (int i = 0; i < 6; i++)
        assert_true(g[i] == 0);
    g[4] = 5;
    assert_true(var_gradient(a)[4] == 5); /* and not again */
    assert_false(var_gradient_first(a));
    var *b = normal_leaf(t, 2, 3, 0, false);
    b->g[0] = 77;
    assert_true(var_gradient_first(b)); /* to be assigned: not cleared */
    assert_true(b->g[0] == 77);
    assert_non_null(var_arrived(b));
    assert_false(var_gradient_first(b));
    tape_free(t);
}

static void views_share_memory_and_the_whole(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = normal_leaf(t, 4, 6, 0, false);
    var *rows = rows_of(t, a, 1, 2), *part = lanes_of(t, rows, 2, 3), *again = rows_of(t, part, 1, 1);
    assert_ptr_equal(rows->whole, a);
    assert_ptr_equal(part->whole, a);
    assert_ptr_equal(again->whole, a);
    assert_ptr_equal(again->v, a->v + 2 * 6 + 2);
    assert_ptr_equal(again->g, a->g + 2 * 6 + 2);
    assert_int_equal(again->ld, 6);
    for (int i = 0; i < 24; i++)
        a->g[i] = 77;
    assert_false(var_gradient_first(again)); /* a view's gradient is never assigned */
    assert_null(var_arrived(part));
    real *g = var_gradient(again);
    assert_ptr_equal(g, again->g);
    for (int i = 0; i < 24; i++)
        assert_true(a->g[i] == 0); /* the whole is clear */
    assert_true(a->touched);
    assert_non_null(var_arrived(part));
    assert_false(var_gradient_first(a));
    tape_free(t);
}

static void views_of_the_undifferentiated_have_no_gradient(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = filled(t, 3, 4, 1), *view = lanes_of(t, a, 1, 2);
    assert_false(view->needs);
    assert_null(view->g);
    tape_free(t);
}

/* ---- an operation that counts how often it is undone with and without a gradient ---- */

struct counting {
    var *out;
};
static int undone, arrived;

static void undo_counting(struct tape *t, void *note)
{
    (void)t;
    struct counting *c = note;
    undone++;
    arrived += var_arrived(c->out) != NULL;
}

static var *counting(struct tape *t, var *a, void **note)
{
    var *out = op_new(t, a->rows, a->lanes, (const var *const[]){a, NULL}, 2, undo_counting, sizeof(struct counting), note);
    if (*note)
        ((struct counting *)*note)->out = out;
    return out;
}

static void notes_are_undone_in_reverse_and_know_what_arrived(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    void *note;
    undone = arrived = 0;
    var *a = normal_leaf(t, 2, 3, 0, false);
    var *used = counting(t, a, &note), *unused = counting(t, a, &note);
    assert_non_null(note);
    v_exp(t, v_tanh(t, unused)); /* leads nowhere: no gradient comes back through it */
    var *y = v_square(t, used);
    counting(t, filled(t, 1, 1, 0), &note);
    assert_null(note); /* no input has a gradient */
    var_seed(y, NULL, 1);
    tape_backward(t);
    assert_int_equal(undone, 2);
    assert_int_equal(arrived, 1);
    assert_null(var_arrived(unused));
    assert_null(var_arrived(a)); /* counting passes nothing on */
    tape_free(t);
}

static void seeds_weigh_lanes(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = normal_leaf(t, 2, 3, 0, true), *b = normal_leaf(t, 2, 3, 1, false);
    real weights[3] = {1, 2, 3};
    var_seed(a, weights, 2);
    var_seed(a, NULL, 10);
    var_seed(b, weights, 1);
    for (int i = 0; i < 2; i++)
        for (int l = 0; l < 3; l++) {
            assert_near(slope_number(a, i, l), 2 * (l + 1) + 10);
            assert_near(slope_number(b, i, l), l + 1);
        }
    tape_free(t);
}

static void scratch_is_aligned_and_values_are_apart(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int i = 0; i < 2000; i++) { /* more than one block of the arena */
        var *a = filled(t, 37, 41, i), *b = leaf(t, 37, 41, a->v);
        assert_int_equal((uintptr_t)a->v % 64, 0);
        assert_int_equal((uintptr_t)b->g % 64, 0);
        assert_true(b->g >= b->v + 37 * 41 || b->v >= b->g + 37 * 41);
        assert_near(number(b, 36, 40), i);
    }
    assert_int_equal((uintptr_t)tape_alloc(t, 3) % 64, 0);
    tape_free(t);
    tape_free(NULL);
}

/* What a child that makes a mistake in its shapes says before it aborts. */
static void assert_bug(void (*mistake)(struct tape *t), const char *const says[], int n)
{
    int ends[2], status;
    char text[512];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        mistake(fresh_tape());
        _exit(0);
    }
    close(ends[1]);
    FILE *heard = fdopen(ends[0], "r");
    text[fread(text, 1, sizeof text - 1, heard)] = '\0';
    fclose(heard);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    for (int i = 0; i < n; i++)
        if (!strstr(text, says[i]))
            fail_msg("%s is not in: %s", says[i], text);
}

static void add_unequal(struct tape *t)
{
    add(t, filled(t, 2, 3, 0), filled(t, 4, 5, 0));
}
static void dense_unequal(struct tape *t)
{
    dense(t, filled(t, 2, 3, 0), NULL, filled(t, 4, 5, 0), ACT_NONE);
}

static void a_wrong_shape_names_operation_and_shapes(void **state)
{
    (void)state;
    assert_bug(add_unequal, (const char *const[]){"add", "2×3", "4×5"}, 3);
    assert_bug(dense_unequal, (const char *const[]){"dense", "2×3", "4×5"}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_collect_in_the_callers_vector),
        cmocka_unit_test(frozen_groups_are_constants),
        cmocka_unit_test(without_gradient_nothing_is_noted),
        cmocka_unit_test(a_gradient_is_cleared_when_first_written),
        cmocka_unit_test(views_share_memory_and_the_whole),
        cmocka_unit_test(views_of_the_undifferentiated_have_no_gradient),
        cmocka_unit_test(notes_are_undone_in_reverse_and_know_what_arrived),
        cmocka_unit_test(seeds_weigh_lanes),
        cmocka_unit_test(scratch_is_aligned_and_values_are_apart),
        cmocka_unit_test(a_wrong_shape_names_operation_and_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
