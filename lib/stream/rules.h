/* What the header promises about records, in a form that is quick to check (private to lib/stream). */
#ifndef DSSM_STREAM_RULES_H
#define DSSM_STREAM_RULES_H

#include "stream/stream.h"

struct field_rule {
    char *name;
    enum dtype type;
    int dims; /* of one step */
    size_t shape[ARRAY_MAX_DIMS];
};

struct rules {
    int n;
    struct field_rule *field;
    char *last_id;  /* the id of the record before, or NULL */
    bool last_open; /* the last control of the record before is not finite: it may not be gone on from */
};

/* Checks the header (format, version, fields, history). The error's place is "header: …". */
int rules_begin(struct rules *r, const json_t *header, struct error *e);
/* Checks the next record. The error's place is "field …" or "id …". */
int rules_check(struct rules *r, const struct record *rec, struct error *e);
void rules_end(struct rules *r);

#endif
