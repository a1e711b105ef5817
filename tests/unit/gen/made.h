/* Streams in memory for the tests of this folder. */
#ifndef GEN_MADE_H
#define GEN_MADE_H

#include "gen/gen.h"
#include <stdlib.h>
#include <string.h>

/* A pendulum of which the angle is seen. */
static const struct pendulum seen_angle = {
    .dt = 0.05, .substeps = 10, .friction = 0.5, .gravity = 9.81, .u_max = 5, .v0 = 6.6, .observe = OBSERVE_ANGLE};

/* The file's bytes as a stream, to the record of this number (from 0) into rec; the number of records in all. */
static inline int stream_records(const char *path, int number, struct record *rec)
{
    struct error e = {0};
    struct record next;
    FILE *f = fopen(path, "r");
    struct reader *in = f ? reader_open(f, path, NULL, &e) : NULL;
    if (!in)
        bug("%s: %s", path, e.text);
    int more, n = 0;
    record_init(&next);
    for (; (more = reader_next(in, &next, &e)) > 0; n++)
        if (n == number)
            record_move(rec, &next);
    if (more < 0)
        bug("%s", e.text);
    record_clear(&next);
    reader_close(in);
    fclose(f);
    return n;
}

/* A path in the scratch folder; the caller frees it. */
static inline char *scratch(const char *name)
{
    const char *folder = getenv("TMPDIR");
    return xasprintf("%s/%s", folder ? folder : "/tmp", name);
}

#endif
