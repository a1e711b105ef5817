/* Records in and out: the stream of sequences that flows between programs (formats/stream.md),
 * and the .npz archives that models, policies and checkpoints rest in (formats/archive.md).
 * Uses base, cli; msgpack-c, libarchive, jansson, zlib. */
#ifndef DSSM_STREAM_H
#define DSSM_STREAM_H

#include "base/base.h"
#include <jansson.h>
#include <signal.h>

struct output; /* cli.h */

/* ---- arrays (array.c) ---- */

enum dtype { DT_F4, DT_F8, DT_I4, DT_I8, DT_U2, DT_U1, DT_B1 };
enum { ARRAY_MAX_DIMS = 8 };

struct array {
    enum dtype type;
    int dims;
    size_t shape[ARRAY_MAX_DIMS]; /* row-major; in a record the first axis is time */
    void *data;                   /* owned by the array's holder (record or archive) */
};

size_t dtype_size(enum dtype t);
const char *dtype_name(enum dtype t); /* "<f4", … */
bool dtype_parse(const char *name, enum dtype *t);
size_t array_count(const struct array *a); /* product of shape; 1 for a scalar */
size_t array_step(const struct array *a);  /* product of shape[1..] */
size_t array_bytes(const struct array *a);
double array_get(const struct array *a, size_t i);       /* element i as a number; |u1 unscaled */
bool array_finite(const struct array *a);                /* no element is NaN or infinite */
void array_set(struct array *a, size_t i, double value); /* the value must lie in the type's range */
enum { ARRAY_SHAPE_TEXT = 24 * ARRAY_MAX_DIMS };
const char *array_shape(const struct array *a, char text[ARRAY_SHAPE_TEXT]); /* "[15,2]", for messages; "nothing" for NULL; returns text */
struct array array_new(enum dtype t, int dims, const size_t *shape);         /* cleared; caller frees data */
struct array array_copy(const struct array *a);
struct array array_steps(const struct array *a, size_t from, size_t n); /* copy of steps from..from+n-1 of the first axis */

/* ---- records ---- */

/* One sequence: its id and its arrays by name. Values that are no arrays (strings, numbers, maps) are
 * kept as msgpack bytes and passed on. Everything is owned by the record. */
struct field {
    char *name;
    struct array array;
    uint64_t at; /* where the array's data stand in the stream it was read from: bytes from the stream's first; 0: from none */
    void *raw;   /* a value that is no array: its msgpack bytes, else NULL */
    size_t raw_size;
};
struct record {
    char *id;
    int n;
    struct field *field;
};
void record_init(struct record *r);
void record_clear(struct record *r);                                      /* frees what it owns; usable again */
const struct array *record_get(const struct record *r, const char *name); /* NULL if absent or no array */
/* Adds or replaces an array; takes ownership of a.data. */
void record_put(struct record *r, const char *name, struct array a);
/* Adds or replaces a value that is no array: size bytes of msgpack, copied; they must be one whole value. */
void record_put_raw(struct record *r, const char *name, const void *bytes, size_t size);
void record_remove(struct record *r, const char *name);
void record_set_id(struct record *r, const char *id);
void record_move(struct record *to, struct record *from); /* to is cleared first, from is left empty */
/* Steps of the sequence: the first axis of the first array; 0 for none. */
size_t record_steps(const struct record *r);
/* Steps first..first+n-1 of every field that the header declares (and of mask); other values are copied whole. to is cleared
 * first and may not be from. */
void record_cut(struct record *to, const struct record *from, const json_t *header, size_t first, size_t n);

/* ---- header ---- */

/* The header as JSON: {"format":"dssm-stream","version":1,"fields":{…},"history":[…]}; keys that we do
 * not know are kept. fields.NAME = {"dtype","shape" (of one step),"meaning","unit","kinds" (an array with
 * "line" or "circle" (angle in radians) for each component), "names" (of the components)}. */
json_t *header_new(void);
json_t *header_copy(const json_t *header);
/* Describes (or redescribes) a field. unit, kinds, names may be NULL; kinds and names are comma-separated. */
void header_field(json_t *header, const char *name, enum dtype type, int dims, const size_t *step_shape, const char *meaning,
                  const char *unit, const char *kinds, const char *names);
/* Removes a field's description; nothing happens if there is none. */
void header_remove_field(json_t *header, const char *name);
/* Appends {"program","version","command","seed"(if has_seed)} to history. A seed beyond
 * 2^63-1, which JSON libraries mangle, is written as text. */
void header_history(json_t *header, const char *program, const char *command, bool has_seed, uint64_t seed);
/* The description of a field, or NULL. Borrowed. */
const json_t *header_get_field(const json_t *header, const char *name);
/* Gives an array [T, n] the shape that the header describes for steps of the field, of n numbers. */
void header_shape(const json_t *header, const char *name, struct array *a);

/* ---- reading (reader.c) ---- */

struct stream_limits {
    size_t record_bytes;         /* a message's size, 64 MiB by default, at most 1 GiB */
    int depth;                   /* nesting, 32 by default and at most */
    size_t elements;             /* values in a message, keys counted: 2^20 by default */
    double patience;             /* seconds that a message may be waited for, then DSSM_FAILURE; 0, the default: for ever */
    volatile sig_atomic_t *stop; /* ends the waiting when a signal handler has set it (DSSM_FAILURE); may be NULL */
};
extern const struct stream_limits stream_limits_default;

struct reader;
/* Reads the header. Takes its bytes from the descriptor under f if it has one (so that a record is there as soon as its last
 * byte has come through a pipe): nothing may have been read from f before, nor be read by others after. name is for messages ("standard
 * input", a path) and is copied; the file stays the caller's. limits may be NULL. On failure returns NULL with e: BAD_INPUT names the rule
 * broken; CUT_SHORT when the input ends inside the header. */
struct reader *reader_open(FILE *f, const char *name, const struct stream_limits *limits, struct error *e);
const json_t *reader_header(const struct reader *r); /* borrowed */
/* The next record into *rec (cleared first). Returns 1 for a record, 0 at the end (trailer seen, checksum and count
 * right, nothing behind it), -1 on error with e ("name: record 17: field x: expected …, got …"; records count from 1).
 * The fields that the header declares come first in rec, then a mask, then x, otherwise in the order of the wire; so record_steps is
 * right (S14). Each array's `at` is set. */
int reader_next(struct reader *r, struct record *rec, struct error *e);
void reader_patience(struct reader *r, double seconds); /* from the next message on; as in struct stream_limits */
uint64_t reader_count(const struct reader *r);          /* records read so far */
uint64_t reader_bytes(const struct reader *r);          /* bytes of all messages read so far */
uint32_t reader_crc(const struct reader *r);            /* CRC-32 of header and records read so far */
void reader_close(struct reader *r);

/* ---- arrays that stay in their file (backing.c) ---- */

/* A regular file that a stream stands in, for reading its arrays again, in any order and by several threads at once. */
struct backing;
/* To be called before a reader reads from f: where f stands is the stream's first byte. f may be closed afterwards. name is copied. NULL
 * with e (DSSM_USAGE) if f is no regular file. */
struct backing *backing_open(FILE *f, const char *name, struct error *e);
const char *backing_name(const struct backing *b);
/* `bytes` bytes of the stream from byte `at` on (as in struct field). DSSM_CUT_SHORT if the file ends before; the text has no place. */
int backing_read(const struct backing *b, uint64_t at, size_t bytes, void *to, struct error *e);
/* Tells the system that these bytes will be wanted soon. */
void backing_expect(const struct backing *b, uint64_t at, size_t bytes);
void backing_close(struct backing *b); /* NULL is allowed */

/* ---- writing (writer.c) ---- */

struct writer;
/* Writes the header at once. header is copied. bin_keys: the five keys of arrays as bin, for msgpack-numpy's default decoder. */
/* A record that breaks a rule of the format (a field that does not fit the header, say) is refused by writer_put with the
 * record's number, so that what is written can be read. */
struct writer *writer_open(FILE *f, const json_t *header, bool bin_keys, struct error *e);
int writer_put(struct writer *w, const struct record *rec, struct error *e); /* DSSM_OK, or the error's code */
int writer_flush(struct writer *w, struct error *e);
int writer_close(struct writer *w, struct error *e); /* writes the trailer, flushes; frees w either way */
void writer_abandon(struct writer *w);               /* frees w without a trailer */

/* ---- passing a stream on (filter.c) ---- */

/* Where a stream comes from and goes to, and what is noted in its history. */
struct passage {
    const char *in, *out; /* paths; NULL or "-" for standard input and output */
    const char *program, *command;
    bool has_seed;
    uint64_t seed;
    bool bin_keys; /* see writer_open */
};

/* One stream in, one out. */
struct filter {
    const struct passage *how; /* borrowed */
    FILE *file;
    struct reader *reader;
    json_t *header; /* of the output: the input's with one more line of history; to be changed before filter_begin */
    struct output *output;
    struct writer *writer;
};
int filter_open(struct filter *f, const struct passage *how, struct error *e); /* reads the header */
int filter_begin(struct filter *f, struct error *e);                           /* writes the header */
/* Can steps be taken out of this record? Not if nothing is known of any field's axes (S18): DSSM_BAD_INPUT. */
int filter_can_cut(const struct filter *f, const struct record *rec, struct error *e);
int filter_end(struct filter *f, struct error *e); /* writes the trailer; the file appears */
/* Frees; without filter_end no file appears, and e (may be NULL) gets its name where writing failed. Safe after a filter_open that failed.
 */
void filter_close(struct filter *f, struct error *e);

/* Which sequence a record belongs to: a record with the id of the one before goes on with it. Starts as {0}. */
struct follower {
    char *id;
    uint64_t sequences; /* begun so far: the number of the last record's sequence, from 1 */
    size_t first, next; /* steps of that sequence before the last record, and up to its end */
    bool goes_on;       /* the last record continued a sequence */
};
void follow(struct follower *f, const struct record *rec);
void follow_end(struct follower *f);

/* ---- what the seq- programs do: each returns DSSM_OK or the error's code; e may not be NULL ---- */

/* The first `records` records (0: all); of each sequence the first `steps` steps (0: all), which may end in a later record (head.c). */
int stream_head(const struct passage *how, uint64_t records, size_t steps, struct error *e);

/* Which sequences are held out: every `every`-th (0: none), else each with probability `fraction`, drawn from how->seed. */
struct holdout {
    uint64_t every;
    double fraction;
};
/* Held-out sequences to how->out, the others to `rest` (NULL: nowhere) (split.c). */
int stream_split(const struct passage *how, const struct holdout *which, const char *rest, struct error *e);
/* How sequences are cut: into pieces of so many steps, the last one shorter. They keep the sequence's id, or with new_ids are sequences of
 * their own, ID/1, ID/2 and so on. */
struct cutting {
    size_t steps;
    bool new_ids;
};
/* Sequences in pieces (split.c). */
int stream_pieces(const struct passage *how, const struct cutting *cut, struct error *e);

/* The streams at n paths one after the other. Their fields must agree (meaning apart); the header is the first one's, the history
 * every line of all. renumber: ids become 0, 1, …, one a sequence (join.c). how->in is not used. */
int stream_join(const struct passage *how, int n, char **paths, bool renumber, struct error *e);

/* Frames from..to (steps of the sequence, from 1; to 0: the last) become unobserved with probability `rate`, each sequence
 * and step drawn for itself from how->seed: mask 0, x as it was (mask.c). */
int stream_mask(const struct passage *how, double rate, size_t from, size_t to, struct error *e);

/* Numbers of a stream (summary.c). */
struct field_summary {
    char *name;
    uint64_t count, missing; /* numbers, and how many of them are not finite */
    double min, max, sum;    /* of the finite ones, as stored (|u1 unscaled); NaN, NaN, 0 if there are none */
    double mean, std;        /* NaN if there are none; std divides by the number */
};
struct stream_summary {
    json_t *header;
    uint64_t records, sequences, steps, bytes;
    uint64_t masked; /* steps with mask 0 */
    uint32_t crc;
    size_t shortest, median, longest; /* steps of a sequence; the lower one of two medians */
    int n;
    struct field_summary *field; /* those that the header declares, and mask if it is there undeclared */
};
/* Reads the stream at path to its end; every rule is checked on the way. numbers: fill `field` and the lengths too (needs 8 bytes a
 * sequence); without, memory is constant. */
int stream_summarise(struct stream_summary *s, const char *path, bool numbers, struct error *e);
void stream_summary_clear(struct stream_summary *s);

/* ---- other forms (convert.c) ---- */

/* npz: for numpy (sequences_npz.c); csv, tsv: a line a step (table.c); jsonl: a line a record (lines.c). */
enum form { FORM_STREAM, FORM_NPZ, FORM_JSONL, FORM_CSV, FORM_TSV };
/* The form that a path's ending (.msgpack, .npz, …) tells; false if it tells none. path may be NULL. */
bool form_of_name(const char *path, enum form *form);
/* how->in in one form to how->out in another. type: of numbers whose type the input does not tell (csv, tsv, jsonl without a header). */
int stream_convert(const struct passage *how, enum form from, enum form to, enum dtype type, struct error *e);

/* ---- archives (npz.c): meta.json and one .npy a tensor ---- */

struct tensor {
    char *name;
    struct array array;
};
struct archive {
    json_t *meta; /* owned */
    int n;
    struct tensor *tensor;
};
void archive_init(struct archive *a);
void archive_clear(struct archive *a);
void archive_put(struct archive *a, const char *name, struct array array); /* takes ownership of array.data */
const struct array *archive_get(const struct archive *a, const char *name);
int archive_write(const struct archive *a, FILE *f, struct error *e);
/* Bounded: each member at most max_bytes (0: 4 GiB). Reads forward only, so from a pipe too. Refuses object dtypes, Fortran order and
 * big endian with a clear error, and whatever is longer or shorter than it says; a file that ends early is CUT_SHORT. */
/* a is made by this call, as by archive_init; on failure it is left empty. meta is {} if there is no meta.json (numpy.savez). */
int archive_read(struct archive *a, FILE *f, const char *name, size_t max_bytes, struct error *e);
int archive_load(struct archive *a, const char *path, struct error *e); /* the same of a path; "-": standard input */

#endif
