/* The return of a policy in a model's dreams, and its gradient through the learned transition. */
#include "control/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Purposes: which belief a dream begins with, its draw from it, and where whose position is its goal. */
enum { NOISE_BEGINNING = 110, NOISE_BEGINNING_STATE, NOISE_GOAL };
static const double FULL = 0.95; /* of u_max */

/* Dreams side by side on one tape. */
struct dream_chunk {
    struct tape *tape;
    int lanes;
    var *sum;  /* Σ_t r_{t+1}, 1×lanes */
    var *cost; /* Σ_t of the outputs', 1×lanes; NULL: none */
    double last, full;
    uint32_t number[DREAM_CHUNK];
    real *gradient; /* joined.size */
};

struct return_engine {
    const struct model *m;
    const struct policy *p;
    const struct goal *g;
    const struct beginnings *b;
    const struct learn_settings *s;
    struct pool *pool;
    struct params joined; /* the model's entries, whose groups never move, and behind them the policy's */
    int chunks, update;
    double calm; /* cost of an output of 1 */
    double most; /* length of the gradient of one dream's state; 0: any */
    struct dream_chunk *chunk;
};

/* ---- one table of two ---- */

static void append(struct params *to, const struct params *from, bool moves)
{
    for (int i = 0; i < from->n; i++) {
        const struct param *e = &from->entry[i];
        char *name = xasprintf("%s/%s", moves ? "omega" : "model", e->name);
        int index = params_add(to, name, e->rows, e->cols, moves ? e->group : 0, e->rate);
        memcpy(params_value(to, index), from->value + e->offset, sizeof(real) * (size_t)e->rows * (size_t)e->cols);
        free(name);
    }
}

/* Mean length of the gradient of −d² with respect to the state, over the beginnings' means. */
static double steepness(const struct goal *g, const struct beginnings *b)
{
    double sum = 0;
    for (int k = 0; k < b->n; k++) {
        double square = 0;
        for (int i = 0; i < g->n; i++) {
            double slope = 2 * goal_away(g, b, k, i) / (g->spread[i] > 0 ? g->spread[i] : 1);
            square += slope * slope;
        }
        sum += sqrt(square);
    }
    return sum / b->n;
}

struct return_engine *return_new(const struct model *m, const struct policy *p, const struct goal *g, const struct beginnings *b,
                                 const struct learn_settings *s, struct pool *pool)
{
    struct return_engine *r = xcalloc(1, sizeof *r);
    *r = (struct return_engine){.m = m, .p = p, .g = g, .b = b, .s = s, .pool = pool};
    params_init(&r->joined);
    append(&r->joined, &m->params, false);
    append(&r->joined, &p->params, true);
    double distance = g->width > 0 ? g->width : goal_distance(g, b);
    r->calm = s->calm * distance * distance;
    r->most = s->state_clip * steepness(g, b) / ((double)(s->horizon - 1) * s->batch);
    r->chunks = (s->batch + DREAM_CHUNK - 1) / DREAM_CHUNK;
    r->chunk = xcalloc((size_t)r->chunks, sizeof *r->chunk);
    for (int i = 0; i < r->chunks; i++) {
        r->chunk[i].tape = tape_new();
        r->chunk[i].gradient = xcalloc(r->joined.size, sizeof(real));
    }
    return r;
}

void return_free(struct return_engine *r)
{
    if (!r)
        return;
    for (int i = 0; i < r->chunks; i++) {
        tape_free(r->chunk[i].tape);
        free(r->chunk[i].gradient);
    }
    free(r->chunk);
    params_free(&r->joined);
    free(r);
}

/* ---- a dream ---- */

/* Rows from..from+n-1 of the beginnings' columns column[0..lanes-1], a constant. */
static var *gather(struct tape *t, const struct beginnings *b, int from, int n, const int *column, int lanes)
{
    var *out = constant(t, n, lanes);
    for (int i = 0; i < n; i++)
        for (int l = 0; l < lanes; l++)
            out->v[i * lanes + l] = b->v[(size_t)(from + i) * (size_t)b->n + (size_t)column[l]];
    return out;
}

/* Columns of the beginnings, drawn uniformly, one for each of the chunk's dreams. */
static void draw_columns(const struct return_engine *r, const struct dream_chunk *c, uint32_t purpose, int *column)
{
    for (int l = 0; l < c->lanes; l++) {
        double u;
        draw_uniform((struct draw){r->s->seed, purpose, (uint32_t)r->update, c->number[l], 0}, 1, &u);
        column[l] = (int)(u * r->b->n) < r->b->n ? (int)(u * r->b->n) : r->b->n - 1;
    }
}

/* Goals of the chunk's dreams, n×lanes, where each has its own: positions that the data have. NULL where all have the same. */
static var *draw_goals(const struct return_engine *r, const struct dream_chunk *c)
{
    int column[DREAM_CHUNK];
    if (!r->g->any)
        return NULL;
    draw_columns(r, c, NOISE_GOAL, column);
    return gather(c->tape, r->b, r->g->from, r->g->n, column, c->lanes);
}

/* z_1 of the chunk's dreams: a belief drawn uniformly, and a draw from it. */
static struct latent begin_dreams(struct return_engine *r, struct dream_chunk *c)
{
    const struct beginnings *b = r->b;
    int column[DREAM_CHUNK], dz = b->dz;
    var *noise = constant(c->tape, dz, c->lanes);
    draw_columns(r, c, NOISE_BEGINNING, column);
    for (int l = 0; l < c->lanes; l++)
        draw_normal_strided((struct draw){r->s->seed, NOISE_BEGINNING_STATE, (uint32_t)r->update, c->number[l], 0}, dz, noise->v + l,
                            (size_t)c->lanes);
    var *mean = gather(c->tape, b, 0, dz, column, c->lanes), *L = gather(c->tape, b, dz, dz * dz, column, c->lanes);
    var *memory = b->memory > 0 ? gather(c->tape, b, dz + dz * dz, b->memory, column, c->lanes) : NULL;
    return (struct latent){sample_full(c->tape, mean, L, noise), memory};
}

static double sum_of(const var *a)
{
    double sum = 0;
    for (int l = 0; l < a->lanes; l++)
        sum += (double)a->v[l];
    return sum;
}

/* How many controls are nearly as large as they may be. */
static int count_full(const var *u, double u_max)
{
    int full = 0;
    for (int i = 0; i < u->rows * u->lanes; i++)
        full += fabs((double)u->v[i]) > FULL * u_max;
    return full;
}

/* H − 1 steps of the policy in the model. */
static void dream(struct return_engine *r, struct dream_chunk *c)
{
    struct tape *t = c->tape;
    const struct model *m = r->m;
    int steps = r->s->horizon - 1, quarter = steps - (steps + 3) / 4;
    struct noise noise = {r->s->seed, (uint32_t)r->update, false};
    struct batch lanes = {.T = 1, .B = c->lanes, .dx = m->dx, .du = m->du, .sequence = c->number};
    struct latent now = begin_dreams(r, c);
    var *told = draw_goals(r, c);
    for (int s = 0; s < steps; s++) {
        var *wobble = r->p->s.noise > 0 ? noise_steps(t, &noise, NOISE_CONTROL, &lanes, m->du, s, 1) : NULL;
        var *wish = policy_wish(t, r->p, m->params.n, now.z, told), *u = policy_bound(t, r->p, wish, wobble), *memory = now.memory;
        struct gauss next = m->kind->step(m, t, now, u, &memory);
        now = (struct latent){
            gauss_sample(t, next, r->s->means ? NULL : noise_steps(t, &noise, NOISE_ROLLOUT, &lanes, next.mean->rows, s + 1, 1)), memory};
        if (r->most > 0)
            now.z = tame(t, now.z, r->most);
        var *reward = goal_reward(t, r->g, now.z, told);
        c->sum = s > 0 ? add(t, c->sum, reward) : reward;
        if (r->calm > 0) {
            var *cost = scale(t, sum_rows(t, v_square(t, wish)), r->calm);
            c->cost = s > 0 ? add(t, c->cost, cost) : cost;
        }
        c->full += count_full(u, r->p->s.u_max);
        if (s >= quarter)
            c->last += sum_of(reward);
    }
}

static void forward_job(void *arg, int i, int worker)
{
    (void)worker;
    struct return_engine *r = arg;
    struct dream_chunk *c = &r->chunk[i];
    int left = r->s->batch - i * DREAM_CHUNK;
    c->lanes = left < DREAM_CHUNK ? left : DREAM_CHUNK;
    c->last = c->full = 0;
    for (int l = 0; l < c->lanes; l++)
        c->number[l] = (uint32_t)(i * DREAM_CHUNK + l);
    tape_begin(c->tape, &r->joined, c->gradient, GROUP_ALL);
    dream(r, c);
}

struct return_result return_forward(struct return_engine *r, int update)
{
    size_t own = r->p->params.size;
    memcpy(r->joined.value + r->joined.size - own, r->p->params.value, sizeof(real) * own);
    r->update = update;
    pool_run(r->pool, r->chunks, forward_job, r);
    struct return_result sum = {0};
    for (int i = 0; i < r->chunks; i++) {
        sum.reward += sum_of(r->chunk[i].sum);
        sum.cost += r->chunk[i].cost ? sum_of(r->chunk[i].cost) : 0;
        sum.last += r->chunk[i].last;
        sum.full += r->chunk[i].full;
    }
    double steps = r->s->horizon - 1, n = r->s->batch;
    return (struct return_result){.reward = sum.reward / (steps * n),
                                  .cost = sum.cost / (steps * n),
                                  .last = sum.last / (floor((steps + 3) / 4) * n),
                                  .full = sum.full / (steps * n * r->m->du)};
}

static void backward_job(void *arg, int i, int worker)
{
    (void)worker;
    struct return_engine *r = arg;
    double share = 1.0 / ((double)(r->s->horizon - 1) * r->s->batch);
    var_seed(r->chunk[i].sum, NULL, (real)-share);
    if (r->chunk[i].cost)
        var_seed(r->chunk[i].cost, NULL, (real)share);
    tape_backward(r->chunk[i].tape);
}

double return_backward(struct return_engine *r, real *gradient)
{
    real *part[r->chunks];
    pool_run(r->pool, r->chunks, backward_job, r);
    for (int i = 0; i < r->chunks; i++) /* ω stands behind the model's, laid out as in its own table */
        part[i] = r->chunk[i].gradient + r->joined.size - r->p->params.size;
    return gradient_sum(&r->p->params, GROUP_ALL, r->chunks, part, gradient);
}
