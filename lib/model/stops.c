/* Stops of motors' coordinates on lines, as the limits of a joint. Beyond an upper stop U a coordinate q goes on outwards no faster than
 * −r (q − U): of what is too fast a share ρ is taken. Velocities v that there would be without stops become
 *     v − K ρ g (v_q + r (q − U)),   K = (A + D)⁻¹ e_q / e_qᵀ(A + D)⁻¹e_q,
 * as a force on q alone changes them. In the place of two steps, whether q is beyond the stop, and v_q too fast there, stands
 *     g = σ((q − U)/w) σ((v_q + r (q − U))/s),
 * held where F is a derivative. A stop so only pushes: it lets go of what moves back by itself. Likewise at lower stops. */
#include "model/parts.h"

#include <math.h>

/* At the start a stop gives way: it takes a quarter. The widths are small beside what there is: a twentieth of the range between the stops'
 * middle and them, and a fifth of what a control moves in a step. */
struct stops stops_declare(struct params *p, int lines, double where, double gain)
{
    struct stops s = {.lines = where > 0 ? lines : 0};
    if (s.lines == 0)
        return s;
    s.at = params_add(p, "transition.stop", 2 * lines, 1, GROUP_PSI, 1);
    s.log_rate = params_add(p, "transition.log_stop_rate", lines, 1, GROUP_PSI, 1);
    s.logit_share = params_add(p, "transition.logit_stop_share", lines, 1, GROUP_PSI, 1);
    s.log_width = params_add(p, "transition.log_stop_width", lines, 1, GROUP_PSI, 1);
    s.log_speed = params_add(p, "transition.log_stop_speed", lines, 1, GROUP_PSI, 1);
    for (int i = 0; i < 2 * lines; i++)
        params_value(p, s.at)[i] = (real)(i < lines ? where : -where);
    params_fill(p, s.log_rate, log(0.5));
    params_fill(p, s.logit_share, -1);
    params_fill(p, s.log_width, log(0.05 * where));
    params_fill(p, s.log_speed, log(0.2 * gain));
    return s;
}

/* σ(a/width) */
static var *step_of_width(struct tape *t, var *a, int log_width)
{
    return v_sigmoid(t, mul(t, a, spread(t, v_exp(t, scale(t, param(t, log_width), -1)), a->lanes)));
}

/* Stops `at` on one side, above (sign 1) or below (−1): ρ g, and ρ g times the fastest velocity. */
static struct stopped one_side(struct tape *t, const struct stops *s, var *q, var *v, var *at, double sign)
{
    int lanes = q->lanes;
    var *beyond = sub(t, q, spread(t, at, lanes));
    var *fastest = scale(t, mul(t, spread(t, v_exp(t, param(t, s->log_rate)), lanes), beyond), -1);
    var *touches = step_of_width(t, scale(t, beyond, sign), s->log_width);
    var *hurries = step_of_width(t, scale(t, sub(t, v, fastest), sign), s->log_speed);
    var *taken = mul(t, spread(t, v_sigmoid(t, param(t, s->logit_share)), lanes), mul(t, touches, hurries));
    return (struct stopped){taken, mul(t, taken, fastest)};
}

struct stopped stops_apply(struct tape *t, const struct stops *s, var *q, var *v)
{
    var *at = param(t, s->at);
    struct stopped above = one_side(t, s, q, v, rows_of(t, at, 0, s->lines), 1);
    struct stopped below = one_side(t, s, q, v, rows_of(t, at, s->lines, s->lines), -1);
    return (struct stopped){add(t, above.taken, below.taken), add(t, above.given, below.given)};
}
