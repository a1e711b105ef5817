/* seq-mse: mean squared error between two fields of a stream, or of two streams. */
#include "cli/cli.h"
#include "judge/judge.h"
#include "stream/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    const char *a, *b, *steps;
    bool per_step;
    struct common common;
};

static const struct option_row rows[] = {
    {"a", 0, OPT_TEXT, offsetof(struct settings, a), "x", 0, 0, NULL, "FIELD", "The truth."},
    {"b", 0, OPT_TEXT, offsetof(struct settings, b), NULL, 0, 0, NULL, "FIELD",
     "What is judged; without it x_pred, or between two streams the field of --a."},
    {"steps", 0, OPT_TEXT, offsetof(struct settings, steps), NULL, 0, 0, NULL, "FIRST-LAST",
     "Count these steps alone, from 1, both included; 6- is from the sixth to the end."},
    {"per-step", 0, OPT_FLAG, offsetof(struct settings, per_step), NULL, 0, 0, NULL, NULL, "Add the error at each step."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Comparison", rows, &settings}, {"Common", options_quiet, &settings.common}, {0}};
static const struct program program = {
    .name = "seq-mse",
    .reads_writes = "one or two streams in, JSON line out: mean squared error per dimension",
    .operands = "[STREAM [STREAM]]",
    .operands_max = 2,
    .examples = "gen-pendulum -n 500 --seed 2 | rollout m.npz | seq-mse\n"
                "seq-mse --steps 6- --per-step predicted.msgpack\n"
                "seq-mse truth.msgpack other.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

/* One input: a stream and its present record. */
struct source {
    const char *name;
    FILE *f;
    struct reader *in;
    struct record rec;
};

static int source_open(struct source *s, const char *path, struct error *e)
{
    record_init(&s->rec);
    s->name = input_name(path);
    s->f = input_open(path, e);
    s->in = s->f ? reader_open(s->f, s->name, NULL, e) : NULL;
    return s->in ? DSSM_OK : e->code;
}

static void source_close(struct source *s)
{
    record_clear(&s->rec);
    if (s->in)
        reader_close(s->in);
    if (s->f && s->f != stdin)
        fclose(s->f);
}

/* The mask of a record as bytes, or NULL with DSSM_OK if it has none. Caller frees. */
static int mask_bytes(const struct record *rec, size_t steps, uint8_t **out, struct error *e)
{
    const struct array *mask = record_get(rec, "mask");
    *out = NULL;
    if (!mask)
        return DSSM_OK;
    if (array_count(mask) != steps)
        return error_set(e, DSSM_BAD_INPUT, "field mask: expected %zu numbers, got %zu", steps, array_count(mask));
    *out = xmalloc(steps);
    for (size_t t = 0; t < steps; t++)
        (*out)[t] = array_get(mask, t) != 0;
    return DSSM_OK;
}

/* Field a of one record against field b of another (or the same). */
static int compare(struct mse *m, const struct record *ra, const struct record *rb, const char *field_b, struct error *e)
{
    const struct array *a = judge_field(ra, settings.a, e), *b = a ? judge_field(rb, field_b, e) : NULL;
    uint8_t *mask;
    if (!b)
        return e->code;
    size_t n = array_count(a);
    if (a->shape[0] != b->shape[0] || array_step(a) != array_step(b))
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu steps of %zu numbers, as in %s, got %zu of %zu", field_b, a->shape[0],
                         array_step(a), settings.a, b->shape[0], array_step(b));
    if (mask_bytes(ra, a->shape[0], &mask, e) != DSSM_OK)
        return e->code;
    double *values = xmalloc(2 * n * sizeof *values);
    judge_values(a, values);
    judge_values(b, values + n);
    mse_add(m, a->shape[0], array_step(a), values, values + n, mask);
    free(values);
    free(mask);
    return DSSM_OK;
}

static int compare_streams(struct mse *m, struct source *a, struct source *b, const char *field_b, struct error *e)
{
    for (;;) {
        int more = reader_next(a->in, &a->rec, e), other = b == a || more < 0 ? more : reader_next(b->in, &b->rec, e);
        unsigned long long count = reader_count(a->in);
        if (more < 0 || other < 0)
            return e->code;
        if (more != other)
            return error_set(e, DSSM_BAD_INPUT, "%s ends after %llu sequences, %s does not", more ? b->name : a->name,
                             more ? (unsigned long long)reader_count(b->in) : count, more ? a->name : b->name);
        if (!more)
            return DSSM_OK;
        if (b != a && strcmp(a->rec.id ? a->rec.id : "", b->rec.id ? b->rec.id : ""))
            return error_set(e, DSSM_BAD_INPUT, "%s: record %llu: expected id %s, as in %s, got %s", b->name, count, a->rec.id, a->name,
                             b->rec.id);
        if (compare(m, &a->rec, &b->rec, field_b, e) != DSSM_OK)
            return error_prefix(e, "%s: record %llu", b->name, count);
    }
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void report(const struct mse *m, const char *field_b)
{
    struct mse_score s = mse_score(m);
    json_t *result = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "a", settings.a, "b", field_b, "sequences", (json_int_t)s.sequences, "n",
                               (json_int_t)s.numbers, "mse", number(s.mse), "median", number(s.median));
    if (s.unpredicted) {
        json_object_set_new(result, "unpredicted", json_integer((json_int_t)s.unpredicted));
        program_say(&program, settings.common.quiet, "field %s: %llu numbers are not finite and were left out, though field %s has them",
                    field_b, (unsigned long long)s.unpredicted, settings.a);
    }
    if (settings.per_step) {
        json_t *steps = json_array();
        for (size_t t = 0; t < s.steps; t++)
            json_array_append_new(steps, number(mse_step(m, t)));
        json_object_set_new(result, "per_step", steps);
    }
    json_dumpf(result, stdout, JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(result);
}

static int run(const struct operands *o, const char *command, struct error *e)
{
    (void)command;
    struct source source[2] = {0};
    struct source *a = source, *b = o->n == 2 ? source + 1 : source;
    const char *field_b = settings.b ? settings.b : o->n == 2 ? settings.a : "x_pred";
    size_t first, last;
    int code = steps_parse(settings.steps, &first, &last, e);
    if (code != DSSM_OK)
        return code;
    if (o->n == 2 && !strcmp(o->v[0], "-") && !strcmp(o->v[1], "-"))
        return error_set(e, DSSM_USAGE, "only one of the two streams can be standard input");
    struct mse *m = mse_new(first - 1, last);
    code = source_open(a, o->n ? o->v[0] : NULL, e);
    if (code == DSSM_OK && b != a)
        code = source_open(b, o->v[1], e);
    if (code == DSSM_OK)
        code = compare_streams(m, a, b, field_b, e);
    if (code == DSSM_OK)
        report(m, field_b);
    source_close(source);
    source_close(source + 1);
    mse_free(m);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
