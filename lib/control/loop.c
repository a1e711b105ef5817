/* The closed loop: observation, filter, policy, control, and the stream that it leaves. */
#include "control/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct loop {
    const struct model *m;
    const struct policy *p;
    struct loop_settings s;
    const char *program, *command;
    FILE *out;
    json_t *header;        /* of the output; NULL before the first plant has told its fields */
    struct writer *writer; /* of the output */
    struct online *filter;
    struct tape *tape; /* the policy's */
    uint64_t steps;
};

/* A plant that is running. */
struct talk {
    struct child child;
    struct reader *in;  /* its observations */
    struct writer *out; /* its controls */
    char *id;           /* that it gives its records */
};

struct loop *loop_new(const struct model *m, const struct policy *p, const struct loop_settings *s, const char *program,
                      const char *command, FILE *out)
{
    struct loop *l = xcalloc(1, sizeof *l);
    *l = (struct loop){.m = m, .p = p, .s = *s, .program = program, .command = command, .out = out};
    l->filter = online_new(m, NULL);
    l->tape = tape_new();
    return l;
}

uint64_t loop_steps(const struct loop *l)
{
    return l->steps;
}

int loop_close(struct loop *l, struct error *e)
{
    int status = l->writer ? writer_close(l->writer, e) : DSSM_OK;
    json_decref(l->header);
    online_free(l->filter);
    tape_free(l->tape);
    free(l);
    return status;
}

/* ---- headers ---- */

/* Describes u in a header: by what the plant says of its control, if it does. */
static void describe_controls(json_t *header, const json_t *plant, int du)
{
    const json_t *control = json_object_get(plant, "control");
    header_field(header, "u", DT_F4, 1, &(size_t){(size_t)du}, "control, acts from step t to step t+1; the last one was not sent", NULL,
                 NULL, NULL);
    json_t *u = json_object_get(json_object_get(header, "fields"), "u");
    static const char *const keys[] = {"meaning", "unit", "names", "kinds"};
    for (int i = 0; i < 4; i++)
        if (json_object_get(control, keys[i]))
            json_object_set(u, keys[i], json_object_get(control, keys[i]));
}

/* What the plant says of its control must fit the model. */
static int check_control(const json_t *plant, int du, struct error *e)
{
    const json_t *control = json_object_get(plant, "control"), *shape = json_object_get(control, "shape");
    if (!control)
        return DSSM_OK;
    if (json_array_size(shape) != 1 || json_integer_value(json_array_get(shape, 0)) != du) {
        char *text = json_text(shape);
        error_set(e, DSSM_BAD_INPUT, "header: control: the model has %d controls, expected shape [%d], got %.100s", du, du, text);
        free(text);
        return e->code;
    }
    return DSSM_OK;
}

static json_t *output_header(const struct loop *l, const json_t *plant)
{
    size_t dz = (size_t)l->p->dz;
    json_t *header = header_copy(plant), *history = json_deep_copy(l->p->history);
    json_object_del(header, "control");
    describe_controls(header, plant, l->p->du);
    header_field(header, "z", DT_F4, 1, &dz, "filtered mean of the latent state", NULL, NULL, NULL);
    header_field(header, "z_cov", DT_F4, 2, (const size_t[]){dz, dz}, "filtered covariance of the latent state", NULL, NULL, NULL);
    json_array_extend(history, json_object_get(plant, "history"));
    json_object_set_new(header, "history", history);
    header_history(header, l->program, l->command, true, l->s.seed);
    return header;
}

/* Begins the output with the first plant; a later one must have the same fields. */
static int take_header(struct loop *l, const json_t *plant, struct error *e)
{
    if (!header_get_field(plant, "x"))
        return error_set(e, DSSM_BAD_INPUT, "header: expected a field x, got none");
    if (check_control(plant, l->p->du, e))
        return e->code;
    json_t *header = output_header(l, plant);
    if (!l->writer) {
        l->header = header;
        l->writer = writer_open(l->out, header, false, e);
        return l->writer ? DSSM_OK : e->code;
    }
    bool same = json_equal(json_object_get(header, "fields"), json_object_get(l->header, "fields"));
    json_decref(header);
    return same ? DSSM_OK : error_set(e, DSSM_BAD_INPUT, "header: its fields are not those of the episode before");
}

/* ---- talking to the plant ---- */

static struct writer *open_controls(const struct loop *l, FILE *to, struct error *e)
{
    json_t *header = header_new();
    header_field(header, "u", DT_F4, 1, &(size_t){(size_t)l->p->du}, "control", NULL, NULL, NULL);
    header_history(header, l->program, l->command, true, l->s.seed);
    struct writer *w = writer_open(to, header, false, e);
    if (w)
        writer_flush(w, NULL); /* a plant that has gone shows when it is listened to */
    json_decref(header);
    return w;
}

/* After something was told to the plant: does it read, and was nobody asked to stop? One that has gone shows when it is listened to. */
static int check_hearing(const struct loop *l, const struct talk *k, struct error *e)
{
    if (k->child.deaf)
        return error_set(e, DSSM_FAILURE, "plant: it has not read its controls for %g s", k->child.patience);
    if (l->s.stop && *l->s.stop)
        return error_set(e, DSSM_FAILURE, "plant: stopped by signal %d", (int)*l->s.stop);
    return DSSM_OK;
}

static int begin_talk(struct loop *l, struct talk *k, char **argv, struct error *e)
{
    struct stream_limits limits = stream_limits_default;
    limits.patience = l->s.start_patience;
    limits.stop = l->s.stop;
    *k = (struct talk){0};
    if (child_start(&k->child, argv, e))
        return e->code;
    k->child.patience = l->s.start_patience;
    k->child.stop = l->s.stop;
    k->out = open_controls(l, k->child.to, e);
    if (check_hearing(l, k, e))
        return e->code;
    if (!k->out)
        return error_prefix(e, "plant");
    k->in = reader_open(k->child.from, "plant", &limits, e);
    return k->in ? DSSM_OK : e->code;
}

/* Ends the conversation. In good order: controls end, the plant's last words are heard (if listen), it ends; tells what is wrong with that.
 * After an error the controls break off without a trailer, so that the plant knows; adds to the error how the plant ended. */
static void end_talk(struct loop *l, struct talk *k, bool listen, struct error *e)
{
    struct record rec;
    char how[160];
    record_init(&rec);
    if (k->out && e->code == DSSM_OK) {
        writer_close(k->out, NULL);
        check_hearing(l, k, e);
    } else {
        writer_abandon(k->out);
    }
    child_hang_up(&k->child);
    while (listen && e->code == DSSM_OK && k->in) {
        int got = reader_next(k->in, &rec, e);
        if (got > 0)
            error_set(e, DSSM_BAD_INPUT, "plant: an observation more than there were controls for");
        if (got <= 0)
            break;
    }
    record_clear(&rec);
    reader_close(k->in);
    child_end(&k->child, e->code == DSSM_OK ? l->s.patience : 1, how, sizeof how);
    if (how[0] && e->code == DSSM_OK)
        error_set(e, DSSM_FAILURE, "plant: %s", how);
    else if (how[0] && (e->code == DSSM_CUT_SHORT || e->code == DSSM_FAILURE)) {
        struct error before = *e;
        error_set(e, before.code, "%.800s; %s", before.text, how);
    }
    free(k->id);
}

/* Is it one observation of this episode? A number that is none was not observed, and must say so by its mask. */
static int check_observation(const struct loop *l, struct talk *k, struct record *rec, struct error *e)
{
    const struct array *x = record_get(rec, "x"), *mask = record_get(rec, "mask");
    if (!k->id)
        k->id = xstrdup(rec->id);
    if (strcmp(k->id, rec->id) != 0)
        return error_set(e, DSSM_BAD_INPUT, "id: expected \"%.100s\" as before, got \"%.100s\"", k->id, rec->id);
    if (x->shape[0] != 1)
        return error_set(e, DSSM_BAD_INPUT, "field x: expected one step, got %zu", x->shape[0]);
    if (array_step(x) != (size_t)l->m->dx)
        return error_set(e, DSSM_BAD_INPUT, "field x: the model expects %d numbers a step, got %zu", l->m->dx, array_step(x));
    if (!array_finite(x) && !(mask && array_get(mask, 0) == 0))
        return error_set(e, DSSM_BAD_INPUT, "field x: expected finite numbers (or mask 0 for an observation that is missing)");
    record_remove(rec, "u"); /* places that are ours */
    record_remove(rec, "z");
    record_remove(rec, "z_cov");
    return DSSM_OK;
}

static struct array float_array(const real *v, int n)
{
    struct array a = array_new(DT_F4, 2, (const size_t[]){1, (size_t)n});
    for (int i = 0; i < n; i++)
        ((float *)a.data)[i] = (float)v[i];
    return a;
}

/* The episode's goal, Dg×1, for a policy that is told it; else NULL. */
static var *told_goal(const struct loop *l, uint32_t episode)
{
    if (l->p->dg == 0)
        return NULL;
    var *out = constant(l->tape, l->p->dg, 1);
    const struct goal *g = &l->s.goals[l->s.n_goals > 1 ? (int)episode : 0];
    for (int i = 0; i < l->p->dg; i++)
        out->v[i] = (real)g->value[i];
    return out;
}

/* Uniform in ±u_max: Du numbers. */
static void act_at_random(const struct loop *l, uint32_t episode, int step, real *u)
{
    double draws[l->p->du];
    draw_uniform((struct draw){l->s.seed, NOISE_CONTROL, 0, episode, (uint32_t)step}, l->p->du, draws);
    for (int i = 0; i < l->p->du; i++)
        u[i] = (real)(l->p->s.u_max * (2 * draws[i] - 1));
}

/* What the policy does where the filter believes z to be, or what is drawn in its place: Du numbers. */
static int act(struct loop *l, const struct array *z, uint32_t episode, int step, real *u, struct error *e)
{
    if (l->s.random) {
        act_at_random(l, episode, step, u);
        return DSSM_OK;
    }
    struct tape *t = l->tape;
    tape_begin(t, &l->p->params, NULL, 0);
    var *state = constant(t, l->p->dz, 1), *noise = NULL;
    for (int i = 0; i < l->p->dz; i++)
        state->v[i] = (real)array_get(z, (size_t)i);
    if (l->s.noise && l->p->s.noise > 0) {
        struct batch lane = {.T = 1, .B = 1, .sequence = &episode};
        noise = noise_steps(t, &(struct noise){.seed = l->s.seed}, NOISE_CONTROL, &lane, l->p->du, step, 1);
    }
    const var *chosen = policy_apply(t, l->p, 0, state, told_goal(l, episode), noise);
    for (int i = 0; i < l->p->du; i++) {
        u[i] = chosen->v[i];
        if (!isfinite(u[i]))
            return error_set(e, DSSM_DIVERGED, "step %d: the policy's control is %g", step + 1, (double)u[i]);
    }
    return DSSM_OK;
}

/* Belief after the observation, the control that follows, and both into the record. */
static int answer(struct loop *l, struct record *rec, uint32_t episode, int step, real *u, struct error *e)
{
    struct beliefs z;
    real nothing[l->p->du];
    memset(nothing, 0, sizeof nothing);
    record_put(rec, "u", float_array(nothing, l->p->du)); /* the filter wants one, which online_act replaces */
    online_next(l->filter, rec, step > 0, &z);
    bool finite = array_finite(&z.mean) && array_finite(&z.cov);
    int status = finite ? act(l, &z.mean, episode, step, u, e)
                        : error_set(e, DSSM_DIVERGED, "step %d: the belief has numbers that are not finite", step + 1);
    record_put(rec, "z", z.mean);
    record_put(rec, "z_cov", z.cov);
    if (status)
        return status;
    online_act(l->filter, u);
    record_put(rec, "u", float_array(u, l->p->du));
    return DSSM_OK;
}

static int send_control(const struct loop *l, struct talk *k, const real *u, struct error *e)
{
    struct record rec;
    record_init(&rec);
    record_set_id(&rec, k->id);
    record_put(&rec, "u", float_array(u, l->p->du));
    if (writer_put(k->out, &rec, NULL) == DSSM_OK)
        writer_flush(k->out, NULL);
    record_clear(&rec);
    return check_hearing(l, k, e);
}

/* Step after step until T, the plant's own end (then *over is set), or an error. */
static int go_through(struct loop *l, struct talk *k, struct episode *sequence, uint32_t number, bool *over, struct error *e)
{
    struct record rec;
    int status = DSSM_OK;
    real u[l->p->du];
    record_init(&rec);
    for (int step = 0; step < l->s.steps && status == DSSM_OK; step++) {
        if (step > 0 && (status = send_control(l, k, u, e)))
            break;
        int got = reader_next(k->in, &rec, e);
        *over = got == 0;
        if (got <= 0) {
            status = got < 0 ? e->code : step == 0 ? error_set(e, DSSM_BAD_INPUT, "plant: ended before its first observation") : DSSM_OK;
            break;
        }
        reader_patience(k->in, l->s.patience); /* the plant has started */
        k->child.patience = l->s.patience;
        if ((status = check_observation(l, k, &rec, e))) {
            error_prefix(e, "plant: record %d", step + 1);
            break;
        }
        if ((status = answer(l, &rec, number, step, u, e)) == DSSM_OK)
            status = episode_add(sequence, &rec, e);
        l->steps++;
    }
    record_clear(&rec);
    return status;
}

int loop_episode(struct loop *l, char **argv, uint32_t number, struct error *e)
{
    struct talk k;
    bool over = false;
    e->code = DSSM_OK;
    if (begin_talk(l, &k, argv, e) == DSSM_OK && take_header(l, reader_header(k.in), e))
        error_prefix(e, "plant");
    struct episode sequence = {0};
    if (e->code == DSSM_OK) {
        char *id = xasprintf("episode-%06u", number);
        sequence = episode_new(id, l->header, l->writer);
        free(id);
        if (go_through(l, &k, &sequence, number, &over, e) == DSSM_OK)
            e->code = DSSM_OK;
    }
    end_talk(l, &k, !over, e);
    struct error writing;
    int status = e->code;
    if (l->writer && episode_write(&sequence, &writing) && status == DSSM_OK)
        status = (*e = writing).code;
    episode_free(&sequence);
    return status ? error_prefix(e, "episode %u", number) : DSSM_OK;
}
