/* Measures of the reacher (suite/reacher.xml of the DeepMind Control Suite) that its motion and its picture share, metres. For reacher.c
 * and reacher_view.c alone. */
#ifndef DSSM_SIM_REACHER_H
#define DSSM_SIM_REACHER_H

static const double reacher_upper_length = 0.12; /* shoulder to wrist */
static const double reacher_tip_at = 0.12;       /* wrist to the middle of the fingertip */

#endif
