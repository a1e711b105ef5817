/* Any bytes as a table and as JSON lines: they are refused or read, and what is read fits its header or is refused by its rules. */
#include "stream/convert.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads all that the source gives; writes it as a stream, which may refuse it. */
static void drain(struct source *s, FILE *f)
{
    struct error e = {0};
    struct record rec;
    FILE *null = fopen("/dev/null", "w");
    struct sink *sink = s ? sink_stream(null, s->header, &e) : NULL;
    record_init(&rec);
    while (sink && s->next(s, &rec, &e) > 0 && sink->put(sink, &rec, &e) == DSSM_OK)
        ;
    record_clear(&rec);
    if (sink)
        sink->close(sink);
    if (s)
        s->close(s);
    fclose(null);
    fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e;
    if (size == 0)
        return 0;
    for (int form = 0; form < 3; form++) {
        FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");
        if (form == 0)
            drain(source_lines(f, "fuzz", DT_F4, &e), f);
        else
            drain(source_table(f, "fuzz", form == 1 ? ',' : '\t', DT_I8, &e), f);
    }
    return 0;
}
