/* Activation functions on a row of lanes, and the way back through them. */
#include "grad/grad.h"

#include "grad/vector_math.h"

void activation_apply(int n, real *y, real bias, enum activation act)
{
    switch (act) {
    case ACT_TANH: vm_shifted_tanh(n, y, bias); break;
    case ACT_SIGMOID: vm_shifted_sigmoid(n, y, bias); break;
    case ACT_RELU:
        for (int l = 0; l < n; l++)
            y[l] = y[l] + bias <= 0 ? 0 : y[l] + bias; /* NaN stays NaN */
        break;
    case ACT_NONE:
        for (int l = 0; l < n; l++)
            y[l] += bias;
        break;
    }
}

void activation_undo(int n, const real *restrict y, real *restrict g, enum activation act)
{
    switch (act) {
    case ACT_TANH:
        for (int l = 0; l < n; l++)
            g[l] *= 1 - y[l] * y[l];
        break;
    case ACT_SIGMOID:
        for (int l = 0; l < n; l++)
            g[l] *= y[l] * (1 - y[l]);
        break;
    case ACT_RELU:
        for (int l = 0; l < n; l++)
            g[l] = y[l] > 0 ? g[l] : 0;
        break;
    case ACT_NONE: break;
    }
}
