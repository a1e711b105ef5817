/* Mean squared errors, step by step and sequence by sequence. */
#include "judge/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sum of squared errors and how many. */
struct tally {
    double sum;
    uint64_t n;
};

struct mse {
    size_t first, last;
    struct tally *step;
    size_t steps, step_room;
    double *sequence; /* mean of each sequence that has one */
    size_t sequences, sequence_room;
    uint64_t unpredicted;
};

struct mse *mse_new(size_t first, size_t last)
{
    struct mse *m = xcalloc(1, sizeof *m);
    m->first = first;
    m->last = last;
    return m;
}

void mse_free(struct mse *m)
{
    if (!m)
        return;
    free(m->step);
    free(m->sequence);
    free(m);
}

static void need_steps(struct mse *m, size_t steps)
{
    if (steps > m->step_room) {
        size_t room = 2 * steps;
        m->step = xrealloc(m->step, room * sizeof *m->step);
        memset(m->step + m->step_room, 0, (room - m->step_room) * sizeof *m->step);
        m->step_room = room;
    }
    if (steps > m->steps)
        m->steps = steps;
}

static void keep_sequence(struct mse *m, double mean)
{
    if (m->sequences == m->sequence_room) {
        m->sequence_room = m->sequence_room ? 2 * m->sequence_room : 1024;
        m->sequence = xrealloc(m->sequence, m->sequence_room * sizeof *m->sequence);
    }
    m->sequence[m->sequences++] = mean;
}

/* Errors of one step; numbers that were not predicted are counted in m. */
static struct tally one_step(struct mse *m, size_t x, const double *a, const double *b)
{
    struct tally t = {0, 0};
    for (size_t i = 0; i < x; i++) {
        if (!isfinite(a[i]))
            continue;
        if (!isfinite(b[i])) {
            m->unpredicted++;
            continue;
        }
        t.sum += (b[i] - a[i]) * (b[i] - a[i]);
        t.n++;
    }
    return t;
}

void mse_add(struct mse *m, size_t steps, size_t x, const double *a, const double *b, const uint8_t *mask)
{
    struct tally whole = {0, 0};
    size_t end = m->last && m->last < steps ? m->last : steps;
    need_steps(m, end);
    for (size_t t = m->first; t < end; t++) {
        if (mask && !mask[t])
            continue;
        struct tally one = one_step(m, x, a + t * x, b + t * x);
        m->step[t].sum += one.sum;
        m->step[t].n += one.n;
        whole.sum += one.sum;
        whole.n += one.n;
    }
    if (whole.n)
        keep_sequence(m, whole.sum / (double)whole.n);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(size_t n, const double *v)
{
    if (!n)
        return NAN;
    double *sorted = xmalloc(n * sizeof *sorted);
    memcpy(sorted, v, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    double middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    free(sorted);
    return middle;
}

struct mse_score mse_score(const struct mse *m)
{
    struct tally all = {0, 0};
    for (size_t t = 0; t < m->steps; t++) {
        all.sum += m->step[t].sum;
        all.n += m->step[t].n;
    }
    return (struct mse_score){
        .mse = all.n ? all.sum / (double)all.n : NAN,
        .median = median(m->sequences, m->sequence),
        .sequences = m->sequences,
        .numbers = all.n,
        .unpredicted = m->unpredicted,
        .steps = m->steps,
    };
}

double mse_step(const struct mse *m, size_t t)
{
    return t < m->steps && m->step[t].n ? m->step[t].sum / (double)m->step[t].n : NAN;
}
