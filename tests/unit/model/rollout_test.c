/* Rollouts: step by step what the model's own step and decoder say; samples with the moments of the transition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

enum { DX = 4, STEPS = 3 };

static void follows_step_and_decoder(void **state)
{
    (void)state;
    for (int du = 0; du <= 2; du += 2) {
        enum { LANES = 2, WIDE = (STEPS + 1) * LANES };
        struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", DX, du, 3);
        struct tape *t = tape_new(), *t2 = tape_new();
        real z0[3 * LANES], u[2 * STEPS * LANES], x[DX * WIDE], z[3 * WIDE];
        for (int i = 0; i < 3 * LANES; i++)
            z0[i] = (real)fixture_draw(1, 8, i);
        for (int i = 0; i < du * STEPS * LANES; i++)
            u[i] = (real)fixture_draw(2, 8, i);
        tape_begin(t, &m->params, NULL, 0);
        tape_begin(t2, &m->params, NULL, 0);
        struct batch b = {.B = LANES, .sequence = (uint32_t[]){0, 1}};
        rollout_run(m, t, (struct latent){leaf(t, 3, LANES, z0), NULL}, &b, du > 0 ? u : NULL, STEPS, &(struct noise){1, 1, false}, false,
                    x, z);
        struct latent now = {leaf(t2, 3, LANES, z0), NULL};
        for (int s = 0; s <= STEPS; s++) {
            var *frame = m->kind->decode(m, t2, now), *memory, *control = du > 0 ? constant(t2, du, LANES) : NULL;
            for (int l = 0; l < LANES; l++) {
                for (int i = 0; i < 3; i++)
                    assert_true(z[i * WIDE + s * LANES + l] == now.z->v[i * now.z->ld + l]);
                for (int i = 0; i < DX; i++)
                    assert_true(x[i * WIDE + s * LANES + l] == frame->v[i * frame->ld + l]);
                for (int i = 0; i < du && s < STEPS; i++)
                    control->v[i * control->ld + l] = u[i * STEPS * LANES + s * LANES + l];
            }
            if (s < STEPS)
                now.z = m->kind->step(m, t2, now, control, &memory).mean;
        }
        tape_free(t);
        tape_free(t2);
        model_free(m);
    }
}

/* No controls given to a model that knows some: the same as controls of 0. */
static void absent_controls_are_zero(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", DX, 1, 3);
    struct tape *t = tape_new();
    struct batch b = {.B = 1, .sequence = (uint32_t[]){0}};
    real x[2][DX * (STEPS + 1)], u[STEPS] = {0};
    for (int k = 0; k < 2; k++) {
        tape_begin(t, &m->params, NULL, 0);
        rollout_run(m, t, (struct latent){filled(t, 3, 1, 0.4), NULL}, &b, k ? u : NULL, STEPS, &(struct noise){1, 1, false}, false, x[k],
                    NULL);
    }
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    tape_free(t);
    model_free(m);
}

static void samples_have_the_transitions_moments(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", DX, 0, 3);
    struct tape *t = tape_new();
    struct batch b = {.B = MANY, .sequence = xcalloc(MANY, sizeof(uint32_t))};
    for (int l = 0; l < MANY; l++)
        b.sequence[l] = (uint32_t)l;
    real *x = xcalloc((size_t)DX * 2 * MANY, sizeof(real)), *z = xcalloc((size_t)3 * 2 * MANY, sizeof(real));
    tape_begin(t, &m->params, NULL, 0);
    struct latent now = {filled(t, 3, MANY, 0.4), NULL};
    var *memory;
    struct gauss next = m->kind->step(m, t, now, NULL, &memory);
    rollout_run(m, t, now, &b, NULL, 1, &(struct noise){1, 1, false}, true, x, z);
    for (int i = 0; i < 3; i++) {
        double mean = 0, square = 0, m0 = (double)next.mean->v[i * next.mean->ld], v0 = (double)next.variance->v[i * next.variance->ld];
        for (int l = 0; l < MANY; l++)
            mean += (double)z[i * 2 * MANY + MANY + l] / MANY;
        for (int l = 0; l < MANY; l++)
            square += pow((double)z[i * 2 * MANY + MANY + l] - mean, 2) / MANY;
        assert_true(fabs(mean - m0) < 6 * sqrt(v0 / MANY));
        assert_true(fabs(square - v0) < 6 * v0 * sqrt(2.0 / MANY));
    }
    free(b.sequence);
    free(x);
    free(z);
    tape_free(t);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_step_and_decoder),
        cmocka_unit_test(absent_controls_are_zero),
        cmocka_unit_test(samples_have_the_transitions_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
