/* True quantities as latent states tell them: a regression that is kept and applied. */
#include "judge/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct regression {
    int d, q, features, targets;
    bool cubic;
    struct quantity *quantity;
    struct ols *ols;
    double *f, *y; /* one row: features, targets */
    double *c;     /* targets×(1 + features), NULL until solved */
    uint64_t rows;
};

struct regression *regression_new(int d, int q, const struct quantity *quantity, bool cubic, bool unwrapped)
{
    struct regression *r = xcalloc(1, sizeof *r);
    if (cubic && d > CUBIC_MOST)
        bug("regression: cubic features of %d latent dimensions, at most %d", d, CUBIC_MOST);
    r->d = d;
    r->q = q;
    r->cubic = cubic;
    r->features = cubic ? cubic_count(d) : d;
    r->quantity = xmalloc((size_t)q * sizeof *quantity);
    memcpy(r->quantity, quantity, (size_t)q * sizeof *quantity);
    for (int i = 0; i < q; i++) {
        r->quantity[i].circle &= !unwrapped;
        r->targets += r->quantity[i].circle ? 2 : 1;
    }
    r->ols = ols_new(r->features, r->targets);
    r->f = xmalloc((size_t)r->features * sizeof *r->f);
    r->y = xmalloc((size_t)r->targets * sizeof *r->y);
    return r;
}

void regression_free(struct regression *r)
{
    if (!r)
        return;
    ols_free(r->ols);
    free(r->quantity);
    free(r->f);
    free(r->y);
    free(r->c);
    free(r);
}

static void features(struct regression *r, const double *z)
{
    if (r->cubic)
        cubic_features(r->d, z, r->f);
    else
        memcpy(r->f, z, (size_t)r->d * sizeof *z);
}

void regression_add(struct regression *r, size_t n, const double *z, const double *y)
{
    for (size_t i = 0; i < n; i++, z += r->d, y += r->q) {
        if (!all_finite(r->d, z) || !all_finite(r->q, y))
            continue;
        double *out = r->y;
        for (int k = 0; k < r->q; k++) {
            *out++ = r->quantity[k].circle ? sin(y[k]) : y[k];
            if (r->quantity[k].circle)
                *out++ = cos(y[k]);
        }
        features(r, z);
        ols_add(r->ols, r->f, r->y);
        r->rows++;
    }
}

uint64_t regression_rows(const struct regression *r)
{
    return r->rows;
}

int regression_solve(struct regression *r, struct error *e)
{
    r->c = xrealloc(r->c, (size_t)r->targets * (size_t)(1 + r->features) * sizeof *r->c);
    return ols_coefficients(r->ols, r->c, e);
}

/* One target of the row whose features are in r->f. */
static double target(const struct regression *r, int k)
{
    const double *c = r->c + (size_t)k * (size_t)(1 + r->features);
    double sum = c[0];
    for (int j = 0; j < r->features; j++)
        sum += c[1 + j] * r->f[j];
    return sum;
}

void regression_apply(struct regression *r, size_t n, const double *z, double *y)
{
    if (!r->c)
        bug("regression: applied before it was solved");
    for (size_t i = 0; i < n; i++, z += r->d, y += r->q) {
        features(r, z);
        for (int k = 0, next = 0; k < r->q; k++) {
            double first = target(r, next++);
            y[k] = r->quantity[k].circle ? atan2(first, target(r, next++)) : first;
        }
    }
}
