/* The mask of a record, whether it is there and described or not (private to lib/stream). */
#ifndef DSSM_STREAM_MASK_H
#define DSSM_STREAM_MASK_H

#include "stream/stream.h"

/* Describes the mask in the header unless it is; returns its type. */
enum dtype mask_declare(json_t *header);
/* A copy of the record's mask as this type; all ones if it had none. Caller frees data. */
struct array mask_of(const struct record *rec, enum dtype type);

#endif
