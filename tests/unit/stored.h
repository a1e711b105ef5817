/* A data set twice: in memory, and left in its file, with what is done to such a file meanwhile. */
#ifndef DSSM_TESTS_STORED_H
#define DSSM_TESTS_STORED_H

#include "fixture.h"
#include <unistd.h>

struct stored {
    char path[64];
    struct dataset memory, file;
};

enum { STORED = 70, STORED_LONGEST = 6 }; /* two chunks and a part */

/* Sequences of 3 to 6 steps; each fourth has a mask, each fifth a NaN. Observations of even kinds are |u1, else <f8. */
static inline void stored_record(struct record *r, int i, int kind)
{
    int T = STORED_LONGEST - i % 4;
    fixture_record(r, i, T, 4, 1);
    if (kind % 2 == 0) {
        struct array x = array_new(DT_U1, 3, (const size_t[]){(size_t)T, 2, 2});
        for (int k = 0; k < T * 4; k++)
            ((uint8_t *)x.data)[k] = (uint8_t)(i * 31 + k * 7);
        record_put(r, "x", x);
    } else if (i % 5 == 0) {
        ((double *)record_get(r, "x")->data)[4] = NAN;
    }
    if (i % 4 == 0)
        fixture_mask(r, "101101");
    record_put(r, "other", fixture_array(i, 5, T, 50, 1));
    record_put_raw(r, "note", "\xa2no", 3);
}

static inline struct stored stored_open(int kind)
{
    struct stored s = {.path = "/tmp/dssm-stored-XXXXXX"};
    struct error e;
    FILE *f = fdopen(mkstemp(s.path), "w");
    json_t *header = header_new();
    struct writer *w = writer_open(f, header, false, &e);
    for (int i = 0; i < STORED; i++) {
        struct record r;
        stored_record(&r, i, kind);
        if (writer_put(w, &r, &e))
            bug("%s", e.text);
        record_clear(&r);
    }
    if (writer_close(w, &e) || fclose(f) || dataset_open(&s.memory, s.path, DATA_MEMORY, &e) ||
        dataset_open(&s.file, s.path, DATA_FILE, &e))
        bug("%s", e.text);
    json_decref(header);
    return s;
}

static inline void stored_close(struct stored *s)
{
    unlink(s->path);
    dataset_free(&s->memory);
    dataset_free(&s->file);
}

/* Where in the file the observations of sequence i stand. */
static inline off_t stored_place(const struct stored *s, int i)
{
    const struct record *r = &s->file.record[i];
    for (int k = 0; k < r->n; k++)
        if (strcmp(r->field[k].name, "x") == 0)
            return (off_t)r->field[k].at;
    bug("stored_place: no x");
}

/* Changes the last byte of the observations of sequence i, or changes it back. */
static inline void stored_change(const struct stored *s, int i)
{
    FILE *f = fopen(s->path, "r+");
    off_t at = stored_place(s, i) + (off_t)array_bytes(record_get(&s->file.record[i], "x")) - 1;
    uint8_t byte;
    if (!f || pread(fileno(f), &byte, 1, at) != 1)
        bug("stored_change: cannot read");
    byte ^= 1;
    if (pwrite(fileno(f), &byte, 1, at) != 1)
        bug("stored_change: cannot write");
    fclose(f);
}

#endif
