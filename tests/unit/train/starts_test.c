/* Positions: copied whole, and as numbers there and back; the seeds of several starts. */
#include "spy.h"

static struct position position_of(const struct params *p, double from)
{
    struct position a;
    position_init(&a, p);
    for (size_t i = 0; i < p->size; i++) {
        a.value[i] = (real)(from + (double)i);
        a.adam.m[i] = (real)(from + 0.25 * (double)i);
        a.adam.v[i] = (real)(from + 0.5 * (double)i);
    }
    for (int i = 0; i < 5; i++)
        a.adam.steps[i] = from + i;
    a.objective = (struct objective_state){from + 10, from + 11, from + 12, 1, from + 13, from + 14, 1};
    a.start = 2, a.update = from + 100, a.score = from + 3;
    return a;
}

static void assert_same_numbers(const struct position *a, const struct position *b)
{
    assert_memory_equal(&a->objective, &b->objective, sizeof a->objective);
    assert_memory_equal(a->adam.steps, b->adam.steps, sizeof a->adam.steps);
    assert_true(a->start == b->start && a->update == b->update && a->score == b->score);
}

static void copied_whole(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 1);
    size_t bytes = m->params.size * sizeof(real);
    struct position a = position_of(&m->params, 1), b = position_of(&m->params, 7);
    position_copy(&b, &a, m->params.size);
    assert_true(a.value != b.value && a.adam.m != b.adam.m);
    assert_memory_equal(a.value, b.value, bytes);
    assert_memory_equal(a.adam.m, b.adam.m, bytes);
    assert_memory_equal(a.adam.v, b.adam.v, bytes);
    assert_same_numbers(&a, &b);
    position_free(&a);
    position_free(&b);
    model_free(m);
}

static void numbers_there_and_back(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 1);
    struct position a = position_of(&m->params, 1), b = position_of(&m->params, 7);
    double numbers[POSITION_NUMBERS];
    position_numbers(&a, numbers);
    position_from_numbers(&b, numbers);
    assert_same_numbers(&a, &b);
    position_free(&a);
    position_free(&b);
    model_free(m);
}

static void a_new_position_is_the_worst(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 1);
    struct position a;
    position_init(&a, &m->params);
    assert_true(isinf(a.score) && a.score > 0 && a.update == 0);
    position_free(&a);
    assert_null(a.value);
    model_free(m);
}

/* The first start has the run's seed, the others each their own. */
static void seeds_differ(void **state)
{
    (void)state;
    struct train_settings s = {.seed = 42};
    struct run r = {.s = &s};
    uint64_t seed[8];
    for (int i = 0; i < 8; i++) {
        r.now.start = i;
        seed[i] = start_seed(&r);
        for (int j = 0; j < i; j++)
            assert_true(seed[i] != seed[j]);
    }
    assert_true(seed[0] == 42);
}

/* The score is a mean over the last fifth of the short training: here updates 9 to 11 of 11. */
static void the_end_is_scored(void **state)
{
    (void)state;
    struct training t = training_open("starts");
    t.s.starts = 2, t.s.start_updates = 11;
    double score[2];
    struct run r = {.model = t.m, .s = &t.s, .io = &t.io, .objective = objective_kinds[0], .score = score, .numbers = 10};
    position_init(&r.best, &t.m->params);
    r.now = position_of(&t.m->params, 5);
    real *made = r.now.value;
    start_begin(&r, 0);
    double constant = distortion_constant(10, model_settings(t.m)->sigma_x2);
    for (r.now.update = 1; r.now.update <= 11; r.now.update++)
        start_count(&r, constant + 100 * r.now.update, r.now.update);
    r.now.objective.lambda = 0.5;
    assert_true(start_finish(&r, false));
    assert_true(fabs(score[0] - (10 + 0.5 * 1000)) < 1e-9);
    assert_true(r.now.start == 1 && r.end_n == 0);
    assert_true(start_finish(&r, true)); /* lost: the first one goes on */
    assert_true(isinf(score[1]) && r.now.start == 0 && r.now.score == score[0]);
    free(made);
    adam_free(&r.now.adam);
    position_free(&r.best);
    training_close(&t);
}

/* Everything is as at the beginning, but for the bound. */
static void begins_afresh(void **state)
{
    (void)state;
    struct training t = training_open("starts");
    struct run r = {.model = t.m, .s = &t.s, .io = &t.io, .objective = objective_kinds[0], .sum_n = 3, .skipped_in_row = 2, .epoch = 4};
    size_t bytes = t.m->params.size * sizeof(real);
    real *before = memcpy(xmalloc(bytes), t.m->params.value, bytes);
    r.now = position_of(&t.m->params, 5);
    real *made = r.now.value;
    r.now.objective.d0 = -123;
    start_begin(&r, 0);
    assert_ptr_equal(r.now.value, t.m->params.value);
    assert_memory_equal(r.now.value, before, bytes);
    for (size_t i = 0; i < t.m->params.size; i++)
        assert_true(r.now.adam.m[i] == 0 && r.now.adam.v[i] == 0);
    assert_true(r.now.update == 0 && r.now.start == 0 && isinf(r.now.score) && r.now.adam.steps[0] == 0);
    assert_true(r.now.objective.d0 == -123 && r.now.objective.lambda == t.s.objective.lambda0 && r.now.objective.main_phase == 0);
    assert_true(r.sum_n == 0 && r.skipped_in_row == 0 && r.epoch == -1);
    start_begin(&r, 1);
    assert_true(r.now.start == 1);
    assert_memory_not_equal(r.now.value, before, bytes);
    free(made);
    free(before);
    adam_free(&r.now.adam);
    training_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copied_whole), cmocka_unit_test(numbers_there_and_back), cmocka_unit_test(a_new_position_is_the_worst),
        cmocka_unit_test(seeds_differ), cmocka_unit_test(the_end_is_scored),      cmocka_unit_test(begins_afresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
