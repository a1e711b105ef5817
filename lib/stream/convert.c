/* Streams to and from other forms: a source, a sink, and records that go from one to the other. */
#include "convert.h"
#include "cli/cli.h"
#include "mask.h"
#include "rules.h"
#include <stdlib.h>
#include <string.h>

/* ---- the stream itself as a source and as a sink ---- */

struct stream_source {
    struct source source;
    struct reader *reader;
};

static int stream_next(struct source *s, struct record *rec, struct error *e)
{
    return reader_next(((struct stream_source *)s)->reader, rec, e);
}

static void stream_source_close(struct source *s)
{
    reader_close(((struct stream_source *)s)->reader);
    json_decref(s->header);
    free(s);
}

struct source *source_stream(FILE *f, const char *name, struct error *e)
{
    struct reader *r = reader_open(f, name, NULL, e);
    if (!r)
        return NULL;
    struct stream_source *s = xcalloc(1, sizeof *s);
    s->source = (struct source){header_copy(reader_header(r)), stream_next, stream_source_close};
    s->reader = r;
    return &s->source;
}

struct stream_sink {
    struct sink sink;
    struct writer *writer;
};

static int stream_put(struct sink *s, const struct record *rec, struct error *e)
{
    return writer_put(((struct stream_sink *)s)->writer, rec, e);
}

static int stream_end(struct sink *s, struct error *e)
{
    struct writer *w = ((struct stream_sink *)s)->writer;
    ((struct stream_sink *)s)->writer = NULL;
    return writer_close(w, e);
}

static void stream_sink_close(struct sink *s)
{
    writer_abandon(((struct stream_sink *)s)->writer);
    free(s);
}

struct sink *sink_stream(FILE *f, const json_t *header, struct error *e)
{
    struct writer *w = writer_open(f, header, false, e);
    if (!w)
        return NULL;
    struct stream_sink *s = xcalloc(1, sizeof *s);
    s->sink = (struct sink){stream_put, stream_end, stream_sink_close};
    s->writer = w;
    return &s->sink;
}

/* ---- from one to the other ---- */

bool form_of_name(const char *path, enum form *form)
{
    static const struct {
        const char *ending;
        enum form form;
    } endings[] = {{".npz", FORM_NPZ}, {".csv", FORM_CSV}, {".tsv", FORM_TSV}, {".jsonl", FORM_JSONL}, {".msgpack", FORM_STREAM}};
    size_t n = path ? strlen(path) : 0;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t m = strlen(endings[i].ending);
        if (n > m && strcmp(path + n - m, endings[i].ending) == 0) {
            *form = endings[i].form;
            return true;
        }
    }
    return false;
}

static struct source *open_source(enum form form, FILE *f, const char *name, enum dtype type, struct error *e)
{
    switch (form) {
    case FORM_STREAM: return source_stream(f, name, e);
    case FORM_NPZ: return source_archive(f, name, e);
    case FORM_JSONL: return source_lines(f, name, type, e);
    case FORM_CSV: return source_table(f, name, ',', type, e);
    case FORM_TSV: return source_table(f, name, '\t', type, e);
    }
    bug("open_source: unknown form %d", (int)form);
}

static struct sink *open_sink(enum form form, FILE *f, const json_t *header, struct error *e)
{
    switch (form) {
    case FORM_STREAM: return sink_stream(f, header, e);
    case FORM_NPZ: return sink_archive(f, header, e);
    case FORM_JSONL: return sink_lines(f, header, e);
    case FORM_CSV: return sink_table(f, header, ',', e);
    case FORM_TSV: return sink_table(f, header, '\t', e);
    }
    bug("open_sink: unknown form %d", (int)form);
}

/* One conversion under way. */
struct conversion {
    const char *name; /* of the input */
    struct source *from;
    struct rules rules;
    struct record rec;   /* the one at hand */
    int more;            /* 1: there is one; 0: the end; -1: an error */
    bool described_only; /* the output holds fields that the header describes and nothing else */
    bool every_mask;     /* each record gets a mask */
};

/* A mask that the first record has is described, so that it goes with the other fields. */
static void describe_mask(struct conversion *c)
{
    if (header_get_field(c->from->header, "mask") || !record_get(&c->rec, "mask"))
        return;
    mask_declare(c->from->header);
    c->every_mask = true;
}

/* Leaves what is described: steps of other values need not be those of the fields. */
static int keep_described(struct conversion *c, struct error *e)
{
    const json_t *header = c->from->header;
    if (record_get(&c->rec, "mask") && !header_get_field(header, "mask"))
        return error_set(e, DSSM_BAD_INPUT, "field mask: the first record has none (seq-mask --rate 0 gives one to every record)");
    for (int i = c->rec.n - 1; i >= 0; i--)
        if (!header_get_field(header, c->rec.field[i].name))
            record_remove(&c->rec, c->rec.field[i].name);
    if (c->every_mask && !record_get(&c->rec, "mask"))
        record_put(&c->rec, "mask", mask_of(&c->rec, DT_B1));
    return DSSM_OK;
}

/* Sinks rely on records that fit the header. */
static int check_record(struct conversion *c, struct error *e)
{
    if (rules_check(&c->rules, &c->rec, e))
        return e->code;
    return c->described_only ? keep_described(c, e) : DSSM_OK;
}

/* From the record at hand on. */
static int copy_records(struct conversion *c, struct sink *to, struct error *e)
{
    int code = DSSM_OK;
    while (code == DSSM_OK && c->more > 0) {
        if (check_record(c, e))
            return error_prefix(e, "%s: sequence %.200s", c->name, c->rec.id);
        code = to->put(to, &c->rec, e);
        if (code == DSSM_OK)
            c->more = c->from->next(c->from, &c->rec, e);
    }
    return c->more < 0 ? e->code : code;
}

static int write_form(struct conversion *c, enum form to, FILE *f, struct error *e)
{
    struct sink *sink = open_sink(to, f, c->from->header, e);
    int code = sink ? copy_records(c, sink, e) : e->code;
    if (code == DSSM_OK)
        code = sink->end(sink, e);
    if (sink)
        sink->close(sink);
    return code;
}

/* Everything behind the opening of the files. */
static int convert(const struct passage *how, struct source *from, enum form to, FILE *f, struct error *e)
{
    struct conversion c = {.name = input_name(how->in), .from = from, .described_only = to != FORM_STREAM && to != FORM_JSONL};
    header_history(from->header, how->program, how->command, how->has_seed, how->seed);
    if (rules_begin(&c.rules, from->header, e))
        return error_prefix(e, "%s", c.name);
    record_init(&c.rec);
    c.more = from->next(from, &c.rec, e);
    if (c.described_only)
        describe_mask(&c);
    int code = c.more < 0 ? e->code : write_form(&c, to, f, e);
    record_clear(&c.rec);
    rules_end(&c.rules);
    return code;
}

int stream_convert(const struct passage *how, enum form from, enum form to, enum dtype type, struct error *e)
{
    FILE *file = input_open(how->in, e);
    struct source *source = file ? open_source(from, file, input_name(how->in), type, e) : NULL;
    struct output *output = source ? output_open(how->out, e) : NULL;
    int code = output ? convert(how, source, to, output_file(output), e) : e->code;
    if (code == DSSM_OK)
        code = output_commit(output, e);
    else
        output_abort(output, e);
    if (source)
        source->close(source);
    if (file && file != stdin)
        fclose(file);
    return code;
}
