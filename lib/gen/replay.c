/* Controls of another stream's records, replayed on a plant. */
#include "gen/gen.h"

#include <math.h>
#include <stdlib.h>

/* The controls of a record as float [T,U]; without data and with e if they do not fit the plant. Where one control is wanted, [T] will do.
 * The last control never acts and may be missing. Caller frees data. */
static struct array given_controls(const struct plant *p, const struct record *rec, struct error *e)
{
    const struct array *u = record_get(rec, "u");
    size_t width = (size_t)p->kind->controls;
    char text[ARRAY_SHAPE_TEXT];
    if (!u || !(u->dims == 2 || (u->dims == 1 && width == 1)) || array_step(u) != width || u->shape[0] < 1 || u->shape[0] > 1000000) {
        error_set(e, DSSM_BAD_INPUT, "field u: expected shape [T,%zu]%s, T from 1 to 1000000, got %s", width, width == 1 ? " or [T]" : "",
                  array_shape(u, text));
        return (struct array){0};
    }
    struct array out = array_new(DT_F4, 2, (size_t[]){u->shape[0], width});
    for (size_t i = 0; i < u->shape[0] * width; i++) {
        float control = (float)array_get(u, i);
        ((float *)out.data)[i] = control;
        if (!isfinite(control) && i / width + 1 < u->shape[0]) {
            error_set(e, DSSM_BAD_INPUT, "field u: step %zu: expected a finite number, got %g", i / width + 1, (double)control);
            free(out.data);
            return (struct array){0};
        }
    }
    return out;
}

/* The first state in a record's field; without a name that of s, or a drawn one if the record has no s. */
static int given_start(const struct plant *p, const struct protocol *how, uint32_t sequence, const struct record *rec, const char *from,
                       double *start, struct error *e)
{
    const char *name = from ? from : "s";
    const struct array *s = record_get(rec, name);
    size_t width = (size_t)p->kind->states;
    char text[ARRAY_SHAPE_TEXT];
    sim_start(p, how, sequence, start);
    if (!s && !from)
        return DSSM_OK;
    if (!s || s->dims != 2 || s->shape[0] < 1 || s->shape[1] != width)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected shape [T,%zu] (%s), got %s", name, width, p->kind->state_names,
                         array_shape(s, text));
    for (size_t i = 0; i < width; i++) {
        start[i] = array_get(s, i);
        if (!isfinite(start[i]))
            return error_set(e, DSSM_BAD_INPUT, "field %s: step 1: expected finite numbers, got %g", name, start[i]);
    }
    return DSSM_OK;
}

/* One record, which gets x and s of this plant, and its u as the header describes it. */
static int replay_record(const struct plant *p, const struct protocol *how, uint32_t sequence, const char *from, struct record *rec,
                         struct error *e)
{
    double start[SIM_MOST];
    struct array u = given_controls(p, rec, e);
    int steps = (int)u.shape[0], code = u.data ? gen_check_size(p, steps, e) : e->code;
    if (code == DSSM_OK)
        code = given_start(p, how, sequence, rec, from, start, e);
    if (code == DSSM_OK)
        code = gen_simulate(p, how, sequence, start, u.data, steps, rec, e);
    if (code == DSSM_OK) {
        record_put(rec, "u", u);
    } else {
        free(u.data);
    }
    return code;
}

int gen_replay(const struct plant *p, const struct protocol *how, struct reader *in, const char *name, const char *from, struct writer *w,
               struct error *e)
{
    struct record rec;
    int more, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(in, &rec, e)) != 0) {
        if (more < 0) {
            code = e->code;
            break;
        }
        code = replay_record(p, how, (uint32_t)(reader_count(in) - 1), from, &rec, e);
        if (code == DSSM_OK)
            code = writer_put(w, &rec, e);
        else
            error_prefix(e, "%s: record %llu", name, (unsigned long long)reader_count(in));
    }
    record_clear(&rec);
    return code;
}
