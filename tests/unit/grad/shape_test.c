/* Shapes: where every number of a view or a copy comes from. */
#include "values.h"

static void views_read_their_part(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = normal_leaf(t, 5, 12, 0, false);
    var *rows = rows_of(t, a, 2, 3), *lanes = lanes_of(t, a, 4, 5), *step = step_of(t, a, 2, 4);
    assert_int_equal(rows->rows, 3);
    assert_int_equal(lanes->lanes, 5);
    assert_int_equal(step->lanes, 4);
    for (int i = 0; i < 3; i++)
        for (int l = 0; l < 4; l++) {
            assert_true(number(rows, i, l) == number(a, i + 2, l));
            assert_true(number(lanes, i, l) == number(a, i, l + 4));
            assert_true(number(step, i, l) == number(a, i, l + 8));
        }
    tape_free(t);
}

static void stacks_copy_in_order(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int view = 0; view < 2; view++) {
        var *a = normal_leaf(t, 2, 5, 0, view), *b = normal_leaf(t, 3, 5, 1, view), *c = normal_leaf(t, 2, 4, 2, view);
        var *rows = stack_rows(t, 3, (var *const[]){a, b, a}), *lanes = stack_lanes(t, 3, (var *const[]){a, c, a});
        assert_int_equal(rows->rows, 7);
        assert_int_equal(lanes->lanes, 14);
        for (int l = 0; l < 5; l++) {
            assert_true(number(rows, 1, l) == number(a, 1, l));
            assert_true(number(rows, 4, l) == number(b, 2, l));
            assert_true(number(rows, 5, l) == number(a, 0, l));
            assert_true(number(lanes, 1, l) == number(a, 1, l));
            assert_true(number(lanes, 1, l + 9) == number(a, 1, l));
        }
        for (int l = 0; l < 4; l++)
            assert_true(number(lanes, 0, l + 5) == number(c, 0, l));
    }
    tape_free(t);
}

static void repetitions_and_sums(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    for (int view = 0; view < 2; view++) {
        var *column = normal_leaf(t, 3, 1, 0, view), *a = normal_leaf(t, 3, 6, 1, view);
        var *wide = spread(t, column, 7), *rows = sum_rows(t, a), *steps = sum_steps(t, a, 3);
        assert_int_equal(rows->rows, 1);
        assert_int_equal(steps->lanes, 2);
        for (int i = 0; i < 3; i++) {
            for (int l = 0; l < 7; l++)
                assert_true(number(wide, i, l) == number(column, i, 0));
            for (int l = 0; l < 2; l++)
                assert_near(number(steps, i, l), number(a, i, l) + number(a, i, l + 2) + number(a, i, l + 4));
        }
        for (int l = 0; l < 6; l++)
            assert_near(number(rows, 0, l), number(a, 0, l) + number(a, 1, l) + number(a, 2, l));
    }
    tape_free(t);
}

/* Steps cut from a value, worked on and put together again: the gradient of every step arrives at its own lanes only. */
static void gradients_go_to_the_lanes_they_came_from(void **state)
{
    (void)state;
    struct tape *t = fresh_tape();
    var *a = normal_leaf(t, 2, 6, 0, false);
    var *y = stack_lanes(t, 2, (var *const[]){scale(t, step_of(t, a, 2, 2), 3), step_of(t, a, 0, 2)});
    var_seed(y, (const real[]){1, 2, 10, 20}, 1);
    tape_backward(t);
    const double expected[6] = {10, 20, 0, 0, 3, 6};
    for (int i = 0; i < 2; i++)
        for (int l = 0; l < 6; l++)
            assert_near(slope_number(a, i, l), expected[l]);
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_read_their_part),
        cmocka_unit_test(stacks_copy_in_order),
        cmocka_unit_test(repetitions_and_sums),
        cmocka_unit_test(gradients_go_to_the_lanes_they_came_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
