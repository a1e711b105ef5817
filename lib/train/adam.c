/* Adam (Kingma and Ba 2015) over the ranges of the flat parameter vector. */
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

struct adam adam_new(const struct params *p)
{
    struct adam a = {.m = xcalloc(p->size, sizeof(real)), .v = xcalloc(p->size, sizeof(real))};
    return a;
}

void adam_free(struct adam *a)
{
    free(a->m);
    free(a->v);
    *a = (struct adam){0};
}

double adam_updates(const struct adam *a)
{
    double most = 0;
    for (int i = 0; i < PARAM_GROUPS; i++)
        most = fmax(most, a->steps[i]);
    return most;
}

/* m, v and the parameters of one entry; size and root are the bias-corrected step and 1/√(1−β₂ᵗ), kept is what decay leaves
 * of a value (decoupled from the gradient: Loshchilov and Hutter 2019). */
static void move(size_t n, real *restrict value, real *restrict m, real *restrict v, const real *restrict g, real size, real root,
                 real kept)
{
    for (size_t i = 0; i < n; i++) {
        m[i] = (real)0.9 * m[i] + (real)0.1 * g[i];
        v[i] = (real)0.999 * v[i] + (real)0.001 * g[i] * g[i];
        value[i] = kept * value[i] - size * m[i] / ((real)sqrt(v[i]) * root + (real)1e-8);
    }
}

/* Number of a group: 0 for 1, 1 for 2, 2 for 4, … */
static int group_number(unsigned group)
{
    return __builtin_ctz(group);
}

void adam_step(struct adam *a, struct params *p, const real *gradient, unsigned moving, double rate)
{
    for (int i = 0; i < PARAM_GROUPS; i++)
        if (moving & 1U << i)
            a->steps[i]++;
    for (int i = 0; i < p->n; i++) {
        const struct param *e = &p->entry[i];
        if (!(e->group & moving))
            continue;
        double t = a->steps[group_number(e->group)];
        size_t at = e->offset;
        move((size_t)e->rows * (size_t)e->cols, p->value + at, a->m + at, a->v + at, gradient + at,
             (real)(rate * e->rate / (1 - pow(0.9, t))), (real)(1 / sqrt(1 - pow(0.999, t))), (real)(1 - rate * e->rate * e->decay));
    }
}

double learning_rate_at(const struct train_settings *s, int update, int updates)
{
    double flat = s->flat_share * updates;
    if (update < flat || updates <= flat)
        return s->learning_rate;
    double way = (update - flat) / (updates - flat);
    return s->learning_rate * (s->final_share + (1 - s->final_share) * 0.5 * (1 + cos(M_PI * way)));
}
