/* Writes a stream (formats/stream.md): header at once, records as they come, trailer at the end. */
#include "rules.h"
#include "scan.h"
#include "wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct writer {
    FILE *file;
    bool bin_keys;
    struct rules rules;
    uint64_t count;
    uint32_t crc;
    int problem; /* errno of the first write that failed, or 0 */
};

/* msgpack-c calls this with every piece that it packs. */
static int sink(void *to, const char *bytes, size_t n)
{
    struct writer *w = to;
    if (w->problem)
        return -1;
    w->crc = (uint32_t)crc32_z(w->crc, (const Bytef *)bytes, n);
    errno = 0;
    if (n > 0 && fwrite(bytes, 1, n, w->file) != n)
        w->problem = errno ? errno : EIO;
    return w->problem ? -1 : 0;
}

/* Only counts. */
static int count_bytes(void *to, const char *bytes, size_t n)
{
    (void)bytes;
    *(size_t *)to += n;
    return 0;
}

static int written(const struct writer *w, struct error *e)
{
    return w->problem ? error_set(e, DSSM_FAILURE, "cannot write: %s", strerror(w->problem)) : DSSM_OK;
}

struct writer *writer_open(FILE *f, const json_t *header, bool bin_keys, struct error *e)
{
    struct writer *w = xcalloc(1, sizeof *w);
    msgpack_packer p;
    w->file = f;
    w->bin_keys = bin_keys;
    if (rules_begin(&w->rules, header, e)) {
        free(w);
        return NULL;
    }
    msgpack_packer_init(&p, w, sink);
    wire_pack_json(&p, header);
    if (written(w, e)) {
        writer_abandon(w);
        return NULL;
    }
    return w;
}

/* Values that were passed on are whole, and not nested deeper than a message may be. */
static int check_raw(const struct field *f, struct error *e)
{
    struct scan s;
    scan_begin(&s, stream_limits_default.record_bytes, stream_limits_default.elements, stream_limits_default.depth - 1);
    enum scan_result result = scan_value(&s, f->raw, f->raw_size, e);
    if (result == SCAN_MORE || (result == SCAN_DONE && s.pos != f->raw_size))
        error_set(e, DSSM_BAD_INPUT, "is no msgpack value");
    if (result == SCAN_DONE && s.pos == f->raw_size)
        return DSSM_OK;
    error_prefix(e, "field %.200s", f->name);
    return DSSM_BAD_INPUT;
}

/* What a reader would refuse is not written: a record without id, against the header, or too large. */
static int check_record(struct writer *w, const struct record *rec, struct error *e)
{
    size_t bytes = 0;
    msgpack_packer counter;
    if (!rec->id || !rec->id[0])
        return error_set(e, DSSM_BAD_INPUT, "id: missing");
    if (!wire_is_text(rec->id, strlen(rec->id)))
        return error_set(e, DSSM_BAD_INPUT, "id: no UTF-8 text");
    for (int i = 0; i < rec->n; i++)
        if (!wire_is_text(rec->field[i].name, strlen(rec->field[i].name)))
            return error_set(e, DSSM_BAD_INPUT, "the name of field %d is no UTF-8 text", i + 1);
    if (record_get(rec, "end") || record_get(rec, "format") || record_get(rec, "id"))
        return error_set(e, DSSM_BAD_INPUT, "a field may not be named id, end or format");
    if (rules_check(&w->rules, rec, e))
        return DSSM_BAD_INPUT;
    for (int i = 0; i < rec->n; i++)
        if (rec->field[i].raw && check_raw(&rec->field[i], e))
            return DSSM_BAD_INPUT;
    msgpack_packer_init(&counter, &bytes, count_bytes);
    wire_pack_record(&counter, rec, w->bin_keys);
    if (bytes > stream_limits_default.record_bytes)
        return error_set(e, DSSM_BAD_INPUT, "takes %zu bytes, more than the %zu that a message may take: cut it with seq-split --pieces",
                         bytes, stream_limits_default.record_bytes);
    return DSSM_OK;
}

int writer_put(struct writer *w, const struct record *rec, struct error *e)
{
    msgpack_packer p;
    if (check_record(w, rec, e)) {
        if (e)
            error_prefix(e, "output: record %llu", (unsigned long long)w->count + 1);
        return DSSM_BAD_INPUT;
    }
    msgpack_packer_init(&p, w, sink);
    wire_pack_record(&p, rec, w->bin_keys);
    w->count++;
    return written(w, e);
}

int writer_flush(struct writer *w, struct error *e)
{
    errno = 0;
    if (!w->problem && fflush(w->file))
        w->problem = errno ? errno : EIO;
    return written(w, e);
}

int writer_close(struct writer *w, struct error *e)
{
    msgpack_packer p;
    uint32_t crc = w->crc;
    msgpack_packer_init(&p, w, sink);
    msgpack_pack_map(&p, 3);
    wire_pack_text(&p, "end", false);
    msgpack_pack_true(&p);
    wire_pack_text(&p, "records", false);
    msgpack_pack_uint64(&p, w->count);
    wire_pack_text(&p, "crc32", false);
    msgpack_pack_uint32(&p, crc);
    int code = writer_flush(w, e);
    writer_abandon(w);
    return code;
}

void writer_abandon(struct writer *w)
{
    if (!w)
        return;
    rules_end(&w->rules);
    free(w);
}
