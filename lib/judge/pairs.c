/* Latent and true states of a stream, record by record, as numbers. */
#include "cli/cli.h"
#include "judge/judge.h"

#include <stdlib.h>

struct pairs {
    const struct pair_fields *fields;
    const struct pair_taker *taker;
    struct quantity *quantity;
    int q;
    size_t d; /* 0 before the first record */
};

int pairs_width(const struct pair_fields *fields, size_t before, size_t d, struct error *e)
{
    size_t limit = fields->cubic ? 30 : 1000;
    if (before && d != before)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu numbers a step, as before, got %zu", fields->from, before, d);
    if (!before && (d < 1 || d > limit))
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected 1 to %zu numbers a step, got %zu", fields->from, limit, d);
    return DSSM_OK;
}

static int take_record(struct pairs *p, const struct record *rec, struct error *e)
{
    const char *to = p->fields->to;
    const struct array *z = judge_field(rec, p->fields->from, e), *s = z ? judge_field(rec, to, e) : NULL;
    if (!s)
        return e->code;
    size_t steps = z->shape[0], d = array_step(z), q = (size_t)p->q;
    if (array_step(s) != q || s->shape[0] != steps)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu steps of %zu numbers, got %zu of %zu", to, steps, q, s->shape[0],
                         array_step(s));
    if (pairs_width(p->fields, p->d, d, e))
        return e->code;
    if (!p->d)
        p->taker->begin(p->taker->arg, (int)d, p->q, p->quantity);
    p->d = d;
    double *values = xmalloc(steps * (d + q) * sizeof *values);
    judge_values(z, values);
    judge_values(s, values + steps * d);
    p->taker->add(p->taker->arg, steps, values, values + steps * d);
    free(values);
    return DSSM_OK;
}

static int take_stream(struct pairs *p, struct reader *in, const char *name, struct error *e)
{
    struct record rec;
    int more, code = DSSM_OK;
    p->q = quantities_read(reader_header(in), p->fields->to, &p->quantity, e);
    if (!p->q)
        return error_prefix(e, "%s", name);
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(in, &rec, e)) != 0) {
        if (more < 0)
            code = e->code;
        else if ((code = take_record(p, &rec, e)) != DSSM_OK)
            error_prefix(e, "%s: record %llu", name, (unsigned long long)reader_count(in));
    }
    record_clear(&rec);
    return code;
}

int pairs_read(const char *path, const struct pair_fields *fields, const struct pair_taker *taker, struct error *e)
{
    struct pairs p = {.fields = fields, .taker = taker};
    FILE *f = input_open(path, e);
    struct reader *in = f ? reader_open(f, input_name(path), NULL, e) : NULL;
    int code = in ? take_stream(&p, in, input_name(path), e) : e->code;
    if (in)
        reader_close(in);
    if (f && f != stdin)
        fclose(f);
    free(p.quantity);
    return code;
}
