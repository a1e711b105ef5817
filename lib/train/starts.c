/* Several short trainings from different draws, of which the one with the lowest Lagrangian goes on. */
#include "train/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void position_init(struct position *p, const struct params *params)
{
    *p = (struct position){.value = xcalloc(params->size, sizeof(real)), .adam = adam_new(params), .score = INFINITY};
}

void position_free(struct position *p)
{
    free(p->value);
    adam_free(&p->adam);
    *p = (struct position){0};
}

void position_copy(struct position *to, const struct position *from, size_t size)
{
    memcpy(to->value, from->value, size * sizeof(real));
    memcpy(to->adam.m, from->adam.m, size * sizeof(real));
    memcpy(to->adam.v, from->adam.v, size * sizeof(real));
    memcpy(to->adam.steps, from->adam.steps, sizeof to->adam.steps);
    to->objective = from->objective;
    to->start = from->start;
    to->update = from->update;
    to->score = from->score;
}

void position_numbers(const struct position *p, double out[POSITION_NUMBERS])
{
    memcpy(out, &p->objective, sizeof p->objective);
    memcpy(out + OBJECTIVE_STATE_SIZE, (double[]){p->start, p->update, p->score}, 3 * sizeof *out);
    memcpy(out + OBJECTIVE_STATE_SIZE + 3, p->adam.steps, sizeof p->adam.steps);
}

void position_from_numbers(struct position *p, const double in[POSITION_NUMBERS])
{
    memcpy(&p->objective, in, sizeof p->objective);
    p->start = in[OBJECTIVE_STATE_SIZE];
    p->update = in[OBJECTIVE_STATE_SIZE + 1];
    p->score = in[OBJECTIVE_STATE_SIZE + 2];
    memcpy(p->adam.steps, in + OBJECTIVE_STATE_SIZE + 3, sizeof p->adam.steps);
}

uint64_t start_seed(const struct run *r)
{
    return r->s->seed + (uint64_t)r->now.start * 0x9e3779b97f4a7c15U;
}

void start_begin(struct run *r, int start)
{
    struct params *p = &r->model->params;
    r->now.start = start;
    r->now.update = 0;
    r->now.score = INFINITY;
    r->epoch = -1;
    r->sum_distortion = r->sum_rate = r->sum_n = 0; /* a line of metrics is about one start */
    r->end_distortion = r->end_rate = r->end_n = 0;
    r->skipped_in_row = 0;
    model_restart(r->model, start_seed(r));
    if (r->io->from)
        memcpy(p->value, r->io->from, p->size * sizeof(real));
    r->now.value = p->value;
    memset(r->now.adam.m, 0, p->size * sizeof(real));
    memset(r->now.adam.v, 0, p->size * sizeof(real));
    memset(r->now.adam.steps, 0, sizeof r->now.adam.steps);
    double d0 = r->now.objective.d0;
    r->objective->start(&r->s->objective, &r->now.objective);
    r->now.objective.d0 = d0;
}

void start_count(struct run *r, double distortion, double rate)
{
    int counted = (r->s->start_updates + 4) / 5;     /* the last fifth */
    counted += counted == 1 && r->s->crop_every > 0; /* of two one is on whole sequences, which alone are counted */
    if (r->starts_done >= r->s->starts || r->now.update <= r->s->start_updates - counted)
        return;
    r->end_distortion += distortion;
    r->end_rate += rate;
    r->end_n++;
}

/* ℛ + λ𝒟 of the batches at the end of a short training, 𝒟 above its constant. A mean over many updates, because at the full learning
 * rate the last one alone tells little: it differs from its neighbours more than the starts do. λ is that of the end of the first start
 * that did not diverge, so that all are judged alike. Infinite λ (annealing, before the rate has a weight): 𝒟. */
static double lagrangian(struct run *r)
{
    if (r->end_n == 0)
        return INFINITY;
    if (r->score_lambda == 0)
        r->score_lambda = r->now.objective.lambda;
    double excess = r->end_distortion / r->end_n - distortion_constant(r->numbers, model_settings(r->model)->sigma_x2);
    return isfinite(r->score_lambda) ? r->end_rate / r->end_n + r->score_lambda * excess : excess;
}

bool start_finish(struct run *r, bool lost)
{
    size_t size = r->model->params.size;
    double score = lost ? INFINITY : lagrangian(r);
    r->now.score = isfinite(score) ? score : INFINITY;
    r->score[r->starts_done++] = r->now.score;
    if (r->starts_done == 1 || r->now.score < r->best.score)
        position_copy(&r->best, &r->now, size);
    r->skipped_in_row = 0;
    if (r->starts_done < r->s->starts) {
        start_begin(r, r->starts_done);
        return true;
    }
    position_copy(&r->now, &r->best, size);
    r->epoch = -1;
    r->sum_distortion = r->sum_rate = r->sum_n = 0;
    return !lost || isfinite(r->best.score);
}
