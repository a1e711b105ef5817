/* Reads a stream (formats/stream.md) message by message, in memory that one message fills. */
#include "rules.h"
#include "scan.h"
#include "wire.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER_BYTES = 512 << 10 };
static const double LOOK_SECONDS = 0.1; /* a signal that comes between two looks is seen after so long at most */
static const size_t record_bytes_most = (size_t)1 << 30;

const struct stream_limits stream_limits_default = {.record_bytes = (size_t)64 << 20, .depth = SCAN_MAX_DEPTH, .elements = 1 << 20};

struct reader {
    FILE *file;
    int fd; /* under file, or -1 */
    char *name;
    struct stream_limits limits;
    uint8_t *buffer; /* bytes begin..end-1 are read and not yet used */
    size_t size, begin, end;
    bool at_eof;
    double since;      /* when the wait for the message at hand began; only where patience has an end */
    msgpack_zone zone; /* of the message at hand */
    json_t *header;
    struct rules rules;
    uint64_t count, bytes;
    uint32_t crc; /* of all bytes up to the message at hand, which is not in it */
    bool ended;   /* the trailer was seen, or an error told */
};

/* Makes room for `need` bytes from begin: moves what is there to the front, then grows, by doubling, only as bytes really come. */
static void make_room(struct reader *r, size_t need)
{
    if (r->begin > 0 && r->begin + need > r->size) {
        memmove(r->buffer, r->buffer + r->begin, r->end - r->begin);
        r->end -= r->begin;
        r->begin = 0;
    }
    if (r->end == r->size) {
        r->size *= 2;
        r->buffer = xrealloc(r->buffer, r->size);
    }
}

/* Waits until the descriptor has something to read. False with e when patience is at its end, or a signal has asked to stop. */
static bool await(const struct reader *r, struct error *e)
{
    const struct stream_limits *l = &r->limits;
    while (l->patience > 0 || l->stop) {
        struct pollfd wait = {.fd = r->fd, .events = POLLIN};
        double left = l->patience > 0 ? r->since + l->patience - seconds_now() : LOOK_SECONDS;
        if (l->stop && *l->stop)
            return error_set(e, DSSM_FAILURE, "stopped by signal %d", (int)*l->stop), false;
        int got = poll(&wait, 1, (int)(1000 * (left < 0 ? 0 : left > LOOK_SECONDS ? LOOK_SECONDS : left) + 0.999));
        if (got > 0 || (got < 0 && errno != EINTR))
            return true;
        if (l->patience > 0 && left <= 0)
            return error_set(e, DSSM_FAILURE, "nothing whole came for %g s", l->patience), false;
    }
    return true;
}

/* Reads what is there. False at the end of the input or when reading fails (then *e is set). */
static bool fill(struct reader *r, size_t need, struct error *e)
{
    if (r->at_eof)
        return false;
    if (r->fd >= 0 && !await(r, e))
        return false;
    make_room(r, need);
    ssize_t got;
    if (r->fd >= 0) {
        do
            got = read(r->fd, r->buffer + r->end, r->size - r->end);
        while (got < 0 && errno == EINTR);
    } else {
        got = (ssize_t)fread(r->buffer + r->end, 1, r->size - r->end, r->file);
        if (got == 0 && ferror(r->file))
            got = -1;
    }
    if (got < 0)
        error_set(e, DSSM_FAILURE, "cannot read: %s", strerror(errno));
    r->at_eof = got <= 0;
    if (got > 0)
        r->end += (size_t)got;
    return got > 0;
}

/* The next message, at buffer + begin; *size are its bytes. 1: there, 0: the input ends before it, -1: an error, or the input
 * ends inside it (CUT_SHORT with no text). */
static int find_message(struct reader *r, size_t *size, struct error *e)
{
    struct scan s;
    e->code = DSSM_OK;
    if (r->limits.patience > 0)
        r->since = seconds_now();
    if (r->begin == r->end && !fill(r, 1, e))
        return e->code ? -1 : 0;
    uint8_t c = r->buffer[r->begin];
    if ((c & 0xf0) != 0x80 && c != 0xde && c != 0xdf)
        return error_set(e, DSSM_BAD_INPUT, "expected a msgpack map, got byte 0x%02x%s", c,
                         r->header ? "" : " (seq-convert makes streams of csv, npz and JSON lines)"),
               -1;
    scan_begin(&s, r->limits.record_bytes, r->limits.elements, r->limits.depth);
    for (;;) {
        enum scan_result result = scan_value(&s, r->buffer + r->begin, r->end - r->begin, e);
        *size = s.pos;
        if (result != SCAN_MORE)
            return result;
        if (!fill(r, s.need, e)) {
            if (!e->code)
                error_set(e, DSSM_CUT_SHORT, "%s", "");
            return -1;
        }
    }
}

/* Unpacks the message; everything in *map lives until the next. */
static int unpack(struct reader *r, size_t size, msgpack_object *map, struct error *e)
{
    size_t offset = 0;
    msgpack_zone_clear(&r->zone);
    msgpack_unpack_return got = msgpack_unpack((const char *)r->buffer + r->begin, size, &offset, &r->zone, map);
    if (got != MSGPACK_UNPACK_SUCCESS || offset != size || map->type != MSGPACK_OBJECT_MAP)
        return error_set(e, DSSM_BAD_INPUT, "is no msgpack map");
    return wire_check_keys(map, e);
}

/* Done with the message: its bytes count for the checksum. */
static void consume(struct reader *r, size_t size)
{
    r->crc = (uint32_t)crc32_z(r->crc, r->buffer + r->begin, size);
    r->begin += size;
    r->bytes += size;
}

static int read_header(struct reader *r, struct error *e)
{
    size_t size;
    msgpack_object map;
    int found = find_message(r, &size, e);
    if (found == 0)
        return error_set(e, DSSM_CUT_SHORT, "ended before its header");
    if (found < 0 && e->code == DSSM_CUT_SHORT)
        return error_set(e, DSSM_CUT_SHORT, "ended inside its header");
    if (found < 0 || unpack(r, size, &map, e) || !(r->header = wire_to_json(&map, e)))
        return error_prefix(e, "header");
    consume(r, size);
    return rules_begin(&r->rules, r->header, e);
}

struct reader *reader_open(FILE *f, const char *name, const struct stream_limits *limits, struct error *e)
{
    struct reader *r = xcalloc(1, sizeof *r);
    struct error local;
    e = e ? e : &local;
    r->file = f;
    r->fd = fileno(f);
    r->name = xstrdup(name);
    r->limits = limits ? *limits : stream_limits_default;
    if (r->limits.record_bytes > record_bytes_most)
        r->limits.record_bytes = record_bytes_most;
    r->size = BUFFER_BYTES;
    r->buffer = xmalloc(r->size);
    if (!msgpack_zone_init(&r->zone, 8192))
        bug("reader_open: out of memory");
    if (read_header(r, e)) {
        error_prefix(e, "%s", r->name);
        reader_close(r);
        return NULL;
    }
    return r;
}

const json_t *reader_header(const struct reader *r)
{
    return r->header;
}

void reader_patience(struct reader *r, double seconds)
{
    r->limits.patience = seconds;
}

uint64_t reader_count(const struct reader *r)
{
    return r->count;
}

uint64_t reader_bytes(const struct reader *r)
{
    return r->bytes;
}

uint32_t reader_crc(const struct reader *r)
{
    return r->crc;
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    json_decref(r->header);
    rules_end(&r->rules);
    msgpack_zone_destroy(&r->zone);
    free(r->buffer);
    free(r->name);
    free(r);
}

static int check_trailer(const struct reader *r, const msgpack_object *map, struct error *e)
{
    const msgpack_object *end = wire_get(map, "end"), *records = wire_get(map, "records"), *crc = wire_get(map, "crc32");
    if (end->type != MSGPACK_OBJECT_BOOLEAN || !end->via.boolean)
        return error_set(e, DSSM_BAD_INPUT, "end: expected true");
    if (!records || records->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return error_set(e, DSSM_BAD_INPUT, "records: expected an integer ≥ 0");
    if (records->via.u64 != r->count)
        return error_set(e, DSSM_BAD_INPUT, "records: says %llu, but %llu came", (unsigned long long)records->via.u64,
                         (unsigned long long)r->count);
    if (!crc || crc->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return error_set(e, DSSM_BAD_INPUT, "crc32: expected an integer ≥ 0");
    if (crc->via.u64 != r->crc)
        return error_set(e, DSSM_BAD_INPUT, "crc32: says 0x%08llx, but the bytes before have 0x%08x", (unsigned long long)crc->via.u64,
                         r->crc);
    return DSSM_OK;
}

/* Refuses whatever stands behind the trailer, a second stream with a hint. */
static int check_nothing_follows(struct reader *r, struct error *e)
{
    size_t size;
    msgpack_object map;
    e->code = DSSM_OK;
    if (r->begin == r->end && !fill(r, 1, e))
        return e->code;
    if (find_message(r, &size, e) == 1 && unpack(r, size, &map, e) == DSSM_OK && wire_get(&map, "format"))
        return error_set(e, DSSM_BAD_INPUT, "another stream follows: join streams with seq-cat");
    return error_set(e, DSSM_BAD_INPUT, "data follow the trailer");
}

/* The trailer: 0 if all is well, else -1. */
static int read_trailer(struct reader *r, const msgpack_object *map, size_t size, struct error *e)
{
    if (check_trailer(r, map, e))
        return error_prefix(e, "trailer"), -1;
    r->begin += size;
    r->bytes += size;
    return check_nothing_follows(r, e) ? -1 : 0;
}

/* What is known of a field's first axis: most where it is declared; then of a mask (S15), and of x, which models take undeclared. */
static int rank(const struct reader *r, const char *name)
{
    return header_get_field(r->header, name) ? 3 : strcmp(name, "mask") == 0 ? 2 : strcmp(name, "x") == 0;
}

/* Puts the fields in the order of their ranks, those of one rank in their old order. */
static void best_first(const struct reader *r, struct record *rec)
{
    struct field *sorted = xmalloc((size_t)(rec->n + 1) * sizeof *sorted);
    int n = 0;
    for (int level = 3; level >= 0; level--)
        for (int i = 0; i < rec->n; i++)
            if (rank(r, rec->field[i].name) == level)
                sorted[n++] = rec->field[i];
    free(rec->field);
    rec->field = sorted;
}

static int read_message(struct reader *r, struct record *rec, struct error *e)
{
    size_t size;
    msgpack_object map;
    int found = find_message(r, &size, e);
    if (found == 0 || (found < 0 && e->code == DSSM_CUT_SHORT))
        return error_set(e, DSSM_CUT_SHORT, "ended after record %llu, before its trailer", (unsigned long long)r->count), -1;
    if (found > 0 && unpack(r, size, &map, e) == DSSM_OK) {
        if (wire_get(&map, "end"))
            return read_trailer(r, &map, size, e);
        if (wire_get(&map, "format"))
            return error_set(e, DSSM_BAD_INPUT, "a header after record %llu, before the trailer", (unsigned long long)r->count), -1;
        struct message here = {r->buffer + r->begin, size, r->bytes};
        if (wire_to_record(&map, &here, rec, e) == DSSM_OK && rules_check(&r->rules, rec, e) == DSSM_OK) {
            best_first(r, rec);
            consume(r, size);
            r->count++;
            return 1;
        }
    }
    if (e->code != DSSM_FAILURE)
        error_prefix(e, "record %llu", (unsigned long long)r->count + 1);
    return -1;
}

int reader_next(struct reader *r, struct record *rec, struct error *e)
{
    struct error local;
    e = e ? e : &local;
    record_clear(rec);
    if (r->ended)
        return 0;
    int result = read_message(r, rec, e);
    if (result <= 0) {
        r->ended = true;
        record_clear(rec);
    }
    if (result < 0)
        error_prefix(e, "%s", r->name);
    return result;
}
