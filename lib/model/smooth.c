/* The way back through the steps of models that have a Kalman filter (EKVAE, KVAE): Rauch, Tung and Striebel's smoother over a batch
 * whose sequences may end at different steps. */
#include "model/model.h"

bool some_ended(const struct batch *b, int step)
{
    for (int i = 0; i < b->B; i++)
        if (b->alive[step * b->B + i] == 0)
            return true;
    return false;
}

var *alive_at(struct tape *t, const struct batch *b, int step)
{
    return step_of(t, batch_value(t, b->alive, 1, b->T * b->B), step, b->B);
}

struct belief belief_step(struct tape *t, struct belief z, int step, int B)
{
    return (struct belief){step_of(t, z.mean, step, B), step_of(t, z.cov, step, B)};
}

/* `one` where the step exists, `other` where its sequence has ended. */
static struct belief where_alive(struct tape *t, const struct batch *b, int step, struct belief one, struct belief other)
{
    var *alive = alive_at(t, b, step);
    return (struct belief){choose(t, alive, one.mean, other.mean), choose(t, alive, one.cov, other.cov)};
}

struct belief smooth_batch(struct tape *t, struct belief filtered, struct belief predicted, var *F, var *Q, const struct batch *b)
{
    int T = b->T, B = b->B;
    if (T == 1)
        return filtered;
    var **mean = tape_alloc(t, sizeof(var *) * (size_t)T * 2), **cov = mean + T;
    struct smoother s = smoother_prepare(t, filtered, predicted, F, Q, T, B);
    struct belief z = belief_step(t, filtered, T - 1, B);
    mean[T - 1] = z.mean, cov[T - 1] = z.cov;
    for (int i = T - 2; i >= 0; i--) {
        z = smoother_step(t, &s, z, i);
        if (some_ended(b, i + 1)) /* a last step has nothing behind it to learn from */
            z = where_alive(t, b, i + 1, z, belief_step(t, filtered, i, B));
        mean[i] = z.mean, cov[i] = z.cov;
    }
    return (struct belief){stack_lanes(t, T, mean), stack_lanes(t, T, cov)};
}
