/* A small stream for the tests of this folder: header x [T,3] <f4, u [T] <f4, and its bytes in memory. */
#ifndef STREAM_SAMPLE_H
#define STREAM_SAMPLE_H

#include "stream/stream.h"
#include <stdlib.h>

struct bytes {
    char *p;
    size_t n;
};

static inline json_t *sample_header(void)
{
    json_t *h = header_new();
    header_field(h, "x", DT_F4, 1, (size_t[]){3}, "observation", NULL, NULL, NULL);
    header_field(h, "u", DT_F4, 0, NULL, "control", "N m", NULL, NULL);
    header_history(h, "test", "test", true, 1);
    return h;
}

static inline void sample_record(struct record *r, const char *id, size_t steps)
{
    record_clear(r);
    record_set_id(r, id);
    struct array x = array_new(DT_F4, 2, (size_t[]){steps, 3}), u = array_new(DT_F4, 1, (size_t[]){steps});
    for (size_t i = 0; i < array_count(&x); i++)
        array_set(&x, i, 0.5 * (double)i);
    record_put(r, "x", x);
    record_put(r, "u", u);
}

/* n records of 4 steps, ids "0", "1", …; the caller frees .p */
static inline struct bytes sample_stream(int n, bool bin_keys)
{
    struct bytes b = {0};
    struct error e = {0};
    struct record r;
    char id[16];
    FILE *f = open_memstream(&b.p, &b.n);
    json_t *h = sample_header();
    struct writer *w = writer_open(f, h, bin_keys, &e);
    json_decref(h);
    record_init(&r);
    for (int i = 0; i < n; i++) {
        snprintf(id, sizeof id, "%d", i);
        sample_record(&r, id, 4);
        if (writer_put(w, &r, &e))
            bug("%s", e.text);
    }
    record_clear(&r);
    if (writer_close(w, &e))
        bug("%s", e.text);
    fclose(f);
    return b;
}

/* A path in the scratch folder; borrowed until the fourth call after. */
static inline const char *scratch(const char *name)
{
    static char path[4][512];
    static int turn;
    const char *folder = getenv("TMPDIR");
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder ? folder : "/tmp", name);
    return path[turn];
}

/* sample_stream as a file of the scratch folder. */
static inline const char *sample_file(const char *name, int n)
{
    struct bytes b = sample_stream(n, false);
    const char *path = scratch(name);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f))
        bug("cannot write %s", path);
    free(b.p);
    return path;
}

/* Ids and steps of the records of a file, "0:4 1:4", and the program of its last line of history in front: "seq-head 0:4 1:4". */
static inline const char *told(const char *path)
{
    static char text[4096];
    struct error e = {0};
    struct record r;
    int n = 0, more;
    FILE *f = fopen(path, "r");
    struct reader *reader = f ? reader_open(f, path, NULL, &e) : NULL;
    if (!reader)
        bug("%s: %s", path, e.text);
    json_t *history = json_object_get(reader_header(reader), "history");
    n += snprintf(text, sizeof text, "%s",
                  json_string_value(json_object_get(json_array_get(history, json_array_size(history) - 1), "program")));
    record_init(&r);
    while ((more = reader_next(reader, &r, &e)) > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, " %s:%zu", r.id, record_steps(&r));
    if (more < 0)
        bug("%s", e.text);
    record_clear(&r);
    reader_close(reader);
    fclose(f);
    return text;
}

#endif
