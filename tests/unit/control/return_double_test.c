/* The return and its gradient: against finite differences in double, against a dream in plain loops, for any number of threads. */
#include "small.h"

#include <math.h>

static double reward_of(struct small *s, const struct learn_settings *how, int update)
{
    struct return_engine *r = return_new(s->m, s->p, &s->g, &s->b, how, s->pool);
    struct return_result got = return_forward(r, update);
    return_free(r);
    return got.reward - got.cost;
}

/* dJ/dω, number by number. m and s of the policy do not move. */
static void gradient_is_the_difference(const char *kind, struct learn_settings how, double noise)
{
    struct small s = small_open(kind);
    s.p->s.noise = noise;
    size_t n = s.p->params.size, moving = (size_t)params_value(&s.p->params, s.p->centre) - (size_t)s.p->params.value;
    real *gradient = xcalloc(n, sizeof *gradient);
    struct return_engine *r = return_new(s.m, s.p, &s.g, &s.b, &how, s.pool);
    return_forward(r, 3);
    double norm = return_backward(r, gradient), square = 0;
    return_free(r);
    for (size_t i = 0; i < moving / sizeof(real); i++) {
        double h = 1e-5, was = (double)s.p->params.value[i];
        s.p->params.value[i] = (real)(was + h);
        double up = reward_of(&s, &how, 3);
        s.p->params.value[i] = (real)(was - h);
        double down = reward_of(&s, &how, 3), slope = -(up - down) / (2 * h);
        s.p->params.value[i] = (real)was;
        square += (double)gradient[i] * (double)gradient[i];
        if (fabs((double)gradient[i] - slope) > 1e-6 * (1e-2 + fabs(slope)))
            fail_msg("%s: number %zu: gradient %.10g, difference %.10g", kind, i, (double)gradient[i], slope);
    }
    assert_true(norm > 1e-3 && fabs(norm * norm - square) < 1e-10 * square);
    free(gradient);
    small_close(&s);
}

static void gradients(void **state)
{
    (void)state;
    struct learn_settings how = small_learn();
    how.state_clip = 0;
    how.calm = 0.2;
    gradient_is_the_difference("ekvae", how, 0);
    gradient_is_the_difference("ekvae", how, 0.4);
    how.calm = 0;
    gradient_is_the_difference("dvbs", how, 0);
    gradient_is_the_difference("rssm", how, 0); /* has a memory beside z */
    how.means = true;
    gradient_is_the_difference("ekvae", how, 0);
    how.state_clip = 1e9; /* a bound that nothing reaches */
    gradient_is_the_difference("ekvae", how, 0);
}

/* Of a reward that saturates too. */
static void gradient_of_a_flat_reward(void **state)
{
    (void)state;
    struct learn_settings how = small_learn();
    small_width = 0.7;
    how.state_clip = 0;
    gradient_is_the_difference("ekvae", how, 0);
    small_width = 0;
}

/* Of a policy that is told its goal, another one in each dream. */
static void gradient_for_any_goal(void **state)
{
    (void)state;
    struct learn_settings how = small_learn();
    small_told = 2;
    how.state_clip = 0;
    how.calm = 0.2;
    gradient_is_the_difference("ekvae", how, 0);
    small_told = 0;
}

/* A bound that is reached shortens, and leaves the value. */
static void a_bound_shortens(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct learn_settings how = small_learn();
    real *gradient = xcalloc(s.p->params.size, sizeof *gradient);
    double reward[2], norm[2];
    for (int k = 0; k < 2; k++) {
        how.state_clip = k ? 0.05 : 0;
        struct return_engine *r = return_new(s.m, s.p, &s.g, &s.b, &how, s.pool);
        reward[k] = return_forward(r, 0).reward;
        norm[k] = return_backward(r, gradient);
        return_free(r);
    }
    assert_true(reward[0] == reward[1]);
    assert_true(norm[1] > 0 && norm[1] < 0.2 * norm[0]);
    free(gradient);
    small_close(&s);
}

/* tanh(W₂ tanh(W₁ (z − m)/s + b₁) + b₂) · u_max, in plain loops. */
static void plain_policy(const struct policy *p, const double *z, double *u)
{
    const struct params *t = &p->params;
    const real *m = params_value(t, p->centre), *s = params_value(t, p->deviation);
    double hidden[16];
    int H = t->entry[p->net.weight[0]].rows;
    for (int h = 0; h < H; h++) {
        double sum = (double)params_value(t, p->net.bias[0])[h];
        for (int i = 0; i < p->dz; i++)
            sum += (double)params_value(t, p->net.weight[0])[h * p->dz + i] * (z[i] - (double)m[i]) / (double)s[i];
        hidden[h] = tanh(sum);
    }
    for (int k = 0; k < p->du; k++) {
        double sum = (double)params_value(t, p->net.bias[1])[k];
        for (int h = 0; h < H; h++)
            sum += (double)params_value(t, p->net.weight[1])[k * H + h] * hidden[h];
        u[k] = p->s.u_max * tanh(sum);
    }
}

/* Without noise and from beliefs that are points, J is what a loop over the model's own step gives. */
static void reward_by_hand(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct learn_settings how = small_learn();
    double sum = 0, last = 0, cost = 0;
    int dz = s.b.dz;
    how.means = true, how.batch = 1, how.horizon = 6, how.calm = 0.3;
    for (int k = 0; k < s.b.n; k++) /* all begin alike */
        for (int i = 0; i < dz + dz * dz; i++)
            s.b.v[i * s.b.n + k] = i < dz ? (real)(0.3 * i - 0.2) : 0;
    double z[3] = {-0.2, 0.1, 0.4}, u[SMALL_DU];
    struct tape *t = tape_new();
    for (int step = 0; step < 5; step++) {
        real now[3], act[SMALL_DU];
        plain_policy(s.p, z, u);
        for (int i = 0; i < SMALL_DU; i++)
            cost += atanh(u[i] / 1.5) * atanh(u[i] / 1.5);
        for (int i = 0; i < 3; i++)
            now[i] = (real)z[i];
        for (int i = 0; i < SMALL_DU; i++)
            act[i] = (real)u[i];
        tape_begin(t, &s.m->params, NULL, 0);
        var *memory = NULL;
        struct gauss next = s.m->kind->step(s.m, t, (struct latent){leaf(t, 3, 1, now), NULL}, leaf(t, SMALL_DU, 1, act), &memory);
        double reward = 0;
        for (int i = 0; i < 3; i++)
            z[i] = (double)next.mean->v[i * next.mean->ld];
        for (int i = 0; i < 2; i++)
            reward -= (z[i] - s.g.value[i]) * (z[i] - s.g.value[i]);
        sum += reward;
        last += step >= 3 ? reward : 0; /* a quarter of five steps is two */
    }
    tape_free(t);
    double distance = goal_distance(&s.g, &s.b);
    struct return_engine *r = return_new(s.m, s.p, &s.g, &s.b, &how, s.pool);
    struct return_result got = return_forward(r, 0);
    return_free(r);
    assert_true(fabs(got.reward - sum / 5) < 1e-12);
    assert_true(fabs(got.last - last / 2) < 1e-12);
    assert_true(fabs(got.cost - 0.3 * distance * distance * cost / 5) < 1e-12);
    assert_true(got.full >= 0 && got.full <= 1);
    small_close(&s);
}

/* One, two and three threads: the same bits; another update: other dreams. Three chunks, the last one short. */
static void threads_and_updates(void **state)
{
    (void)state;
    struct small s = small_open("ekvae");
    struct learn_settings how = small_learn();
    size_t bytes = s.p->params.size * sizeof(real);
    real *gradient = xmalloc(bytes), *first = NULL;
    double reward = 0;
    how.batch = 2 * DREAM_CHUNK + 7;
    for (int k = 0; k < 4; k++) {
        struct pool *pool = pool_new(k < 3 ? k + 1 : 1);
        struct return_engine *r = return_new(s.m, s.p, &s.g, &s.b, &how, pool);
        memset(gradient, 0, bytes);
        double got = return_forward(r, k < 3 ? 0 : 1).reward;
        return_backward(r, gradient);
        if (!first) {
            first = memcpy(xmalloc(bytes), gradient, bytes);
            reward = got;
        }
        assert_int_equal(memcmp(first, gradient, bytes) == 0 && got == reward, k < 3);
        return_free(r);
        pool_free(pool);
    }
    free(first);
    free(gradient);
    small_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradient_of_a_flat_reward),
        cmocka_unit_test(gradient_for_any_goal),
        cmocka_unit_test(a_bound_shortens),
        cmocka_unit_test(reward_by_hand),
        cmocka_unit_test(threads_and_updates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
