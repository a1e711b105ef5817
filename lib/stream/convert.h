/* Where records come from and go to when a stream is converted (private to lib/stream). */
#ifndef DSSM_STREAM_CONVERT_H
#define DSSM_STREAM_CONVERT_H

#include "stream/stream.h"

/* Gives records. Each kind has this as its first member. */
struct source {
    json_t *header; /* describes every record's declared fields; of a source without records, whatever is known */
    int (*next)(struct source *s, struct record *rec, struct error *e); /* as reader_next */
    void (*close)(struct source *s);
};

/* Takes records. */
struct sink {
    int (*put)(struct sink *s, const struct record *rec, struct error *e);
    int (*end)(struct sink *s, struct error *e); /* the last bytes; the file stays open */
    void (*close)(struct sink *s);
};

/* Each returns NULL with e on failure. type: of numbers whose type the form does not tell. */
struct source *source_stream(FILE *f, const char *name, struct error *e);
struct source *source_archive(FILE *f, const char *name, struct error *e);
struct source *source_lines(FILE *f, const char *name, enum dtype type, struct error *e);
struct source *source_table(FILE *f, const char *name, char separator, enum dtype type, struct error *e);
struct sink *sink_stream(FILE *f, const json_t *header, struct error *e);
struct sink *sink_archive(FILE *f, const json_t *header, struct error *e);
struct sink *sink_lines(FILE *f, const json_t *header, struct error *e);
struct sink *sink_table(FILE *f, const json_t *header, char separator, struct error *e);

/* ---- numbers as text (number.c) ---- */

/* Element i in as many digits as tell it from its neighbours; `missing` if it is not finite. */
void number_print(FILE *f, const struct array *a, size_t i, const char *missing);
/* Sets element i; refuses what the type cannot hold (300 in |u1, NaN in integers). */
int number_set(struct array *a, size_t i, double value, struct error *e);
int number_set_integer(struct array *a, size_t i, long long value, struct error *e); /* exact for <i8 */

/* One line of text without its newline in *line (grown; the caller frees), at most 256 MiB. 1, 0 at the end, -1 on error. */
int text_line(FILE *f, char **line, size_t *room, size_t *length, struct error *e);

#endif
