/* What the recurrent cells share (recurrent.c): the way through time of a cell that is a rule for n = units·lanes numbers. */
#ifndef DSSM_NET_RECURRENT_H
#define DSSM_NET_RECURRENT_H

#include "net/net.h"

/* A cell. Numbers of a step stand without gaps: part k of a block is its numbers k·n … (k+1)·n − 1.
 *
 * `gates` parts have a share U h, and all have a share W x + b. If `apart`, the two shares of the last gate are not added, and U's is
 * given a bias c: part gates−1 is U h + c, part `gates` is W x + b. */
struct cell_rule {
    int gates, state, kept; /* parts of U's rows, of the state (h first), and of what backward needs of a step (≥ gates + apart) */
    bool apart;
    /* From the gates' sums in `kept` and the state before to the state after, in place; what backward needs is left in `kept`. */
    void (*forward)(int n, real *kept, real *state);
    /* From the gradient of the state after to that of the state before, in place, but for what flows through U; and to that of the
     * gates' sums, laid out as forward found them. `before` is the last part of the state before. */
    void (*backward)(int n, const real *kept, const real *before, real *state_g, real *sums_g);
};

/* Declares NAME.KIND. */
int recurrent_param(struct params *p, const char *name, const char *kind, int rows, int cols, unsigned group, double rate);

/* A whole run as one operation; see lib/net/net.h for start, alive, way and the result (state·units)×(T·B). wx (gates·units)×(T·B) is
 * W x + b of all steps, made for this alone: its gradient is assigned. U (gates·units)×units; c units×1, NULL unless apart. */
var *recurrent_run(struct tape *t, const struct cell_rule *rule, var *wx, var *U, var *c, var *start, int steps, int lanes, var *alive,
                   enum direction way);

#endif
