/* Objectives: constrained optimisation, annealing, ELBO. Each turns the distortion of a batch into weights. */
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double distortion_constant(double numbers, double sigma_x2)
{
    return 0.5 * numbers * log(2 * M_PI * sigma_x2);
}

int objective_d0(const char *text, double numbers, double sigma_x2, double *d0, bool *automatic, struct error *e)
{
    const char *colon = strchr(text, ':');
    char *end = NULL;
    double value = colon ? strtod(colon + 1, &end) : 0, constant_part = distortion_constant(numbers, sigma_x2);
    *automatic = strcmp(text, "auto") == 0;
    if (*automatic)
        return DSSM_OK;
    bool number = colon && end != colon + 1 && *end == '\0' && isfinite(value);
    if (number && strncmp(text, "nats:", 5) == 0)
        *d0 = value;
    else if (number && strncmp(text, "excess:", 7) == 0 && value > 0)
        *d0 = constant_part + value;
    else if (number && strncmp(text, "rmse:", 5) == 0 && value > 0)
        *d0 = constant_part + numbers * value * value / (2 * sigma_x2);
    else
        return error_set(e, DSSM_USAGE, "--d0: expected auto, excess:N, rmse:E (both positive) or nats:N, got \"%s\"", text);
    return DSSM_OK;
}

unsigned objective_moving(const struct objective_settings *s, const struct objective_state *o)
{
    return o->main_phase > 0 || s->initial == INITIAL_ALL ? GROUP_ALL : GROUP_THETA | GROUP_PHI;
}

/* ---- constrained optimisation: REWO for deep state-space models, Algorithm 1 ---- */

static void co_start(const struct objective_settings *s, struct objective_state *o)
{
    o->lambda = s->lambda0;
    o->main_phase = 0;
    o->main_since = -1;
    o->lowest = INFINITY;
    o->started = 0;
}

/* f_λ(λ, δ) of eq. (8): while the bound is violated −τ₂, which lets λ grow; else towards 1 from either side. */
static double co_slope(const struct objective_settings *s, double lambda, double delta)
{
    return delta > 0 ? -s->tau2 : tanh(s->tau1 * (1 / lambda - 1));
}

static struct objective_weights co_weights(const struct objective_settings *s, const struct objective_state *o, int update)
{
    (void)s, (void)update;
    double unit = fmax(1, o->lambda); /* keeps Adam's inputs on one scale */
    return (struct objective_weights){o->lambda / unit, 1 / unit};
}

static struct objective_weights co_advance(const struct objective_settings *s, struct objective_state *o, int update, double distortion)
{
    o->distortion = o->started > 0 ? (1 - s->alpha) * distortion + s->alpha * o->distortion : distortion;
    o->started = 1;
    double delta = o->distortion - o->d0;
    double change = -s->nu * co_slope(s, o->lambda, delta) * delta;
    o->lambda *= exp(fmax(-s->lambda_bound, fmin(s->lambda_bound, change)));
    o->lowest = fmin(o->lowest, o->distortion);
    if (delta <= 0 && o->main_phase == 0) {
        o->main_phase = 1;
        o->main_since = update;
    }
    return co_weights(s, o, update);
}

/* ---- annealing: 𝒟 + βℛ, β from 0 to 1 ---- */

static void annealing_start(const struct objective_settings *s, struct objective_state *o)
{
    (void)s;
    o->lambda = INFINITY;
    o->main_phase = 1;
    o->main_since = 0;
    o->lowest = INFINITY;
    o->started = 0;
}

static struct objective_weights annealing_weights(const struct objective_settings *s, const struct objective_state *o, int update)
{
    (void)o;
    return (struct objective_weights){1, fmax(0, fmin(1, (double)(update - s->anneal_after) / s->anneal_updates))};
}

static struct objective_weights annealing_advance(const struct objective_settings *s, struct objective_state *o, int update,
                                                  double distortion)
{
    struct objective_weights w = annealing_weights(s, o, update);
    o->distortion = distortion;
    o->lowest = fmin(o->lowest, distortion);
    o->started = 1;
    o->lambda = 1 / w.rate;
    return w;
}

/* ---- the plain evidence lower bound ---- */

static struct objective_weights elbo_weights(const struct objective_settings *s, const struct objective_state *o, int update)
{
    (void)s, (void)o, (void)update;
    return (struct objective_weights){1, 1};
}

static struct objective_weights elbo_advance(const struct objective_settings *s, struct objective_state *o, int update, double distortion)
{
    o->distortion = distortion;
    o->lowest = fmin(o->lowest, distortion);
    o->started = 1;
    o->lambda = 1;
    return elbo_weights(s, o, update);
}

static const struct objective_kind objective_co = {"co", co_start, co_advance, co_weights};
static const struct objective_kind objective_annealing = {"annealing", annealing_start, annealing_advance, annealing_weights};
static const struct objective_kind objective_elbo = {"elbo", annealing_start, elbo_advance, elbo_weights};

const struct objective_kind *const objective_kinds[] = {&objective_co, &objective_annealing, &objective_elbo, NULL};
