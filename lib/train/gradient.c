/* The bound of a batch and its gradient: chunks on the workers of a pool, sums in chunk order. */
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct tape *tape;
    real factor[CHUNK];         /* how often a sequence's losses count */
    struct batch batch, before; /* before: the frames before sub-sequences, for models that ask */
    struct error error;         /* its code is 0 unless the chunk's sequences could not be read */
    struct loss loss;
    real *gradient; /* params.size */
};

struct gradient_engine {
    const struct model *model;
    model_loss *loss;
    const struct dataset *data;
    struct pool *pool;
    int chunks; /* that there is room for */
    struct chunk *chunk;
    /* the batch at hand */
    const int *pick, *from;
    int n, T;
    unsigned moving;
    const struct noise *noise;
    struct objective_weights weights;
};

struct gradient_engine *gradient_new(const struct model *m, const struct dataset *d, int batch, struct pool *pool)
{
    struct gradient_engine *g = xcalloc(1, sizeof *g);
    g->model = m;
    g->loss = m->kind->loss;
    g->data = d;
    g->pool = pool;
    g->chunks = (batch + CHUNK - 1) / CHUNK;
    g->chunk = xcalloc((size_t)g->chunks, sizeof *g->chunk);
    for (int i = 0; i < g->chunks; i++) {
        g->chunk[i].tape = tape_new();
        g->chunk[i].gradient = xcalloc(m->params.size, sizeof(real));
    }
    return g;
}

void gradient_set_loss(struct gradient_engine *g, model_loss *loss)
{
    g->loss = loss;
}

void gradient_free(struct gradient_engine *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->chunks; i++) {
        tape_free(g->chunk[i].tape);
        batch_free(&g->chunk[i].batch);
        batch_free(&g->chunk[i].before);
        free(g->chunk[i].gradient);
    }
    free(g->chunk);
    free(g);
}

/* How many of the batch's sequences chunk i has. */
static int chunk_size(const struct gradient_engine *g, int i)
{
    int left = g->n - i * CHUNK;
    return left < CHUNK ? left : CHUNK;
}

/* Steps of each sequence of chunk i, from where its part begins or, of those that have a step before it, so many steps earlier; and lane l
 * for piece l. */
static int fetch(const struct gradient_engine *g, int i, int earlier, size_t steps, struct record *piece, int *lane, struct error *e)
{
    for (int l = 0; l < chunk_size(g, i); l++) {
        int at = i * CHUNK + l, from = g->from ? g->from[at] : 0;
        if (dataset_piece(g->data, g->pick[at], (size_t)(from >= earlier ? from - earlier : from), steps, &piece[l], e)) {
            dataset_pieces_free(g->data, piece, l);
            return e->code;
        }
        lane[l] = l;
    }
    return DSSM_OK;
}

/* The batch of chunk i, and how often each of its sequences counts. */
static int fill_chunk(const struct gradient_engine *g, struct chunk *c, int i, struct error *e)
{
    struct record piece[CHUNK] = {0};
    int n = chunk_size(g, i), lane[CHUNK] = {0};
    if (fetch(g, i, 0, (size_t)g->T, piece, lane, e))
        return e->code;
    batch_refill(&c->batch, piece, lane, n, g->model->dx, g->model->du, 0, g->T);
    for (int l = 0; l < n; l++) {
        int sequence = g->pick[i * CHUNK + l];
        c->factor[l] = (real)((double)record_steps(&g->data->record[sequence]) / (double)record_steps(&piece[l]));
        c->batch.sequence[l] = (uint32_t)sequence;
    }
    dataset_pieces_free(g->data, piece, n);
    return DSSM_OK;
}

/* The frames before the chunk's parts. A part that its sequence begins with has none: what stands in its lane is not seen. */
static int fill_before(const struct gradient_engine *g, struct chunk *c, int i, struct error *e)
{
    struct record piece[CHUNK] = {0};
    int n = chunk_size(g, i), lane[CHUNK] = {0};
    if (fetch(g, i, 1, 1, piece, lane, e))
        return e->code;
    batch_refill(&c->before, piece, lane, n, g->model->dx, g->model->du, 0, 1);
    for (int l = 0; l < n; l++)
        if (g->from[i * CHUNK + l] == 0) {
            c->before.seen[l] = 0;
            c->before.all_seen = false;
        }
    c->batch.before = &c->before;
    dataset_pieces_free(g->data, piece, n);
    return DSSM_OK;
}

static bool reaches_back(const struct gradient_engine *g)
{
    const struct model *m = g->model;
    return g->from && m->kind->reaches_back && m->kind->reaches_back(m);
}

static void forward_job(void *arg, int i, int worker)
{
    (void)worker;
    struct gradient_engine *g = arg;
    struct chunk *c = &g->chunk[i];
    c->error.code = fill_chunk(g, c, i, &c->error);
    if (!c->error.code && reaches_back(g))
        c->error.code = fill_before(g, c, i, &c->error);
    if (c->error.code)
        return;
    tape_begin(c->tape, &g->model->params, c->gradient, g->moving);
    c->loss = g->loss(g->model, c->tape, &c->batch, g->noise);
}

static double sum_of(const var *a, const real *factor)
{
    double sum = 0;
    for (int l = 0; l < a->lanes; l++)
        sum += (double)factor[l] * (double)a->v[l];
    return sum;
}

int gradient_forward(struct gradient_engine *g, const int *pick, int n, const int *from, int T, unsigned moving, const struct noise *noise,
                     struct batch_result *out, struct error *e)
{
    g->pick = pick, g->n = n, g->from = from, g->T = T, g->moving = moving, g->noise = noise;
    int chunks = (n + CHUNK - 1) / CHUNK;
    pool_run(g->pool, chunks, forward_job, g);
    struct batch_result r = {0, 0};
    for (int i = 0; i < chunks; i++) {
        if (g->chunk[i].error.code)
            return error_set(e, g->chunk[i].error.code, "%s", g->chunk[i].error.text);
        r.distortion += sum_of(g->chunk[i].loss.distortion, g->chunk[i].factor);
        r.rate += sum_of(g->chunk[i].loss.rate, g->chunk[i].factor);
    }
    r.distortion /= n;
    r.rate /= n;
    *out = r;
    return DSSM_OK;
}

static void backward_job(void *arg, int i, int worker)
{
    (void)worker;
    struct gradient_engine *g = arg;
    struct chunk *c = &g->chunk[i];
    var_seed(c->loss.distortion, c->factor, (real)(g->weights.distortion / g->n));
    var_seed(c->loss.rate, c->factor, (real)(g->weights.rate / g->n));
    tape_backward(c->tape);
}

double gradient_sum(const struct params *p, unsigned moving, int n, real *const *part, real *gradient)
{
    double square = 0;
    for (int e = 0; e < p->n; e++) {
        const struct param *entry = &p->entry[e];
        if (!(entry->group & moving))
            continue;
        size_t from = entry->offset, count = (size_t)entry->rows * (size_t)entry->cols;
        memcpy(gradient + from, part[0] + from, count * sizeof(real));
        for (int i = 1; i < n; i++)
            for (size_t j = from; j < from + count; j++)
                gradient[j] += part[i][j];
        real length = 0; /* single precision is enough for a guard, and vectorises */
        for (size_t j = from; j < from + count; j++)
            length += gradient[j] * gradient[j];
        square += (double)length;
    }
    return sqrt(square);
}

void gradient_shorten(real *gradient, size_t n, double norm, double most)
{
    if (norm <= most)
        return;
    real factor = (real)(most / norm);
    for (size_t i = 0; i < n; i++)
        gradient[i] *= factor;
}

double gradient_backward(struct gradient_engine *g, struct objective_weights w, unsigned moving, real *gradient)
{
    int chunks = (g->n + CHUNK - 1) / CHUNK;
    real *part[chunks];
    g->weights = w;
    pool_run(g->pool, chunks, backward_job, g);
    for (int i = 0; i < chunks; i++)
        part[i] = g->chunk[i].gradient;
    return gradient_sum(&g->model->params, moving, chunks, part, gradient);
}
