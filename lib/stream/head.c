/* The beginning of a stream. */
#include "stream/stream.h"

/* Writes what is wanted of a record: all, its first steps, or nothing. */
static int put_head(struct filter *f, const struct follower *at, struct record *rec, size_t steps, struct error *e)
{
    if (steps == 0 || at->next <= steps)
        return writer_put(f->writer, rec, e);
    if (at->first >= steps)
        return DSSM_OK;
    if (filter_can_cut(f, rec, e))
        return e->code;
    struct record cut;
    record_init(&cut);
    record_cut(&cut, rec, reader_header(f->reader), 0, steps - at->first);
    int code = writer_put(f->writer, &cut, e);
    record_clear(&cut);
    return code;
}

static int head_records(struct filter *f, uint64_t records, size_t steps, struct error *e)
{
    struct follower at = {0};
    struct record rec;
    int more = 1, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (records == 0 || reader_count(f->reader) < records) && (more = reader_next(f->reader, &rec, e)) > 0) {
        follow(&at, &rec);
        code = put_head(f, &at, &rec, steps, e);
    }
    record_clear(&rec);
    follow_end(&at);
    return more < 0 ? e->code : code;
}

int stream_head(const struct passage *how, uint64_t records, size_t steps, struct error *e)
{
    struct filter f;
    int code = filter_open(&f, how, e);
    if (code == DSSM_OK)
        code = filter_begin(&f, e);
    if (code == DSSM_OK)
        code = head_records(&f, records, steps, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    return code;
}
