/* Rows of latent states as features of a regression. */
#include "judge/features.h"

#include <math.h>

int cubic_count(int d)
{
    return (d + 3) * (d + 2) * (d + 1) / 6 - 1;
}

void cubic_features(int d, const double *z, double *out)
{
    for (int i = 0; i < d; i++) {
        *out++ = z[i];
        for (int j = i; j < d; j++) {
            *out++ = z[i] * z[j];
            for (int k = j; k < d; k++)
                *out++ = z[i] * z[j] * z[k];
        }
    }
}

bool all_finite(int n, const double *v)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}
