/* Holding sequences out, and cutting them into pieces. */
#include "cli/cli.h"
#include "stream/stream.h"

enum { PURPOSE_HOLDOUT = 0x5303 };

static bool is_held_out(const struct holdout *which, uint64_t seed, uint64_t sequence)
{
    double uniform;
    if (which->every)
        return sequence % which->every == 0;
    draw_uniform(
        (struct draw){.seed = seed, .purpose = PURPOSE_HOLDOUT, .update = (uint32_t)(sequence >> 32), .sequence = (uint32_t)sequence}, 1,
        &uniform);
    return uniform < which->fraction;
}

/* The second output, beside the filter's own. */
struct rest {
    struct output *output;
    struct writer *writer;
};

static int rest_begin(struct rest *r, const char *path, const struct filter *f, struct error *e)
{
    r->output = output_open(path, e);
    if (!r->output)
        return e->code;
    r->writer = writer_open(output_file(r->output), f->header, f->how->bin_keys, e);
    return r->writer ? DSSM_OK : e->code;
}

static int rest_end(struct rest *r, struct error *e)
{
    int code = writer_close(r->writer, e);
    r->writer = NULL;
    if (code != DSSM_OK)
        return code;
    code = output_commit(r->output, e);
    r->output = NULL;
    return code;
}

static int split_records(struct filter *f, struct rest *r, const struct holdout *which, struct error *e)
{
    struct follower at = {0};
    struct record rec;
    int more = 0, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(f->reader, &rec, e)) > 0) {
        follow(&at, &rec);
        struct writer *w = is_held_out(which, f->how->seed, at.sequences) ? f->writer : r->writer;
        if (w)
            code = writer_put(w, &rec, e);
    }
    record_clear(&rec);
    follow_end(&at);
    return more < 0 ? e->code : code; /* more is not below 0 when writing failed */
}

int stream_split(const struct passage *how, const struct holdout *which, const char *rest, struct error *e)
{
    struct filter f;
    struct rest r = {0};
    int code = filter_open(&f, how, e);
    if (code == DSSM_OK)
        code = filter_begin(&f, e);
    if (code == DSSM_OK && rest)
        code = rest_begin(&r, rest, &f, e);
    if (code == DSSM_OK)
        code = split_records(&f, &r, which, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    if (code == DSSM_OK && rest)
        code = rest_end(&r, e);
    writer_abandon(r.writer);
    output_abort(r.output, e);
    filter_close(&f, e);
    return code;
}

/* Gives the piece that begins at step t of its sequence (from 0) an id of its own: the sequence's, a stroke, and the piece's number. */
static void name_piece(struct record *piece, size_t t, size_t steps)
{
    char *own = xasprintf("%s/%zu", piece->id, t / steps + 1);
    free(piece->id);
    piece->id = own;
}

/* Writes the record in pieces that end where the sequence's steps are a multiple of `steps`. */
static int put_pieces(struct filter *f, const struct follower *at, const struct record *rec, const struct cutting *how, struct error *e)
{
    struct record piece;
    size_t length = at->next - at->first, steps = how->steps;
    int code = length == 0 ? writer_put(f->writer, rec, e) : DSSM_OK;
    record_init(&piece);
    for (size_t t = 0; t < length && code == DSSM_OK;) {
        size_t n = steps - (at->first + t) % steps;
        n = n < length - t ? n : length - t;
        if (n < length && (code = filter_can_cut(f, rec, e)))
            break;
        record_cut(&piece, rec, reader_header(f->reader), t, n);
        if (how->new_ids)
            name_piece(&piece, at->first + t, steps);
        code = writer_put(f->writer, &piece, e);
        t += n;
    }
    record_clear(&piece);
    return code;
}

static int cut_records(struct filter *f, const struct cutting *how, struct error *e)
{
    struct follower at = {0};
    struct record rec;
    int more = 0, code = DSSM_OK;
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(f->reader, &rec, e)) > 0) {
        follow(&at, &rec);
        code = put_pieces(f, &at, &rec, how, e);
    }
    record_clear(&rec);
    follow_end(&at);
    return more < 0 ? e->code : code; /* more is not below 0 when writing failed */
}

int stream_pieces(const struct passage *how, const struct cutting *cut, struct error *e)
{
    struct filter f;
    int code = filter_open(&f, how, e);
    if (code == DSSM_OK)
        code = filter_begin(&f, e);
    if (code == DSSM_OK)
        code = cut_records(&f, cut, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    return code;
}
