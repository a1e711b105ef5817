/* Any bytes as an archive: it is refused or read, and what is read can be written and read again. */
#include "stream/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(struct archive *a, const void *data, size_t size)
{
    struct error e = {0};
    FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");
    int code = archive_read(a, f, "fuzz", 1 << 20, &e);
    fclose(f);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive a, b;
    struct error e = {0};
    char *again = NULL;
    size_t bytes = 0;
    if (size == 0)
        return 0;
    if (read_bytes(&a, data, size) == DSSM_OK) {
        FILE *out = open_memstream(&again, &bytes);
        if (archive_write(&a, out, &e))
            bug("an archive that was read cannot be written: %s", e.text);
        fclose(out);
        if (read_bytes(&b, again, bytes) || b.n != a.n || !json_equal(a.meta, b.meta))
            bug("an archive that was read and written is not read again");
        archive_clear(&b);
        free(again);
    }
    archive_clear(&a);
    return 0;
}
