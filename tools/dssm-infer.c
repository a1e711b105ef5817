/* dssm-infer: adds what a model believes about the latent states to every record of a stream. */
#include "cli/cli.h"
#include "model/model.h"
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    bool filtered, smoothed, online, decode;
    int samples;
    const char *drop, *output;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {"smoothed", 0, OPT_FLAG, AT(smoothed), NULL, 0, 0, NULL, NULL, "Beliefs given the whole sequence; what a model learns by default."},
    {"filtered", 0, OPT_FLAG, AT(filtered), NULL, 0, 0, NULL, NULL, "Beliefs given the steps so far; what a filter version learns."},
    {"online", 0, OPT_FLAG, AT(online), NULL, 0, 0, NULL, NULL,
     "Filter record by record and answer each at once; records with the same id one after the other are pieces of a sequence."},
    {"samples", 0, OPT_INT, AT(samples), "0", 0, 100000, NULL, "N", "Add z_sample: N draws from the belief at each step."},
    {"decode", 0, OPT_FLAG, AT(decode), NULL, 0, 0, NULL, NULL, "Add x_pred: the mean of x at the mean of each step's belief."},
    {"drop", 0, OPT_TEXT, AT(drop), NULL, 0, 0, NULL, "FIELD,...", "Do not pass these fields on."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Beliefs", rows, &settings}, {"Output", options_output, &settings.output}, {"Common", options_common, &settings.common}, {0}};
static const struct program program = {
    .name = "dssm-infer",
    .reads_writes = "model and stream in, stream out: add beliefs about the latent states, z and z_cov",
    .operands = "MODEL [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "gen-pendulum -n 500 --seed 2 | dssm-infer m.npz | ols-r2\n"
                "dssm-infer --decode m.npz test.msgpack | seq-mse\n"
                "dssm-infer --filtered --samples 10 --drop x m.npz test.msgpack -o beliefs.msgpack\n"
                "seq-split --pieces 1 test.msgpack | dssm-infer --online m.npz\n",
    .groups = groups,
    .reads_stdin = true,
};

/* ---- the header, and what is taken out ---- */

/* The next name of a comma-separated list, or NULL at its end; name has room for 256 bytes. */
static const char *next_name(const char **list, char *name)
{
    while (*list && **list) {
        int n = (int)strcspn(*list, ",");
        snprintf(name, 256, "%.*s", n, *list);
        *list += n + ((*list)[n] == ',');
        if (name[0])
            return name;
    }
    return NULL;
}

static int drop_fields(json_t *header, struct error *e)
{
    char name[256];
    for (const char *list = settings.drop; next_name(&list, name);) {
        if (!header_get_field(header, name))
            return error_set(e, DSSM_USAGE, "--drop: the stream has no field %s", name);
        header_remove_field(header, name);
    }
    return DSSM_OK;
}

static int describe(json_t *header, const struct model *m, enum inference how, struct error *e)
{
    size_t dz = (size_t)model_settings(m)->latent;
    const char *kind = how == INFER_SMOOTHED ? "smoothed" : "filtered";
    char *mean = xasprintf("%s mean of the latent state", kind), *cov = xasprintf("%s covariance of the latent state", kind);
    char *sample = xasprintf("draws from the %s belief about the latent state", kind);
    char *decoded = xasprintf("mean of x at the %s mean of the latent state", kind);
    json_t *x_pred = model_made_x(m, header_get_field(header, "x"), decoded); /* x may be dropped */
    int code = drop_fields(header, e);
    header_field(header, "z", DT_F4, 1, &dz, mean, NULL, NULL, NULL);
    header_field(header, "z_cov", DT_F4, 2, (const size_t[]){dz, dz}, cov, NULL, NULL, NULL);
    if (settings.samples > 0)
        header_field(header, "z_sample", DT_F4, 2, (const size_t[]){(size_t)settings.samples, dz}, sample, NULL, NULL, NULL);
    if (settings.decode)
        json_object_set(json_object_get(header, "fields"), "x_pred", x_pred);
    json_decref(x_pred);
    free(decoded);
    free(mean);
    free(cov);
    free(sample);
    return code;
}

/* Says once that a belief is no number; the record goes out with what there is. */
static void look_at(const struct record *rec, const struct beliefs *z)
{
    static bool said;
    if (said || (array_finite(&z->mean) && array_finite(&z->cov) && (!settings.decode || array_finite(&z->x))))
        return;
    said = true;
    program_say(&program, settings.common.quiet, "warning: record %s: the belief has numbers that are not finite", rec->id);
}

/* Gives the record its beliefs, which it then owns, and writes it. */
static int put(struct filter *f, struct record *rec, struct beliefs *z, struct error *e)
{
    char name[256];
    look_at(rec, z);
    for (const char *list = settings.drop; next_name(&list, name);)
        record_remove(rec, name);
    record_put(rec, "z", z->mean);
    record_put(rec, "z_cov", z->cov);
    if (settings.samples > 0)
        record_put(rec, "z_sample", z->sample);
    if (settings.decode) {
        header_shape(f->header, "x_pred", &z->x);
        record_put(rec, "x_pred", z->x);
    }
    return writer_put(f->writer, rec, e);
}

static struct beliefs_settings wanted(void)
{
    return (struct beliefs_settings){settings.samples, {.seed = settings.common.seed}, settings.decode};
}

/* ---- whole sequences ---- */

static int infer_blocks(const struct model *m, struct filter *f, enum inference how, struct error *e)
{
    int got, code = DSSM_OK;
    struct pool *pool = pool_new(settings.common.threads);
    struct block b = block_new(pool_threads(pool));
    struct beliefs *z = xcalloc((size_t)b.room, sizeof *z);
    const struct beliefs_settings s = wanted();
    while (code == DSSM_OK && (got = block_read(&b, f->reader, input_name(f->how->in), m, e)) != 0) {
        if (got < 0) {
            code = e->code;
            break;
        }
        beliefs_infer(m, b.record, b.n, (uint32_t)b.first, how, &s, pool, z);
        for (int i = 0; i < b.n; i++)
            if (code == DSSM_OK)
                code = put(f, &b.record[i], &z[i], e);
            else
                beliefs_free(&z[i]);
    }
    free(z);
    block_free(&b);
    pool_free(pool);
    return code;
}

/* ---- record by record ---- */

static int infer_online(const struct model *m, struct filter *f, struct error *e)
{
    const struct beliefs_settings s = wanted();
    struct online *o = online_new(m, &s);
    struct follower sequence = {0};
    struct record rec;
    struct beliefs z;
    int got, code = writer_flush(f->writer, e);
    record_init(&rec);
    while (code == DSSM_OK && (got = reader_next(f->reader, &rec, e)) != 0) {
        if (got < 0 || model_fits_record(m, &rec, e)) {
            code =
                got < 0 ? e->code : error_prefix(e, "%s: record %llu", input_name(f->how->in), (unsigned long long)reader_count(f->reader));
            break;
        }
        follow(&sequence, &rec);
        online_next(o, &rec, sequence.goes_on, &z);
        code = put(f, &rec, &z, e);
        if (code == DSSM_OK)
            code = writer_flush(f->writer, e);
    }
    record_clear(&rec);
    follow_end(&sequence);
    online_free(o);
    return code;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    blas_start();
    if (settings.smoothed && (settings.filtered || settings.online))
        return error_set(e, DSSM_USAGE, "--smoothed: not together with --%s", settings.filtered ? "filtered" : "online");
    struct passage how = {.in = operands->n > 1 ? operands->v[1] : NULL,
                          .out = settings.output,
                          .program = program.name,
                          .command = command,
                          .has_seed = settings.samples > 0,
                          .seed = settings.common.seed};
    struct filter f = {0};
    struct model *m = model_load(operands->v[0], e);
    if (!m)
        return e->code;
    if (settings.online && model_goes_on(m, e)) {
        model_free(m);
        return error_prefix(e, "--online: %s", input_name(operands->v[0]));
    }
    bool filters = settings.filtered || settings.online || (model_settings(m)->filter && !settings.smoothed);
    enum inference kind = filters ? INFER_FILTERED : INFER_SMOOTHED;
    int code = filter_open(&f, &how, e);
    if (code == DSSM_OK)
        code = describe(f.header, m, kind, e);
    if (code == DSSM_OK)
        code = filter_begin(&f, e);
    if (code == DSSM_OK)
        code = settings.online ? infer_online(m, &f, e) : infer_blocks(m, &f, kind, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    model_free(m);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
