/* Rows of latent states as features of a regression; of lib/judge alone. */
#ifndef DSSM_JUDGE_FEATURES_H
#define DSSM_JUDGE_FEATURES_H

#include "judge/judge.h"

enum { CUBIC_MOST = 30 }; /* latent dimensions that cubic features are made of */
/* How many monomials of degree 1 to 3 there are in d variables: C(d+3, 3) − 1. */
int cubic_count(int d);
/* All of them, of z (d numbers); out: cubic_count(d). */
void cubic_features(int d, const double *z, double *out);
bool all_finite(int n, const double *v);

#endif
