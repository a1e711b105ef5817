/* Sequences of any plant: where they start, how they are driven, what is seen. */
#include "sim/sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What random numbers are for. */
enum { PURPOSE_SEQUENCE = 0x5101, PURPOSE_NOISE = 0x5102 };

int actions_parse(const char *text, struct actions *a, struct error *e)
{
    *a = (struct actions){ACTIONS_IID, 1};
    if (!strcmp(text, "iid"))
        return DSSM_OK;
    if (!strcmp(text, "zero")) {
        a->kind = ACTIONS_ZERO;
        return DSSM_OK;
    }
    if (!strncmp(text, "hold:", 5)) {
        char *end;
        long k = strtol(text + 5, &end, 10);
        if (end > text + 5 && !*end && k >= 1 && k <= 1000000) {
            *a = (struct actions){ACTIONS_HOLD, (int)k};
            return DSSM_OK;
        }
    }
    return error_set(e, DSSM_USAGE, "actions: expected iid, hold:K (K from 1 to 1000000) or zero, got '%s'", text);
}

/* Step 0 is for the start, step k+1 for the k-th control that is drawn. */
static struct draw sequence_draw(const struct protocol *how, uint32_t sequence, uint32_t step)
{
    return (struct draw){.seed = how->seed, .purpose = PURPOSE_SEQUENCE, .sequence = sequence, .step = step};
}

void sim_start(const struct plant *p, const struct protocol *how, uint32_t sequence, double *s)
{
    double uniform[SIM_MOST];
    if (p->kind->start_numbers > SIM_MOST)
        bug("plant %s starts from %d numbers, at most %d fit", p->kind->name, p->kind->start_numbers, SIM_MOST);
    draw_uniform(sequence_draw(how, sequence, 0), p->kind->start_numbers, uniform);
    p->kind->start(p->settings, uniform, s);
}

void sim_controls(const struct plant *p, const struct protocol *how, uint32_t sequence, int steps, float *u)
{
    int n = p->kind->controls, hold = how->actions.kind == ACTIONS_HOLD ? how->actions.hold : 1;
    double uniform[SIM_MOST], limit = p->kind->control_max(p->settings);
    if (n > SIM_MOST)
        bug("plant %s has %d controls, at most %d fit", p->kind->name, n, SIM_MOST);
    for (int t = 0; t < steps; t++) {
        if (t % hold == 0)
            draw_uniform(sequence_draw(how, sequence, (uint32_t)(t / hold) + 1), n, uniform);
        for (int i = 0; i < n; i++)
            u[t * n + i] = how->actions.kind == ACTIONS_ZERO ? 0 : (float)(limit * (2 * uniform[i] - 1));
    }
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
