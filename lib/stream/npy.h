/* The .npy member: numpy's header and the numbers behind it (private to lib/stream; formats/archive.md). */
#ifndef DSSM_STREAM_NPY_H
#define DSSM_STREAM_NPY_H

#include "stream/stream.h"

enum { NPY_PREFIX = 12, NPY_HEADER_MOST = 4096 };

/* The header of a's .npy file: magic, version 1.0, length, description, padded with spaces to a multiple of 64 bytes. Caller frees. */
char *npy_header(const struct array *a, size_t *size);
/* How long the header is, magic and length included, from its first 12 bytes; at most NPY_HEADER_MOST. */
int npy_header_size(const uint8_t prefix[NPY_PREFIX], size_t *size, struct error *e);
/* Type and shape from a whole header; a->data is left alone. *bytes: how many must follow. Refuses object dtypes (pickles), Fortran order,
 * big endian, types that a stream does not have. */
int npy_parse(const uint8_t *header, size_t size, struct array *a, size_t *bytes, struct error *e);

#endif
