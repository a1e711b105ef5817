/* What only lib/grad uses of vector_math.c; the rest is in grad.h. */
#ifndef DSSM_GRAD_VECTOR_MATH_H
#define DSSM_GRAD_VECTOR_MATH_H

#include "grad/grad.h"

/* In place: y = f(y + bias). */
void vm_shifted_tanh(int n, real *y, real bias);
void vm_shifted_sigmoid(int n, real *y, real bias);

#endif
