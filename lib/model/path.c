/* Paths of states, step by step, for models whose belief over a state is given the state before. */
#include "model/model.h"

var *choose(struct tape *t, var *weight, var *one, var *other)
{
    return add(t, mul_lanes(t, one, weight), mul_lanes(t, other, shift(t, scale(t, weight, -1), 1)));
}

static struct gauss choose_gauss(struct tape *t, var *weight, struct gauss one, struct gauss other)
{
    return (struct gauss){choose(t, weight, one.mean, other.mean), choose(t, weight, one.variance, other.variance)};
}

struct gauss gauss_lanes(struct tape *t, struct gauss all, int first, int lanes)
{
    return (struct gauss){lanes_of(t, all.mean, first, lanes), lanes_of(t, all.variance, first, lanes)};
}

struct gauss gauss_step(struct tape *t, struct gauss all, int step, int lanes)
{
    return gauss_lanes(t, all, step * lanes, lanes);
}

/* All steps of a path, before they are put side by side. */
struct pieces {
    var **z, **q_mean, **q_variance, **p_mean, **p_variance;
};

static struct pieces pieces_new(struct tape *t, int T)
{
    var **all = tape_alloc(t, sizeof(var *) * (size_t)T * 5);
    return (struct pieces){all, all + T, all + 2 * T, all + 3 * T, all + 4 * T};
}

static struct path side_by_side(struct tape *t, const struct pieces *a, int T)
{
    return (struct path){stack_lanes(t, T, a->z),
                         {stack_lanes(t, T, a->q_mean), stack_lanes(t, T, a->q_variance)},
                         {stack_lanes(t, T, a->p_mean), stack_lanes(t, T, a->p_variance)}};
}

struct path path_run(struct tape *t, const struct batch *b, const struct noise *n, const struct path_steps *steps, var *before)
{
    int T = b->T, B = b->B;
    struct pieces a = pieces_new(t, T);
    var *seen = batch_value(t, b->seen, 1, T * B), *alive = batch_value(t, b->alive, 1, T * B), *noise = NULL, *z = before;
    struct gauss q = {0}, p;
    for (int s = 0; s < T; s++) {
        struct gauss last = q;
        var *state = z;
        if (!state) {
            z = steps->first(steps->model, t, &q);
            if (steps->full)
                q.variance = gauss_cov(t, q);
            p = q;
        } else {
            steps->next(steps->model, t, s, state, &p, &q);
            if (!b->all_seen)
                q = choose_gauss(t, step_of(t, seen, s, B), q, p);
            if (!noise)
                noise = noise_steps(t, n, NOISE_STATE, b, q.mean->rows, 0, T);
            z = gauss_sample(t, q, noise ? step_of(t, noise, s, B) : NULL);
            if (!b->all_seen && s > 0) { /* a sequence that is over stays where it was */
                q = choose_gauss(t, step_of(t, alive, s, B), q, last);
                z = choose(t, step_of(t, alive, s, B), z, state);
            }
        }
        a.z[s] = z, a.q_mean[s] = q.mean, a.q_variance[s] = q.variance, a.p_mean[s] = p.mean, a.p_variance[s] = p.variance;
    }
    return side_by_side(t, &a, T);
}

struct gauss path_first(struct tape *t, const struct path *path, int B)
{
    struct gauss q = gauss_step(t, path->q, 0, B);
    return (struct gauss){q.mean, gauss_is_full(q) ? diag_of(t, q.variance, q.mean->rows) : q.variance};
}

var *path_rate(struct tape *t, const struct batch *b, const struct path *path)
{
    int B = b->B, rest = (b->T - 1) * B;
    if (rest == 0)
        return filled(t, 1, B, 0);
    struct gauss q = {lanes_of(t, path->q.mean, B, rest), lanes_of(t, path->q.variance, B, rest)};
    struct gauss p = {lanes_of(t, path->p.mean, B, rest), lanes_of(t, path->p.variance, B, rest)};
    var *kl = gauss_kl(t, q, p);
    if (!b->all_seen)
        kl = mul_lanes(t, kl, lanes_of(t, batch_value(t, b->seen, 1, b->T * B), B, rest));
    return sum_steps(t, kl, b->T - 1);
}
