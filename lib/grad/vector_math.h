/* What only lib/grad uses of vector_math.c; the rest is in grad.h. */
#ifndef DSSM_GRAD_VECTOR_MATH_H
#define DSSM_GRAD_VECTOR_MATH_H

#include "grad/grad.h"

void vm_softplus_slope(int n, const real *y, real *slope); /* 1 − e⁻ʸ: slope of softplus where its value is y ≥ 0 */
/* In place: y = f(y + bias). */
void vm_shifted_tanh(int n, real *y, real bias);
void vm_shifted_sigmoid(int n, real *y, real bias);
void vm_shifted_softplus(int n, real *y, real bias);

#endif
