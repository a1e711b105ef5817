/* ols-predict: what the latent states of a stream tell of the true states, as states. */
#include "cli/cli.h"
#include "grad/grad.h"
#include "judge/judge.h"
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    const char *from, *to, *name, *output;
    bool cubic, unwrapped;
    struct common common;
};

static const struct option_row rows[] = {
    {"from", 0, OPT_TEXT, offsetof(struct settings, from), "z", 0, 0, NULL, "FIELD", "Latent states, in both streams."},
    {"to", 0, OPT_TEXT, offsetof(struct settings, to), "s", 0, 0, NULL, "FIELD",
     "True states of the first stream; its header tells which are angles on a circle."},
    {"name", 0, OPT_TEXT, offsetof(struct settings, name), "s_pred", 0, 0, NULL, "FIELD", "The field that is added."},
    {"cubic", 0, OPT_FLAG, offsetof(struct settings, cubic), NULL, 0, 0, NULL, NULL,
     "Regress on all monomials of the latent state up to degree 3."},
    {"unwrapped", 0, OPT_FLAG, offsetof(struct settings, unwrapped), NULL, 0, 0, NULL, NULL,
     "Regress angles on a circle as they stand, turns included, not by sine and cosine."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Regression", rows, &settings}, {"Output", options_output, &settings.output}, {"Common", options_quiet, &settings.common}, {0}};
static const struct program program = {
    .name = "ols-predict",
    .reads_writes = "two streams in, stream out: regression of true on latent states from one, applied to the other",
    .operands = "KNOWN [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "dssm-infer m.npz train.msgpack -o known.msgpack\n"
                "dssm-infer m.npz test.msgpack | ols-predict known.msgpack | seq-mse --a s --b s_pred\n"
                "dssm-infer m.npz test.msgpack | ols-predict --cubic known.msgpack -o told.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

/* What is learned from the first stream, made at its first record. */
struct told {
    struct pair_fields fields;
    int q;
    struct quantity *quantity;
    size_t d;
    struct regression *regression;
};

/* ---- the stream to learn from ---- */

static void begin(void *arg, int d, int q, const struct quantity *quantity)
{
    struct told *told = arg;
    told->d = (size_t)d;
    told->q = q;
    told->quantity = xcalloc((size_t)q, sizeof *quantity);
    memcpy(told->quantity, quantity, (size_t)q * sizeof *quantity);
    told->regression = regression_new(d, q, quantity, settings.cubic, settings.unwrapped);
}

static void add_steps(void *arg, size_t steps, const double *z, const double *y)
{
    regression_add(((struct told *)arg)->regression, steps, z, y);
}

static int learn(struct told *told, const char *path, struct error *e)
{
    int code = pairs_read(path, &told->fields, &(struct pair_taker){begin, add_steps, told}, e);
    if (code == DSSM_OK && !(told->regression && regression_rows(told->regression)))
        return error_set(e, DSSM_BAD_INPUT, "%s: no steps to learn from", input_name(path));
    return code == DSSM_OK ? regression_solve(told->regression, e) : code;
}

/* ---- the stream to apply it to ---- */

/* The new field, described as the first stream describes its true states. */
static void describe(const struct told *told, json_t *header)
{
    size_t q = (size_t)told->q;
    json_t *names = json_array(), *kinds = json_array();
    header_field(header, settings.name, DT_F8, 1, &q, "true state as regressed from the latent state", NULL, NULL, NULL);
    for (int i = 0; i < told->q; i++) {
        json_array_append_new(names, json_string(told->quantity[i].name));
        json_array_append_new(kinds, json_string(told->quantity[i].circle ? "circle" : "line"));
    }
    json_t *field = json_object_get(json_object_get(header, "fields"), settings.name);
    json_object_set_new(field, "names", names);
    json_object_set_new(field, "kinds", kinds);
}

static int apply_record(const struct told *told, struct record *rec, struct error *e)
{
    const struct array *z = judge_field(rec, settings.from, e);
    if (!z || pairs_width(&told->fields, told->d, array_step(z), e))
        return e->code;
    struct array y = array_new(DT_F8, 2, (size_t[]){z->shape[0], (size_t)told->q});
    double *values = xmalloc(array_count(z) * sizeof *values);
    judge_values(z, values);
    regression_apply(told->regression, z->shape[0], values, y.data);
    free(values);
    record_put(rec, settings.name, y);
    return DSSM_OK;
}

static int apply_records(const struct told *told, struct filter *f, struct error *e)
{
    struct record rec;
    int more = 0, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(f->reader, &rec, e)) > 0) {
        code = apply_record(told, &rec, e);
        if (code == DSSM_OK)
            code = writer_put(f->writer, &rec, e);
        else
            error_prefix(e, "%s: record %llu", input_name(f->how->in), (unsigned long long)reader_count(f->reader));
    }
    record_clear(&rec);
    return more < 0 ? e->code : code;
}

static int apply(const struct told *told, const struct passage *how, struct error *e)
{
    struct filter f;
    int code = filter_open(&f, how, e);
    if (code == DSSM_OK) {
        describe(told, f.header);
        code = filter_begin(&f, e);
    }
    if (code == DSSM_OK)
        code = apply_records(told, &f, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    return code;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    blas_start(); /* small matrices; and the same bits on every machine of a kind */
    const struct passage how = {
        .in = operands->n > 1 ? operands->v[1] : NULL, .out = settings.output, .program = program.name, .command = command};
    struct told told = {.fields = {settings.from, settings.to, settings.cubic}};
    if (!strcmp(operands->v[0], "-") && (!how.in || !strcmp(how.in, "-")))
        return error_set(e, DSSM_USAGE, "only one of the two streams can be standard input");
    int code = learn(&told, operands->v[0], e);
    if (code == DSSM_OK)
        code = apply(&told, &how, e);
    regression_free(told.regression);
    free(told.quantity);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
