/* Streams to and from other forms: a source, a sink, and records that go from one to the other. */
#include "convert.h"
#include "cli/cli.h"
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

/* Sinks rely on records that fit the header. */
static int put_checked(struct rules *rules, struct sink *to, const struct record *rec, struct error *e)
{
    if (rules_check(rules, rec, e))
        return error_prefix(e, "sequence %.200s", rec->id);
    return to->put(to, rec, e);
}

static int copy_records(struct source *from, struct rules *rules, struct sink *to, struct error *e)
{
    struct record rec;
    int more = 0, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = from->next(from, &rec, e)) > 0)
        code = put_checked(rules, to, &rec, e);
    record_clear(&rec);
    return more < 0 ? e->code : code; /* more is not below 0 when writing failed */
}

/* Everything behind the opening of the files. */
static int convert(const struct passage *how, struct source *from, enum form to, FILE *f, struct error *e)
{
    struct rules rules;
    header_history(from->header, how->program, how->command, how->has_seed, how->seed);
    if (rules_begin(&rules, from->header, e))
        return error_prefix(e, "%s", input_name(how->in));
    struct sink *sink = open_sink(to, f, from->header, e);
    int code = sink ? copy_records(from, &rules, sink, e) : e->code;
    if (code == DSSM_OK)
        code = sink->end(sink, e);
    if (sink)
        sink->close(sink);
    rules_end(&rules);
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
