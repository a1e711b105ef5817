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

#endif
