/* A zip file's members one after the other, by libarchive (private to lib/stream; apart from npz.c because
 * libarchive has a struct archive of its own). Names and bytes are not written to any disk. */
#ifndef DSSM_STREAM_ZIP_H
#define DSSM_STREAM_ZIP_H

#include "base/base.h"

struct zip_writer;
/* Members are stored, dated 1980-01-01, so that the same content is the same bytes. The file stays the caller's. */
struct zip_writer *zip_writer_new(FILE *f, struct error *e);
int zip_begin(struct zip_writer *z, const char *name, size_t bytes, struct error *e); /* then zip_put exactly `bytes` */
int zip_put(struct zip_writer *z, const void *bytes, size_t n, struct error *e);
int zip_writer_end(struct zip_writer *z, struct error *e); /* writes the directory; frees z either way */
void zip_writer_abandon(struct zip_writer *z);             /* frees z */

struct zip_reader;
struct zip_reader *zip_reader_new(FILE *f, struct error *e);
/* The next member's name (borrowed until the next call): 1, 0 at the end, -1 on error. */
int zip_next(struct zip_reader *z, const char **name, struct error *e);
/* Up to n bytes of the member; *got < n only at its end, where its checksum has been verified. */
int zip_get(struct zip_reader *z, void *bytes, size_t n, size_t *got, struct error *e);
void zip_reader_free(struct zip_reader *z);

#endif
