/* Policies: bounded, near 0 at first, saved and loaded to the bit, and bound to their model. */
#include "small.h"

static void path_of(char path[64])
{
    snprintf(path, 64, "/tmp/dssm-policy-%ld.npz", (long)getpid());
    unlink(path);
}

/* u at the state z, on a tape of its own. */
static void act(const struct policy *p, const real *z, real noise, real *u)
{
    struct tape *t = tape_new();
    tape_begin(t, &p->params, NULL, 0);
    var *wobble = filled(t, p->du, 1, (double)noise);
    const var *out = policy_apply(t, p, 0, leaf(t, p->dz, 1, z), NULL, noise != 0 ? wobble : NULL);
    for (int i = 0; i < p->du; i++)
        u[i] = out->v[i];
    tape_free(t);
}

static void controls_are_bounded(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    real u[SMALL_DU], far[] = {1e6f, -1e6f, 1e6f}, zero[] = {0, 0, 0};
    act(s.p, far, 0, u);
    for (int i = 0; i < SMALL_DU; i++)
        assert_true(fabs((double)u[i]) <= 1.5 * (1 + 1e-6));
    s.p->s.noise = 1e3;
    act(s.p, zero, 1, u);
    assert_true(fabs((double)u[0] - 1.5) < 1e-5);
    act(s.p, zero, -1, u);
    assert_true(fabs((double)u[0] + 1.5) < 1e-5);
    struct policy_settings how = small_policy();
    struct policy *fresh = policy_new(&how, s.m, 0, 1, NULL);
    static const real near[] = {1, -1, 1};
    act(fresh, near, 0, u);
    assert_true(fabs((double)u[0]) < 0.5 && u[0] != 0);
    policy_free(fresh);
    small_close(&s);
}

static void saved_and_loaded(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    char path[64];
    struct error e;
    path_of(path);
    s.p->goal = goal_json(&s.g);
    s.p->s.noise = 0.25;
    json_array_append_new(s.p->history, json_pack("{s:s}", "program", "test"));
    assert_int_equal(policy_save(s.p, path, &e), DSSM_OK);
    struct policy *back = policy_load(path, s.m, &e);
    assert_non_null(back);
    assert_memory_equal(back->params.value, s.p->params.value, s.p->params.size * sizeof(real));
    assert_true(back->s.u_max == 1.5 && back->s.noise == 0.25 && back->s.hidden.n == 1 && back->s.hidden.v[0] == 5);
    assert_true(json_equal(back->goal, s.p->goal) && json_equal(back->history, s.p->history));
    policy_free(back);
    fixture_param(s.m, "decoder.0.weight")[0] += 1;
    assert_null(policy_load(path, s.m, &e));
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "the policy was learned in another model"));
    fixture_param(s.m, "decoder.0.weight")[0] -= 1;
    unlink(path);
    assert_null(policy_load(path, s.m, &e));
    assert_int_equal(e.code, DSSM_FAILURE);
    assert_int_equal(model_save(s.m, path, &e), DSSM_OK);
    assert_null(policy_load(path, s.m, &e));
    assert_non_null(strstr(e.text, "meta.json: format: expected \"dssm-policy\", got \"dssm-model\""));
    assert_null(model_load("/dev/null", &e));
    params_value(&s.p->params, 0)[0] = NAN;
    assert_int_equal(policy_save(s.p, path, &e), DSSM_OK);
    assert_null(policy_load(path, s.m, &e));
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    unlink(path);
    small_close(&s);
}

/* A policy that is told its goal: it comes back from its file, minds the goal, and is no start for one that is told none. */
static void told_its_goal(void **state)
{
    (void)state;
    struct small s;
    char path[64];
    struct error e;
    real u[2][SMALL_DU];
    static const real z[] = {0.1f, 0.2f, 0.3f}, goals[2][2] = {{0, 0}, {1, -1}};
    small_told = 2;
    s = small_open("ekvae");
    small_told = 0;
    path_of(path);
    for (int i = 0; i < 2; i++) /* centred as the numbers of z that it is wanted for */
        assert_true(params_value(&s.p->params, s.p->centre)[3 + i] == params_value(&s.p->params, s.p->centre)[i]);
    assert_int_equal(policy_save(s.p, path, &e), DSSM_OK);
    struct policy *back = policy_load(path, s.m, &e);
    assert_true(back && back->dg == 2);
    struct tape *t = tape_new();
    for (int k = 0; k < 2; k++) {
        tape_begin(t, &back->params, NULL, 0);
        const var *out = policy_apply(t, back, 0, leaf(t, 3, 1, z), leaf(t, 2, 1, goals[k]), NULL);
        memcpy(u[k], out->v, sizeof u[k]);
    }
    tape_free(t);
    assert_memory_not_equal(u[0], u[1], sizeof u[0]);
    struct policy_settings how = small_policy();
    struct policy *one = policy_new(&how, s.m, 0, 3, &e);
    assert_int_equal(policy_copy(one, back, &e), DSSM_USAGE);
    assert_string_equal(e.text, "it was learned for any goal, not for one");
    policy_free(one);
    policy_free(back);
    unlink(path);
    small_close(&s);
}

static void copied_or_of_another_shape(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct policy_settings how = small_policy();
    struct error e;
    struct policy *same = policy_new(&how, s.m, 0, 77, &e);
    how.hidden.v[0] = 6;
    struct policy *other = policy_new(&how, s.m, 0, 77, &e);
    assert_memory_not_equal(same->params.value, s.p->params.value, s.p->params.size * sizeof(real));
    assert_int_equal(policy_copy(same, s.p, &e), DSSM_OK);
    assert_memory_equal(same->params.value, s.p->params.value, s.p->params.size * sizeof(real));
    assert_int_equal(policy_copy(other, s.p, &e), DSSM_USAGE);
    policy_free(same);
    policy_free(other);
    small_close(&s);
}

static void impossible_ones(void **state)
{
    (void)state;
    struct model *free_running = fixture_model("ekvae", "{" FIXTURE_TINY "}", SMALL_DX, 0, 4);
    struct small s = small_open("ekvae");
    struct policy_settings how = small_policy();
    struct error e;
    assert_null(policy_new(&how, free_running, 0, 1, &e));
    assert_int_equal(e.code, DSSM_USAGE);
    how.hidden = (struct int_list){2, {60000, 60000}};
    assert_null(policy_new(&how, s.m, 0, 1, &e));
    assert_int_equal(e.code, DSSM_USAGE);
    policy_free(NULL);
    model_free(free_running);
    small_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_are_bounded),       cmocka_unit_test(saved_and_loaded), cmocka_unit_test(told_its_goal),
        cmocka_unit_test(copied_or_of_another_shape), cmocka_unit_test(impossible_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
