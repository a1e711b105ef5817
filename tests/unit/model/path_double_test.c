/* Paths of states: a toy model's, with gaps, ends and a state to go on from, against plain loops; and its rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

/* ---- choose ---- */

/* Numbers of very different sizes, to the bit: a variance that is small beside the other must not be lost in it. */
static void chosen_to_the_bit(void **state)
{
    (void)state;
    static const real one[6] = {1e-9, -3, 0.1, 1e-300, 2, 1e30}, other[6] = {1e12, 0.2, 7, 1e300, -1e-20, 1e-30}, weight[3] = {1, 0, 1};
    struct params none;
    struct tape *t = tape_new();
    params_init(&none);
    tape_begin(t, &none, NULL, 0);
    var *got = choose(t, leaf(t, 1, 3, weight), leaf(t, 2, 3, one), leaf(t, 2, 3, other));
    for (int i = 0; i < 6; i++)
        assert_true(any_number(got, i / 3, i % 3) == (double)(weight[i % 3] > 0 ? one[i] : other[i]));
    tape_free(t);
    params_free(&none);
}

/* ---- a toy ---- */

enum { D = 2, T = 6, B = 3 };

/* p and q of number i of a state at a step, given the state before. */
static void toy(int step, int i, double before, double p[2], double q[2])
{
    p[0] = 0.8 * before + 0.1 * step + i, p[1] = 0.3 + 0.05 * step;
    q[0] = 0.5 * before - 0.2 * step, q[1] = 0.1 + 0.02 * i;
}

static struct gauss toy_gauss(struct tape *t, int lanes)
{
    return (struct gauss){constant(t, D, lanes), constant(t, D, lanes)};
}

static var *toy_first(void *model, struct tape *t, struct gauss *q)
{
    const struct batch *b = model;
    *q = toy_gauss(t, b->B);
    for (int i = 0; i < D * b->B; i++)
        q->mean->v[i] = (real)(0.1 * i - 0.2), q->variance->v[i] = (real)(0.5 + 0.1 * i);
    return sample_diag(t, *q, noise_steps(t, &any_noisy, NOISE_STATE, b, D, 0, 1));
}

static void toy_next(void *model, struct tape *t, int step, var *before, struct gauss *p, struct gauss *q)
{
    const struct batch *b = model;
    *p = toy_gauss(t, b->B), *q = toy_gauss(t, b->B);
    for (int i = 0; i < D; i++)
        for (int l = 0; l < b->B; l++) {
            double one[2], other[2];
            toy(b->first_step + step, i, any_number(before, i, l), one, other);
            p->mean->v[i * b->B + l] = (real)one[0], p->variance->v[i * b->B + l] = (real)one[1];
            q->mean->v[i * b->B + l] = (real)other[0], q->variance->v[i * b->B + l] = (real)other[1];
        }
}

/* The same of one sequence by plain loops, from step `from` on, whose state before is z; q's mean and variance of each number, and the
 * rate of the steps that have a p. */
struct toy_path {
    double z[T][D], q[T][D][2], rate;
};

static struct toy_path plain_toy(const struct record *r, int lane)
{
    struct toy_path out = {.rate = 0};
    int steps = (int)record_steps(r);
    for (int s = 0; s < T; s++) {
        double noise[D];
        plain_noise(&any_noisy, NOISE_STATE, lane, s, D, noise);
        for (int i = 0; i < D; i++) {
            double p[2], q[2];
            if (s >= steps) { /* over */
                out.z[s][i] = out.z[s - 1][i];
                memcpy(out.q[s][i], out.q[s - 1][i], sizeof p);
                continue;
            }
            if (s > 0)
                toy(s, i, out.z[s - 1][i], p, q);
            else
                q[0] = 0.1 * (i * B + lane) - 0.2, q[1] = 0.5 + 0.1 * (i * B + lane);
            if (s > 0 && !plain_seen(r, s))
                memcpy(q, p, sizeof q);
            out.z[s][i] = q[0] + sqrt(q[1]) * noise[i];
            memcpy(out.q[s][i], q, sizeof q);
            if (s > 0)
                out.rate += 0.5 * (log(p[1] / q[1]) + (q[1] + pow(q[0] - p[0], 2)) / p[1] - 1);
        }
    }
    return out;
}

static void near(const char *what, int at, double got, double expected)
{
    if (!(fabs(got - expected) < 1e-13))
        fail_msg("%s, %d: expected %.15g, got %.15g", what, at, expected, got);
}

static void compare(const struct path *path, const struct record *r, int from, int steps)
{
    for (int l = 0; l < B; l++) {
        struct toy_path plain = plain_toy(&r[l], l);
        for (int s = 0; s < steps; s++)
            for (int i = 0; i < D; i++) {
                near("z", s, any_number(path->z, i, s * B + l), plain.z[from + s][i]);
                near("mean", s, any_number(path->q.mean, i, s * B + l), plain.q[from + s][i][0]);
                near("variance", s, any_number(path->q.variance, i, s * B + l), plain.q[from + s][i][1]);
            }
    }
}

static const struct params *nothing(void)
{
    static struct params p;
    params_init(&p);
    return &p;
}

static void path_and_rate(void **state)
{
    (void)state;
    for (int gaps = 0; gaps < 2; gaps++) {
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        any_records(r, 0, gaps);
        batch_fill(&b, r, any_all, B, ANY_DX, 0, 0, gaps ? T : 5);
        tape_begin(t, nothing(), NULL, 0);
        struct path path = path_run(t, &b, &any_noisy, &(struct path_steps){&b, toy_first, toy_next, false}, NULL);
        assert_int_equal(path.z->lanes, b.T * B);
        compare(&path, r, 0, b.T);
        var *rate = path_rate(t, &b, &path);
        assert_int_equal(rate->lanes, B);
        for (int l = 0; l < B; l++)
            near("rate", l, any_number(rate, 0, l), plain_toy(&r[l], l).rate);
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
    }
}

/* From the state that a first part ended with. */
static void path_goes_on(void **state)
{
    (void)state;
    for (int cut = 1; cut < 5; cut++) {
        struct record r[3];
        struct batch first, rest;
        struct tape *t = tape_new();
        any_records(r, 0, false);
        fixture_mask(&r[1], "10110");
        batch_fill(&first, r, any_all, B, ANY_DX, 0, 0, cut);
        batch_fill(&rest, r, any_all, B, ANY_DX, 0, cut, 5 - cut);
        tape_begin(t, nothing(), NULL, 0);
        struct path one = path_run(t, &first, &any_noisy, &(struct path_steps){&first, toy_first, toy_next, false}, NULL);
        struct path two =
            path_run(t, &rest, &any_noisy, &(struct path_steps){&rest, toy_first, toy_next, false}, step_of(t, one.z, cut - 1, B));
        compare(&one, r, 0, cut);
        compare(&two, r, cut, 5 - cut);
        tape_free(t);
        batch_free(&first);
        batch_free(&rest);
        any_records_close(r, 3);
    }
}

/* Where noise is off the states are means. */
static void path_of_means(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, 0, true);
    batch_fill(&b, r, any_all, B, ANY_DX, 0, 1, T - 1);
    tape_begin(t, nothing(), NULL, 0);
    var *before = filled(t, D, B, 0.5);
    struct path path = path_run(t, &b, &any_off, &(struct path_steps){&b, toy_first, toy_next, false}, before);
    for (int i = 0; i < D * b.T * B; i++)
        assert_true(path.z->v[i] == path.q.mean->v[i]);
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
}

static void one_step_has_no_rate(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    any_records(r, 0, false);
    batch_fill(&b, r, any_all, B, ANY_DX, 0, 0, 1);
    tape_begin(t, nothing(), NULL, 0);
    struct path path = path_run(t, &b, &any_noisy, &(struct path_steps){&b, toy_first, toy_next, false}, NULL);
    var *rate = path_rate(t, &b, &path);
    assert_int_equal(rate->lanes, B);
    for (int l = 0; l < B; l++) {
        assert_true(any_number(rate, 0, l) == 0);
        assert_true(any_number(gauss_step(t, path.q, 0, B).variance, 1, l) == any_number(path.q.variance, 1, l));
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_to_the_bit), cmocka_unit_test(path_and_rate),        cmocka_unit_test(path_goes_on),
        cmocka_unit_test(path_of_means),     cmocka_unit_test(one_step_has_no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
