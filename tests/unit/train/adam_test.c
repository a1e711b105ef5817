/* Adam against the textbook, number by number; which groups move; the learning rate's schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/train.h"

/* Kingma and Ba 2015, Algorithm 1, for one number in double. */
struct textbook {
    double value, m, v;
    int t;
};

static void textbook_step(struct textbook *b, double g, double rate)
{
    b->t++;
    b->m = 0.9 * b->m + 0.1 * g;
    b->v = 0.999 * b->v + 0.001 * g * g;
    double m = b->m / (1 - pow(0.9, b->t)), v = b->v / (1 - pow(0.999, b->t));
    b->value -= rate * m / (sqrt(v) + 1e-8);
}

enum { NUMBERS = 2 * 3 + 4 };

/* Two entries: group θ with factor 1, group ψ with factor 10. */
static void open_params(struct params *p)
{
    params_init(p);
    params_add(p, "a", 2, 3, GROUP_THETA, 1);
    params_add(p, "b", 4, 1, GROUP_PSI, 10);
    for (size_t i = 0; i < p->size; i++)
        p->value[i] = (real)((double)i * 0.3 - 1);
}

static double gradient_at(int step, size_t i)
{
    double g;
    draw_normal((struct draw){.seed = 4, .purpose = 3, .update = (uint32_t)step, .step = (uint32_t)i}, 1, &g);
    return g * pow(10, (double)(i % 5) - 2); /* of very different sizes */
}

static void follows_the_textbook(void **state)
{
    (void)state;
    struct params p;
    struct textbook b[NUMBERS] = {{0}};
    open_params(&p);
    struct adam a = adam_new(&p);
    real g[NUMBERS];
    for (size_t i = 0; i < NUMBERS; i++)
        b[i].value = (double)p.value[i];
    for (int step = 0; step < 300; step++) {
        bool psi_moves = step >= 100; /* like the second phase: its own count of steps */
        for (size_t i = 0; i < NUMBERS; i++) {
            g[i] = (real)gradient_at(step, i);
            if (i < 6 || psi_moves)
                textbook_step(&b[i], (double)g[i], i < 6 ? 0.01 : 0.1);
        }
        adam_step(&a, &p, g, psi_moves ? GROUP_ALL : GROUP_THETA | GROUP_PHI, 0.01);
        for (size_t i = 0; i < NUMBERS; i++)
            if (!(fabs((double)p.value[i] - b[i].value) < 1e-4))
                fail_msg("step %d, number %zu: expected %.9g, got %.9g", step, i, b[i].value, (double)p.value[i]);
    }
    assert_true(a.steps[0] == 300 && a.steps[1] == 300 && a.steps[2] == 200);
    adam_free(&a);
    assert_null(a.m);
    params_free(&p);
}

/* Whatever the gradient's size, the first step is the learning rate. */
static void first_step_is_the_rate(void **state)
{
    (void)state;
    struct params p;
    open_params(&p);
    struct adam a = adam_new(&p);
    real g[NUMBERS], before[NUMBERS];
    memcpy(before, p.value, sizeof before);
    for (size_t i = 0; i < NUMBERS; i++)
        g[i] = (real)(pow(10, (double)i - 3) * (i % 2 ? 1 : -1));
    adam_step(&a, &p, g, GROUP_ALL, 0.01);
    for (size_t i = 0; i < NUMBERS; i++)
        assert_true(fabs((double)(p.value[i] - before[i]) - (i % 2 ? -1 : 1) * (i < 6 ? 0.01 : 0.1)) < 1e-4);
    adam_free(&a);
    params_free(&p);
}

/* Decay is apart from the gradient: a share of the value an update, over the entry's learning rate. */
static void decay_pulls_to_zero(void **state)
{
    (void)state;
    struct params p, plain;
    open_params(&p);
    open_params(&plain);
    struct adam a = adam_new(&p), b = adam_new(&plain);
    real g[NUMBERS] = {0};
    p.entry[1].decay = 0.5;
    adam_step(&a, &p, g, GROUP_ALL, 0.01);
    assert_memory_equal(p.value, plain.value, 6 * sizeof(real));
    for (size_t i = 6; i < NUMBERS; i++)
        assert_true(fabs((double)p.value[i] - (double)plain.value[i] * (1 - 0.01 * 10 * 0.5)) < 1e-6);
    adam_step(&a, &p, g, GROUP_THETA, 0.01); /* not where the group does not move */
    assert_true(fabs((double)p.value[7] - (double)plain.value[7] * 0.95) < 1e-6);
    adam_free(&a);
    adam_free(&b);
    params_free(&p);
    params_free(&plain);
}

static void other_groups_stay(void **state)
{
    (void)state;
    struct params p;
    open_params(&p);
    struct adam a = adam_new(&p);
    real g[NUMBERS], before[NUMBERS];
    memcpy(before, p.value, sizeof before);
    for (size_t i = 0; i < NUMBERS; i++)
        g[i] = i < 6 ? NAN : 1; /* what stands where nothing moves is not looked at */
    adam_step(&a, &p, g, GROUP_PSI, 0.01);
    assert_memory_equal(p.value, before, 6 * sizeof(real));
    for (size_t i = 0; i < 6; i++)
        assert_true(a.m[i] == 0 && a.v[i] == 0);
    for (size_t i = 6; i < NUMBERS; i++)
        assert_true(p.value[i] != before[i]);
    assert_true(a.steps[0] == 0 && a.steps[2] == 1);
    adam_free(&a);
    params_free(&p);
}

static void no_gradient_no_step(void **state)
{
    (void)state;
    struct params p;
    open_params(&p);
    struct adam a = adam_new(&p);
    real g[NUMBERS] = {0}, before[NUMBERS];
    memcpy(before, p.value, sizeof before);
    for (int i = 0; i < 3; i++)
        adam_step(&a, &p, g, GROUP_ALL, 0.01);
    assert_memory_equal(p.value, before, sizeof before);
    adam_free(&a);
    params_free(&p);
}

static void schedule(void **state)
{
    (void)state;
    struct train_settings s = {.learning_rate = 0.002, .flat_share = 0.3, .final_share = 0.01};
    for (int i = 0; i <= 300; i++)
        assert_true(learning_rate_at(&s, i, 1000) == 0.002);
    double last = 0.002;
    for (int i = 301; i < 1000; i++) {
        double now = learning_rate_at(&s, i, 1000);
        assert_true(now < last);
        last = now;
    }
    assert_true(fabs(learning_rate_at(&s, 650, 1000) - 0.002 * (0.01 + 0.99 / 2)) < 1e-15);
    assert_true(fabs(learning_rate_at(&s, 1000, 1000) - 0.00002) < 1e-15);
    s.flat_share = 1;
    assert_true(learning_rate_at(&s, 999, 1000) == 0.002);
    s.flat_share = 0, s.final_share = 1;
    assert_true(fabs(learning_rate_at(&s, 700, 1000) - 0.002) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_textbook),
        cmocka_unit_test(first_step_is_the_rate),
        cmocka_unit_test(other_groups_stay),
        cmocka_unit_test(no_gradient_no_step),
        cmocka_unit_test(schedule),
        cmocka_unit_test(decay_pulls_to_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
