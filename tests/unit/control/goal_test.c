/* Goals: means of what the model makes of frames and sequences, rewards by hand, refusals. */
#include "small.h"

/* The mean over seen frames alone of encodings one by one. */
static void position_is_the_mean_of_encodings(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct goal g;
    struct error e;
    double sum[2] = {0, 0};
    int frames = 0;
    fixture_mask(&s.d.record[1], "01110");
    assert_int_equal(goal_position(&g, s.m, &s.d, "t", &e), DSSM_OK);
    struct tape *t = tape_new();
    for (int i = 0; i < s.d.n; i++) {
        const struct array *x = record_get(&s.d.record[i], "x");
        for (size_t step = 0; step < x->shape[0]; step++) {
            real frame[SMALL_DX];
            if (i == 1 && (step == 0 || step == 4))
                continue;
            for (size_t k = 0; k < SMALL_DX; k++)
                frame[k] = (real)array_get(x, step * SMALL_DX + k);
            tape_begin(t, &s.m->params, NULL, 0);
            const var *a = s.m->kind->encode(s.m, t, leaf(t, SMALL_DX, 1, frame));
            for (int k = 0; k < 2; k++)
                sum[k] += (double)a->v[k * a->ld];
            frames++;
        }
    }
    tape_free(t);
    assert_string_equal(g.kind, "position");
    assert_true(g.from == 0 && g.n == 2 && !g.any);
    struct goal each[SMALL_N];
    double weighted[2] = {0, 0};
    assert_int_equal(goal_positions(each, s.m, &s.d, "t", &e), DSSM_OK);
    for (int i = 0; i < SMALL_N; i++)
        for (int k = 0; k < 2; k++)
            weighted[k] += each[i].value[k] * (double)record_seen(&s.d.record[i]);
    for (int k = 0; k < 2; k++)
        assert_true(fabs(weighted[k] - sum[k]) < 1e-4);
    for (int k = 0; k < 2; k++)
        assert_true(fabs(g.value[k] - sum[k] / frames) < 1e-5);
    small_close(&s);
}

static void velocity_is_the_mean_of_smoothed_states(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct goal g;
    struct error e;
    struct beliefs z[SMALL_N];
    double sum = 0, steps = 0;
    assert_int_equal(goal_velocity(&g, s.m, &s.d, "t", s.pool, &e), DSSM_OK);
    beliefs_infer(s.m, s.d.record, s.d.n, 0, INFER_SMOOTHED, NULL, s.pool, z);
    for (int i = 0; i < SMALL_N; i++) {
        for (size_t t = 0; t < z[i].mean.shape[0]; t++, steps++)
            sum += array_get(&z[i].mean, 3 * t + 2);
        beliefs_free(&z[i]);
    }
    assert_string_equal(g.kind, "velocity");
    assert_true(g.from == 2 && g.n == 1);
    assert_true(fabs(g.value[0] - sum / steps) < 1e-6);
    json_t *told = goal_json(&g);
    assert_int_equal(json_integer_value(json_object_get(told, "from")), 2);
    assert_true(json_real_value(json_array_get(json_object_get(told, "value"), 0)) == g.value[0]);
    json_decref(told);
    small_close(&s);
}

static void reward_is_the_negative_square(void **state)
{
    (void)state;
    static const real z[] = {9, 9, 1, 2, 3, -1}; /* 3×2: rows z0, z1, z2 */
    struct goal g = {.kind = "velocity", .from = 1, .n = 2, .value = {0.5, -1}};
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    const var *r = goal_reward(t, &g, leaf(t, 3, 2, z), NULL);
    assert_true(r->rows == 1 && r->lanes == 2);
    assert_true(r->v[0] == (real) - (0.25 + 16) && r->v[1] == (real)-2.25);
    g.width = 2;
    r = goal_reward(t, &g, leaf(t, 3, 2, z), NULL);
    for (int l = 0; l < 2; l++)
        assert_true(fabs((double)r->v[l] - 8 * (exp((l ? -2.25 : -16.25) / 8) - 1)) < 1e-5);
    g.width = 0;
    g.spread[0] = 0.5;
    g.spread[1] = 4;
    r = goal_reward(t, &g, leaf(t, 3, 2, z), NULL);
    assert_true(r->v[0] == -2 && r->v[1] == -9);
    json_t *all = goal_json(&g);
    assert_true(json_real_value(json_array_get(json_object_get(all, "spread"), 1)) == 4);
    json_decref(all);
    tape_free(t);
}

/* Each lane by its own goal, as if it were the goal of all. */
static void reward_for_any_goal(void **state)
{
    (void)state;
    static const real z[] = {9, 8, 1, 2, 3, -1}, told[] = {0.5, 2, -1, 4}; /* 3×2 and 2×2 */
    struct goal any = {.kind = "position", .from = 0, .n = 2, .any = true, .width = 3};
    struct tape *t = tape_new();
    tape_begin(t, NULL, NULL, 0);
    const var *r = goal_reward(t, &any, leaf(t, 3, 2, z), leaf(t, 2, 2, told));
    for (int l = 0; l < 2; l++) {
        struct goal one = {.kind = "position", .n = 2, .value = {(double)told[l], (double)told[2 + l]}, .width = 3};
        assert_true(fabs((double)(r->v[l] - goal_reward(t, &one, leaf(t, 3, 2, z), NULL)->v[l])) < 1e-5);
    }
    tape_free(t);
    json_t *json = goal_json(&any);
    assert_true(json_is_true(json_object_get(json, "any")) && json_integer_value(json_object_get(json, "n")) == 2);
    json_decref(json);
}

static void refusals(void **state)
{
    (void)state;
    struct small s = small_open("ekvae"), other = small_open("dks");
    struct goal g;
    struct error e;
    assert_int_equal(goal_position(&g, other.m, &other.d, "t", &e), DSSM_USAGE);
    assert_string_equal(e.text, "a goal needs a model whose state is divided into position and velocity (ekvae), got one of kind dks");
    struct dataset wide = fixture_dataset(1, 2, 3, SMALL_DX + 1, SMALL_DU);
    assert_int_equal(goal_position(&g, s.m, &wide, "t", &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "t: field x: the model expects 4 numbers a step, got 5");
    struct dataset free_running = fixture_dataset(1, 2, 3, SMALL_DX, 0);
    assert_int_equal(goal_velocity(&g, s.m, &free_running, "t", s.pool, &e), DSSM_BAD_INPUT);
    assert_int_equal(goal_position(&g, s.m, &free_running, "t", &e), DSSM_OK); /* a picture needs no control */
    fixture_mask(&free_running.record[0], "000");
    assert_int_equal(goal_position(&g, s.m, &free_running, "t", &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "t: field x: expected an observed frame of the goal, got none");
    dataset_free(&wide);
    dataset_free(&free_running);
    small_close(&s);
    small_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_is_the_mean_of_encodings),
        cmocka_unit_test(velocity_is_the_mean_of_smoothed_states),
        cmocka_unit_test(reward_is_the_negative_square),
        cmocka_unit_test(reward_for_any_goal),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
