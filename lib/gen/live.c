/* A plant that runs live: a control in, an observation out (formats/plant.md). */
#include "gen/gen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct live, member)
const struct option_row options_live[] = {
    {"sequence", 0, OPT_INT, AT(sequence), "0", 0, 2147483647, NULL, "I",
     "Start as sequence number I of the gen- program does, with the same seed and options (and --actions iid)."},
    {"burn-in", 0, OPT_INT, AT(protocol.burn_in), "0", 0, 1000000, NULL, "N",
     "Steps that the plant has moved, by random controls, before the first observation."},
    {"steps", 0, OPT_INT, AT(steps), "0", 0, 2147483647, NULL, "T", "End by itself after T observations; 0: when the controls end."},
    {"noise", 0, OPT_REAL, AT(protocol.noise), "0", 0, 1e12, NULL, "SD",
     "Noise added to every observed number (of an image: values from 0 to 1, then clamped)."},
    {"truth", 0, OPT_FLAG, AT(truth), "yes", 0, 0, NULL, NULL, "Tell the true state s with every observation; --no-truth: do not."},
    {0},
};
#undef AT

/* A plant at a time of its life. */
struct life {
    const struct plant *plant;
    const struct live *how;
    struct writer *out;
    char *id;
    int step; /* observations so far */
    double s[SIM_MOST];
};

/* The fields are x and, if it is told, s; what is known of the controls stands under `control`. */
static json_t *header_of(const struct plant *p, const struct live *how, const char *program, const char *command)
{
    json_t *header = header_new();
    gen_describe(header, p);
    json_object_set(header, "control", json_object_get(json_object_get(header, "fields"), "u"));
    header_remove_field(header, "u");
    if (!how->truth)
        header_remove_field(header, "s");
    header_history(header, program, command, true, how->protocol.seed);
    return header;
}

static int observe(struct life *l, struct error *e)
{
    struct record rec;
    record_init(&rec);
    record_set_id(&rec, l->id);
    record_put(&rec, "x", gen_observed(l->plant, &l->how->protocol, (uint32_t)l->how->sequence, l->step, 1, l->s));
    if (l->how->truth) {
        size_t states = (size_t)l->plant->kind->states;
        struct array s = array_new(DT_F8, 2, (const size_t[]){1, states});
        memcpy(s.data, l->s, states * sizeof *l->s);
        record_put(&rec, "s", s);
    }
    l->step++;
    int code = writer_put(l->out, &rec, e);
    record_clear(&rec);
    return code == DSSM_OK ? writer_flush(l->out, e) : code;
}

/* One control interval. */
static int act(struct life *l, const struct record *rec, struct error *e)
{
    const struct array *u = record_get(rec, "u");
    const struct plant_kind *k = l->plant->kind;
    double control[SIM_MOST], most = k->control_max(l->plant->settings);
    if (!u || u->dims != 2 || u->shape[0] != 1 || u->shape[1] != (size_t)k->controls)
        return error_set(e, DSSM_BAD_INPUT, "field u: expected shape [1,%d]", k->controls);
    for (int i = 0; i < k->controls; i++) {
        control[i] = array_get(u, (size_t)i);
        if (!isfinite(control[i]))
            return error_set(e, DSSM_BAD_INPUT, "field u: expected a finite number, got %g", control[i]);
        control[i] = fmin(fmax(control[i], -most), most);
    }
    k->step(l->plant->settings, l->s, control);
    return gen_check_states(l->plant, l->step, 1, l->s, e);
}

/* Controls until they end, or until there were enough observations. */
static int live_on(struct life *l, FILE *in, const char *name, struct error *e)
{
    struct record rec;
    int code = gen_check_states(l->plant, 0, 1, l->s, e), got = 1;
    if (code == DSSM_OK)
        code = observe(l, e);
    if (code != DSSM_OK || l->step == l->how->steps) /* that was all: nobody needs to be listened to */
        return code;
    struct reader *r = reader_open(in, name, NULL, e);
    if (!r)
        return e->code;
    record_init(&rec);
    while (code == DSSM_OK && (l->how->steps == 0 || l->step < l->how->steps) && (got = reader_next(r, &rec, e)) > 0) {
        if ((code = act(l, &rec, e)) == DSSM_OK)
            code = observe(l, e);
        else if (code == DSSM_BAD_INPUT)
            error_prefix(e, "%s: record %llu", name, (unsigned long long)reader_count(r));
    }
    record_clear(&rec);
    reader_close(r);
    return got < 0 ? e->code : code;
}

int gen_live(const struct plant *p, const struct live *how, const char *program, const char *command, FILE *in, const char *name, FILE *out,
             struct error *e)
{
    struct life l = {.plant = p, .how = how};
    json_t *header = header_of(p, how, program, command);
    l.out = writer_open(out, header, false, e);
    json_decref(header);
    if (!l.out)
        return e->code;
    l.id = xasprintf("%s-%llu-%06d", p->kind->name, (unsigned long long)how->protocol.seed, how->sequence);
    sim_start(p, &how->protocol, (uint32_t)how->sequence, l.s);
    int code = live_on(&l, in, name, e);
    free(l.id);
    if (code == DSSM_OK)
        return writer_close(l.out, e);
    writer_abandon(l.out);
    return code;
}
