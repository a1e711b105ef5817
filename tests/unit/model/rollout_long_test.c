/* Long rollouts, over several tapes, against the same steps taken one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/sequences.h"

enum { LANES = 3, STEPS = 150 };

struct rolled {
    real x[SEQ_DX * (STEPS + 1) * LANES], z[SEQ_DZ * (STEPS + 1) * LANES], u[SEQ_DU * STEPS * LANES];
    uint32_t sequence[LANES];
    struct batch lanes;
    struct noise noise;
};

/* Rolls LANES states over STEPS steps with controls from draws. */
static void roll(struct rolled *r, const struct model *m, bool sample)
{
    struct tape *t = tape_new();
    *r = (struct rolled){.noise = {.seed = 3, .update = 4}, .sequence = {7, 2, 9}};
    r->lanes = (struct batch){.T = 1, .B = LANES, .dx = SEQ_DX, .du = SEQ_DU, .sequence = r->sequence};
    for (int i = 0; i < SEQ_DU * STEPS * LANES; i++)
        r->u[i] = (real)(0.3 * seq_draw(0, 5, i));
    tape_begin(t, &m->params, NULL, 0);
    var *z = constant(t, SEQ_DZ, LANES);
    for (int i = 0; i < SEQ_DZ * LANES; i++)
        z->v[i] = (real)seq_draw(0, 6, i);
    rollout_run(m, t, (struct latent){z, NULL}, &r->lanes, m->du > 0 ? r->u : NULL, STEPS, &r->noise, sample, r->x, r->z);
    tape_free(t);
}

static real z_at(const struct rolled *r, int row, int step, int lane)
{
    return r->z[(size_t)row * (STEPS + 1) * LANES + (size_t)(step * LANES + lane)];
}

static void same(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-5 * (1 + fabs(expected))))
        fail_msg("expected %.9g, got %.9g", expected, got);
}

/* One step of one lane on a tape of its own: mean, variance and the observation of where it starts. */
static void check_step(const struct rolled *r, const struct model *m, struct tape *t, int step, int lane, bool sample)
{
    double noise[SEQ_DZ] = {0};
    tape_begin(t, &m->params, NULL, 0);
    var *z = constant(t, SEQ_DZ, 1), *u = constant(t, SEQ_DU, 1), *memory;
    for (int i = 0; i < SEQ_DZ; i++)
        z->v[i * z->ld] = z_at(r, i, step, lane);
    for (int i = 0; i < SEQ_DU && step < STEPS; i++)
        u->v[i * u->ld] = r->u[(size_t)i * STEPS * LANES + (size_t)(step * LANES + lane)];
    var *x = m->kind->decode(m, t, (struct latent){z, NULL});
    for (int i = 0; i < SEQ_DX; i++)
        same((double)r->x[(size_t)i * (STEPS + 1) * LANES + (size_t)(step * LANES + lane)], (double)x->v[i * x->ld]);
    if (step == STEPS)
        return;
    struct gauss next = m->kind->step(m, t, (struct latent){z, NULL}, m->du > 0 ? u : NULL, &memory);
    if (sample)
        draw_normal((struct draw){r->noise.seed, NOISE_ROLLOUT, r->noise.update, r->sequence[lane], (uint32_t)step + 1}, SEQ_DZ, noise);
    for (int i = 0; i < SEQ_DZ; i++)
        same((double)z_at(r, i, step + 1, lane),
             (double)next.mean->v[i * next.mean->ld] + sqrt((double)next.variance->v[i * next.variance->ld]) * noise[i]);
}

static void check_all(int du, bool sample)
{
    struct rolled *r = xmalloc(sizeof *r);
    struct model *m = seq_model(du);
    struct tape *t = tape_new();
    roll(r, m, sample);
    for (int step = 0; step <= STEPS; step++)
        for (int lane = 0; lane < LANES; lane++)
            check_step(r, m, t, step, lane, sample);
    tape_free(t);
    model_free(m);
    free(r);
}

/* Longer than what one tape takes, so that the state is carried over. */
static void means(void **state)
{
    (void)state;
    check_all(SEQ_DU, false);
}

static void samples(void **state)
{
    (void)state;
    check_all(SEQ_DU, true);
}

static void no_controls(void **state)
{
    (void)state;
    check_all(0, true);
}

/* Where nobody asks for states, none are written; without a step, one observation is made. */
static void only_the_first(void **state)
{
    (void)state;
    struct model *m = seq_model(0);
    struct tape *t = tape_new();
    real x[SEQ_DX] = {0};
    struct batch lanes = {.T = 1, .B = 1, .sequence = &(uint32_t){0}};
    tape_begin(t, &m->params, NULL, 0);
    struct latent z = {filled(t, SEQ_DZ, 1, 0.5), NULL};
    var *expected = m->kind->decode(m, t, z);
    rollout_run(m, t, z, &lanes, NULL, 0, NULL, false, x, NULL);
    for (int i = 0; i < SEQ_DX; i++)
        same((double)x[i], (double)expected->v[i * expected->ld]);
    tape_free(t);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means),
        cmocka_unit_test(samples),
        cmocka_unit_test(no_controls),
        cmocka_unit_test(only_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
