/* Any bytes as a stream: the reader refuses them or reads them, and what it reads can be written and read again. */
#include "stream/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct stream_limits limits = {.record_bytes = 1 << 20, .depth = 32, .elements = 1 << 16};

/* Reads all; writes to w unless it is NULL. Returns the records, or -1 if the stream was refused. */
static long read_all(const void *data, size_t size, FILE *out)
{
    struct error e = {0};
    struct record rec;
    struct writer *w = NULL;
    long count = -1;
    FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");
    struct reader *r = f ? reader_open(f, "fuzz", &limits, &e) : NULL;
    record_init(&rec);
    if (r) {
        int more;
        if (out && !(w = writer_open(out, reader_header(r), false, &e)))
            bug("a header that was read cannot be written: %s", e.text);
        while ((more = reader_next(r, &rec, &e)) > 0)
            if (w && writer_put(w, &rec, &e))
                bug("a record that was read cannot be written: %s", e.text);
        if (more == 0)
            count = (long)reader_count(r);
        if (w && writer_close(w, &e))
            bug("%s", e.text);
    }
    record_clear(&rec);
    reader_close(r);
    if (f)
        fclose(f);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *again = NULL;
    size_t bytes = 0;
    if (size == 0)
        return 0;
    FILE *out = open_memstream(&again, &bytes);
    long count = read_all(data, size, out);
    fclose(out);
    if (count >= 0 && read_all(again, bytes, NULL) != count)
        bug("a stream that was read and written is not read again");
    free(again);
    return 0;
}
