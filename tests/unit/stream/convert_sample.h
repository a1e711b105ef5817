/* Text in, records out, for the tests of conversions. */
#ifndef CONVERT_SAMPLE_H
#define CONVERT_SAMPLE_H

#include "stream/convert.h"
#include "stream_sample.h"
#include <string.h>

/* A source's records in short: "0:x=0,1,2 u=3 | 1:…" (all numbers, in order), or the error's text. `make` opens the source. */
static inline const char *short_of(const char *text, struct source *(*make)(FILE *f, struct error *e))
{
    static char out[2048];
    struct error e = {0};
    struct record r;
    size_t n = 0;
    int more = -1;
    FILE *f = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    struct source *s = make(f, &e);
    record_init(&r);
    out[0] = '\0';
    while (s && (more = s->next(s, &r, &e)) > 0) {
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s:", n ? " | " : "", r.id);
        for (int i = 0; i < r.n; i++) {
            n += (size_t)snprintf(out + n, sizeof out - n, "%s%s=", i ? " " : "", r.field[i].name);
            for (size_t k = 0; !r.field[i].raw && k < array_count(&r.field[i].array); k++)
                n += (size_t)snprintf(out + n, sizeof out - n, k ? ",%g" : "%g", array_get(&r.field[i].array, k));
        }
    }
    if (more < 0)
        snprintf(out, sizeof out, "%s", e.text);
    record_clear(&r);
    if (s)
        s->close(s);
    fclose(f);
    return out;
}

/* What a sink writes for n records of the sample. The caller frees .p */
static inline struct bytes written_by(struct sink *(*make)(FILE *f, const json_t *header, struct error *e), int n)
{
    struct bytes b = {0};
    struct error e = {0};
    struct record r;
    FILE *f = open_memstream(&b.p, &b.n);
    json_t *h = sample_header();
    struct sink *s = make(f, h, &e);
    record_init(&r);
    for (int i = 0; i < n; i++) {
        sample_record(&r, i ? "b,\"c\"" : "a", 2);
        if (s->put(s, &r, &e))
            bug("%s", e.text);
    }
    if (s->end(s, &e))
        bug("%s", e.text);
    s->close(s);
    fclose(f);
    record_clear(&r);
    json_decref(h);
    return b;
}

#endif
