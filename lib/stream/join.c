/* Streams one after the other in one. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stdlib.h>
#include <string.h>

/* The inputs, all open, since the header that is written first holds the history of all. */
struct inputs {
    int n;
    char **path;
    FILE **file;
    struct reader **reader;
};

static int inputs_open(struct inputs *in, int n, char **paths, struct error *e)
{
    *in = (struct inputs){
        .n = n, .path = paths, .file = xcalloc((size_t)n, sizeof *in->file), .reader = xcalloc((size_t)n, sizeof *in->reader)};
    int from_stdin = 0;
    for (int i = 0; i < n; i++) {
        in->file[i] = input_open(paths[i], e);
        if (!in->file[i])
            return e->code;
        if (in->file[i] == stdin && from_stdin++)
            return error_set(e, DSSM_USAGE, "standard input can be read only once");
        in->reader[i] = reader_open(in->file[i], input_name(paths[i]), NULL, e);
        if (!in->reader[i])
            return e->code;
    }
    return DSSM_OK;
}

static void inputs_close(struct inputs *in)
{
    for (int i = 0; i < in->n; i++) {
        reader_close(in->reader[i]);
        if (in->file[i] && in->file[i] != stdin)
            fclose(in->file[i]);
    }
    free(in->file);
    free(in->reader);
}

/* What must agree of a field's description: all but its meaning. */
static bool same_field(const json_t *a, const json_t *b)
{
    json_t *p = json_copy((json_t *)(uintptr_t)a), *q = json_copy((json_t *)(uintptr_t)b);
    json_object_del(p, "meaning");
    json_object_del(q, "meaning");
    bool same = json_equal(p, q);
    json_decref(p);
    json_decref(q);
    return same;
}

/* Refuses the first field that one has and the other has not, or has otherwise. */
static int check_fields(const json_t *first, const json_t *other, const char *first_name, const char *name, struct error *e)
{
    const char *field;
    json_t *description;
    json_object_foreach(json_object_get(first, "fields"), field, description)
        if (!header_get_field(other, field))
            return error_set(e, DSSM_BAD_INPUT, "%s: header: field %s: missing, but %s has it", name, field, first_name);
    json_object_foreach(json_object_get(other, "fields"), field, description) {
        if (!header_get_field(first, field))
            return error_set(e, DSSM_BAD_INPUT, "%s: header: field %s: %s has none", name, field, first_name);
        if (!same_field(header_get_field(first, field), description))
            return error_set(e, DSSM_BAD_INPUT, "%s: header: field %s: described otherwise than in %s", name, field, first_name);
    }
    return DSSM_OK;
}

/* Appends the lines of other's history that are not there yet. */
static void merge_history(json_t *header, const json_t *other)
{
    json_t *history = json_object_get(header, "history"), *theirs = json_object_get(other, "history"), *line, *ours;
    size_t i, k;
    if (!history) {
        json_object_set_new(header, "history", json_array());
        history = json_object_get(header, "history");
    }
    json_array_foreach(theirs, i, line) {
        bool known = false;
        json_array_foreach(history, k, ours)
            known = known || json_equal(line, ours);
        if (!known)
            json_array_append(history, line);
    }
}

/* The header of the whole. NULL with e if fields do not agree. */
static json_t *join_headers(const struct inputs *in, const struct passage *how, struct error *e)
{
    json_t *header = header_copy(reader_header(in->reader[0]));
    for (int i = 1; i < in->n; i++) {
        const json_t *other = reader_header(in->reader[i]);
        if (check_fields(header, other, input_name(in->path[0]), input_name(in->path[i]), e)) {
            json_decref(header);
            return NULL;
        }
        merge_history(header, other);
    }
    header_history(header, how->program, how->command, how->has_seed, how->seed);
    return header;
}

/* Copies one input. *last is the id of the last record written: a sequence of one stream must not seem to go on in the next. */
static int join_one(const struct inputs *in, int i, struct writer *w, bool renumber, char **last, uint64_t *sequences, struct error *e)
{
    struct follower at = {0};
    struct record rec;
    int more = 0, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(in->reader[i], &rec, e)) > 0) {
        follow(&at, &rec);
        char number[24];
        snprintf(number, sizeof number, "%llu", (unsigned long long)(*sequences + at.sequences - 1));
        if (renumber)
            record_set_id(&rec, number);
        else if (reader_count(in->reader[i]) == 1 && *last && strcmp(*last, rec.id) == 0)
            code = error_set(e, DSSM_BAD_INPUT, "%s: record 1: id %s: the stream before ends with the same id; give --renumber",
                             input_name(in->path[i]), rec.id);
        if (code == DSSM_OK)
            code = writer_put(w, &rec, e);
        free(*last);
        *last = xstrdup(rec.id);
    }
    *sequences += at.sequences;
    record_clear(&rec);
    follow_end(&at);
    return more < 0 ? e->code : code; /* more is not below 0 when writing failed */
}

static int join_all(const struct inputs *in, struct writer *w, bool renumber, struct error *e)
{
    char *last = NULL;
    uint64_t sequences = 0;
    int code = DSSM_OK;
    for (int i = 0; i < in->n && code == DSSM_OK; i++)
        code = join_one(in, i, w, renumber, &last, &sequences, e);
    free(last);
    return code;
}

int stream_join(const struct passage *how, int n, char **paths, bool renumber, struct error *e)
{
    struct inputs in;
    struct filter f = {.how = how}; /* its output half */
    int code = inputs_open(&in, n, paths, e);
    if (code == DSSM_OK && !(f.header = join_headers(&in, how, e)))
        code = e->code;
    if (code == DSSM_OK)
        code = filter_begin(&f, e);
    if (code == DSSM_OK)
        code = join_all(&in, f.writer, renumber, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    inputs_close(&in);
    return code;
}
