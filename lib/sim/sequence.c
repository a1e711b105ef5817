/* Sequences of any plant: where they start, how they are driven, what is seen. */
#include "sim/sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What random numbers are for. */
enum { PURPOSE_SEQUENCE = 0x5101, PURPOSE_NOISE = 0x5102 };

/* Of a normal control, in units of the largest one. */
static const double ar_deviation = 0.6;

/* "NAME:K" with K from 1 to 1000000. */
static bool parse_steps(const char *text, const char *name, int *steps)
{
    size_t length = strlen(name);
    char *end;
    if (strncmp(text, name, length) != 0 || text[length] != ':')
        return false;
    long k = strtol(text + length + 1, &end, 10);
    *steps = (int)k;
    return end > text + length + 1 && !*end && k >= 1 && k <= 1000000;
}

/* "ar:RHO" with RHO between -1 and 1. */
static bool parse_ar(const char *text, double *rho)
{
    char *end;
    if (strncmp(text, "ar:", 3) != 0)
        return false;
    *rho = strtod(text + 3, &end);
    return end > text + 3 && !*end && *rho > -1 && *rho < 1;
}

int actions_parse(const char *text, struct actions *a, struct error *e)
{
    *a = (struct actions){ACTIONS_IID, 1, 0};
    if (!strcmp(text, "iid"))
        return DSSM_OK;
    if (!strcmp(text, "zero"))
        a->kind = ACTIONS_ZERO;
    else if (parse_steps(text, "hold", &a->hold))
        a->kind = ACTIONS_HOLD;
    else if (parse_steps(text, "geometric", &a->hold))
        a->kind = ACTIONS_GEOMETRIC;
    else if (parse_steps(text, "bang", &a->hold))
        a->kind = ACTIONS_BANG;
    else if (parse_ar(text, &a->rho))
        a->kind = ACTIONS_AR;
    else
        return error_set(e, DSSM_USAGE,
                         "actions: expected iid, hold:K, geometric:K, bang:K (K from 1 to 1000000), ar:RHO (RHO between -1 and 1) or zero, "
                         "got '%s'",
                         text);
    return DSSM_OK;
}

/* Step 0 is for the start, step k+1 for the k-th control that is drawn. */
static struct draw sequence_draw(const struct protocol *how, uint32_t sequence, uint32_t step)
{
    return (struct draw){.seed = how->seed, .purpose = PURPOSE_SEQUENCE, .sequence = sequence, .step = step};
}

/* Goes on from the control of step t-1 to that of step t; value: n numbers, in units of the largest control, not cut. */
static void next_control(const struct protocol *how, uint32_t sequence, int t, int n, double *value)
{
    const struct actions *a = &how->actions;
    double drawn[2 * SIM_MOST]; /* for each number one, and one that decides whether it changes */
    int hold = a->kind == ACTIONS_IID ? 1 : a->hold;
    switch (a->kind) {
    case ACTIONS_AR:
        draw_normal(sequence_draw(how, sequence, (uint32_t)t + 1), n, drawn);
        for (int i = 0; i < n; i++)
            value[i] = t == 0 ? ar_deviation * drawn[i] : a->rho * value[i] + ar_deviation * sqrt(1 - a->rho * a->rho) * drawn[i];
        break;
    case ACTIONS_GEOMETRIC:
    case ACTIONS_BANG:
        draw_uniform(sequence_draw(how, sequence, (uint32_t)t + 1), 2 * n, drawn);
        for (int i = 0; i < n; i++) {
            bool change = drawn[n + i] * hold < 1;
            if (a->kind == ACTIONS_BANG)
                value[i] = t == 0 ? (drawn[i] < 0.5 ? -1 : 1) : change ? -value[i] : value[i];
            else if (t == 0 || change)
                value[i] = 2 * drawn[i] - 1;
        }
        break;
    case ACTIONS_IID:
    case ACTIONS_HOLD:
        if (t % hold != 0)
            return;
        draw_uniform(sequence_draw(how, sequence, (uint32_t)(t / hold) + 1), n, drawn);
        for (int i = 0; i < n; i++)
            value[i] = 2 * drawn[i] - 1;
        break;
    case ACTIONS_ZERO: memset(value, 0, (size_t)n * sizeof *value); break;
    }
}

/* The controls of steps from..from+steps-1, counted from where a drawn sequence starts to move; u: steps×U. */
static void controls_from(const struct plant *p, const struct protocol *how, uint32_t sequence, int from, int steps, float *u)
{
    int n = p->kind->controls;
    double value[SIM_MOST], limit = p->kind->control_max(p->settings);
    if (n > SIM_MOST)
        bug("plant %s has %d controls, at most %d fit", p->kind->name, n, SIM_MOST);
    for (int t = 0; t < from + steps; t++) {
        next_control(how, sequence, t, n, value);
        for (int i = 0; i < n && t >= from; i++)
            u[(t - from) * n + i] = (float)(limit * fmin(fmax(value[i], -1), 1));
    }
}

/* Moves s through the controls of the burn-in. */
static void burn_in(const struct plant *p, const struct protocol *how, uint32_t sequence, double *s)
{
    int ns = p->kind->states, steps = how->burn_in;
    float *u = xcalloc((size_t)steps + 1, (size_t)p->kind->controls * sizeof *u);
    double *way = xmalloc(((size_t)steps + 1) * (size_t)ns * sizeof *way);
    controls_from(p, how, sequence, 0, steps, u);
    memcpy(way, s, (size_t)ns * sizeof *s);
    sim_roll(p, steps + 1, u, way);
    memcpy(s, way + steps * ns, (size_t)ns * sizeof *s);
    free(way);
    free(u);
}

void sim_start(const struct plant *p, const struct protocol *how, uint32_t sequence, double *s)
{
    double uniform[SIM_MOST];
    if (p->kind->start_numbers > SIM_MOST)
        bug("plant %s starts from %d numbers, at most %d fit", p->kind->name, p->kind->start_numbers, SIM_MOST);
    draw_uniform(sequence_draw(how, sequence, 0), p->kind->start_numbers, uniform);
    p->kind->start(p->settings, uniform, s);
    if (how->burn_in > 0)
        burn_in(p, how, sequence, s);
}

void sim_controls(const struct plant *p, const struct protocol *how, uint32_t sequence, int steps, float *u)
{
    controls_from(p, how, sequence, how->burn_in, steps, u);
}

void sim_roll(const struct plant *p, int steps, const float *u, double *s)
{
    int ns = p->kind->states, nu = p->kind->controls;
    double control[SIM_MOST];
    if (nu > SIM_MOST)
        bug("plant %s has %d controls, at most %d fit", p->kind->name, nu, SIM_MOST);
    for (int t = 0; t + 1 < steps; t++) {
        for (int i = 0; i < nu; i++)
            control[i] = (double)u[t * nu + i];
        memcpy(s + (t + 1) * ns, s + t * ns, (size_t)ns * sizeof *s);
        p->kind->step(p->settings, s + (t + 1) * ns, control);
    }
}

static void add_noise(const struct protocol *how, uint32_t sequence, uint32_t step, const struct view *v, double *x)
{
    struct draw d = {.seed = how->seed, .purpose = PURPOSE_NOISE, .sequence = sequence, .step = step};
    double *noise = xmalloc((size_t)v->n * sizeof *noise);
    draw_normal(d, v->n, noise);
    for (int i = 0; i < v->n; i++) {
        x[i] += how->noise * noise[i];
        if (v->height)
            x[i] = fmin(fmax(x[i], 0), 1);
    }
    free(noise);
}

void sim_observe(const struct plant *p, const struct protocol *how, uint32_t sequence, uint32_t step, const double *s, double *x)
{
    p->kind->observe(p->settings, s, x);
    if (how->noise > 0) {
        struct view v = p->kind->view(p->settings);
        add_noise(how, sequence, step, &v, x);
    }
}
