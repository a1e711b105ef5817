/* Archives: a stored zip of meta.json and one .npy a tensor (formats/archive.md), by libarchive. */
#include "cli/cli.h"
#include "npy.h"
#include "zip.h"
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MOST = 1 << 16 };
static const size_t member_bytes_default = (size_t)4 << 30, meta_bytes_most = (size_t)64 << 20;

/* ---- the archive in memory ---- */

void archive_init(struct archive *a)
{
    *a = (struct archive){.meta = json_object()};
}

void archive_clear(struct archive *a)
{
    for (int i = 0; i < a->n; i++) {
        free(a->tensor[i].name);
        free(a->tensor[i].array.data);
    }
    free(a->tensor);
    json_decref(a->meta);
    *a = (struct archive){0};
}

static struct tensor *find(const struct archive *a, const char *name)
{
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->tensor[i].name, name) == 0)
            return &a->tensor[i];
    return NULL;
}

void archive_put(struct archive *a, const char *name, struct array array)
{
    struct tensor *t = find(a, name);
    if (t) {
        free(t->array.data);
        t->array = array;
        return;
    }
    a->tensor = xrealloc(a->tensor, (size_t)(a->n + 1) * sizeof *a->tensor);
    a->tensor[a->n++] = (struct tensor){.name = xstrdup(name), .array = array};
}

const struct array *archive_get(const struct archive *a, const char *name)
{
    const struct tensor *t = find(a, name);
    return t ? &t->array : NULL;
}

/* ---- writing ---- */

static int write_member(struct zip_writer *z, const char *name, const void *head, size_t head_bytes, const void *body, size_t body_bytes,
                        struct error *e)
{
    if (zip_begin(z, name, head_bytes + body_bytes, e) || zip_put(z, head, head_bytes, e) || zip_put(z, body, body_bytes, e))
        return e ? error_prefix(e, "member %s", name) : DSSM_FAILURE;
    return DSSM_OK;
}

static int write_meta(struct zip_writer *z, const json_t *meta, struct error *e)
{
    char *text = json_dumps(meta, JSON_INDENT(1));
    if (!text)
        return error_set(e, DSSM_FAILURE, "meta.json: not JSON");
    int code = write_member(z, "meta.json", text, strlen(text), "\n", 1, e);
    free(text);
    return code;
}

static int write_tensor(struct zip_writer *z, const struct tensor *t, struct error *e)
{
    size_t size;
    char *header = npy_header(&t->array, &size), *name = xasprintf("%s.npy", t->name);
    int code = write_member(z, name, header, size, t->array.data, array_bytes(&t->array), e);
    free(header);
    free(name);
    return code;
}

int archive_write(const struct archive *a, FILE *f, struct error *e)
{
    struct zip_writer *z = zip_writer_new(f, e);
    if (!z)
        return DSSM_FAILURE;
    int code = write_meta(z, a->meta, e);
    for (int i = 0; i < a->n && code == DSSM_OK; i++)
        code = write_tensor(z, &a->tensor[i], e);
    if (code != DSSM_OK) {
        zip_writer_abandon(z);
        return code;
    }
    return zip_writer_end(z, e);
}

/* ---- reading ---- */

/* Reads exactly n bytes in memory that grows only as they come. NULL with e if there are fewer. */
static void *get_bytes(struct zip_reader *z, size_t n, struct error *e)
{
    size_t size = n < (1 << 20) ? n : 1 << 20, have = 0, got = 0;
    char *bytes = xmalloc(size ? size : 1);
    while (have < n) {
        if (have == size) {
            size = size < n / 2 ? 2 * size : n;
            bytes = xrealloc(bytes, size);
        }
        if (zip_get(z, bytes + have, size - have, &got, e) || got == 0) {
            free(bytes);
            if (!e->code)
                error_set(e, DSSM_BAD_INPUT, "ends after %zu of %zu bytes", have, n);
            return NULL;
        }
        have += got;
    }
    return bytes;
}

/* Refuses bytes behind what a member should hold; reading to the end also verifies the member's checksum. */
static int check_end(struct zip_reader *z, struct error *e)
{
    char byte;
    size_t got;
    if (zip_get(z, &byte, 1, &got, e))
        return e->code;
    return got == 0 ? DSSM_OK : error_set(e, DSSM_BAD_INPUT, "is longer than its shape says");
}

static int read_meta(struct zip_reader *z, struct archive *a, struct error *e)
{
    size_t size = 4096, have = 0, got;
    char *text = xmalloc(size);
    while (zip_get(z, text + have, size - have, &got, e) == DSSM_OK && got > 0 && size < meta_bytes_most) {
        have += got;
        if (have == size)
            text = xrealloc(text, size *= 2);
    }
    if (!e->code && size >= meta_bytes_most)
        error_set(e, DSSM_BAD_INPUT, "takes more than %zu bytes", meta_bytes_most);
    json_error_t why;
    json_t *meta = e->code ? NULL : json_loadb(text, have, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (e->code)
        return e->code;
    if (!json_is_object(meta)) {
        json_decref(meta);
        return error_set(e, DSSM_BAD_INPUT, "is no JSON object%s%s", meta ? "" : ": ", meta ? "" : why.text);
    }
    json_decref(a->meta);
    a->meta = meta;
    return DSSM_OK;
}

static int read_tensor(struct zip_reader *z, struct array *array, size_t max_bytes, struct error *e)
{
    uint8_t header[NPY_HEADER_MOST];
    size_t got, size, bytes;
    if (zip_get(z, header, NPY_PREFIX, &got, e))
        return e->code;
    if (got < NPY_PREFIX)
        return error_set(e, DSSM_BAD_INPUT, "is no .npy file");
    if (npy_header_size(header, &size, e) || zip_get(z, header + NPY_PREFIX, size - NPY_PREFIX, &got, e))
        return e->code;
    if (got < size - NPY_PREFIX)
        return error_set(e, DSSM_BAD_INPUT, ".npy header: ends early");
    if (npy_parse(header, size, array, &bytes, e))
        return e->code;
    if (bytes > max_bytes)
        return error_set(e, DSSM_BAD_INPUT, "takes %zu bytes, more than the %zu that are allowed", bytes, max_bytes);
    array->data = get_bytes(z, bytes, e);
    return array->data ? check_end(z, e) : e->code;
}

/* One member: meta.json or NAME.npy, each once. */
static int read_member(struct zip_reader *z, const char *name, struct archive *a, bool *has_meta, size_t max_bytes, struct error *e)
{
    size_t n = strlen(name);
    if (strcmp(name, "meta.json") == 0) {
        if (*has_meta)
            return error_set(e, DSSM_BAD_INPUT, "occurs twice");
        *has_meta = true;
        return read_meta(z, a, e);
    }
    if (n < 5 || strcmp(name + n - 4, ".npy") != 0)
        return error_set(e, DSSM_BAD_INPUT, "expected meta.json or NAME.npy");
    if (a->n == MEMBERS_MOST)
        return error_set(e, DSSM_BAD_INPUT, "more than %d members", MEMBERS_MOST);
    char *tensor = xasprintf("%.*s", (int)(n - 4), name);
    struct array array = {0};
    int code = archive_get(a, tensor) ? error_set(e, DSSM_BAD_INPUT, "occurs twice") : read_tensor(z, &array, max_bytes, e);
    if (code == DSSM_OK)
        archive_put(a, tensor, array);
    else
        free(array.data);
    free(tensor);
    return code;
}

static int read_members(struct zip_reader *z, struct archive *a, size_t max_bytes, struct error *e)
{
    const char *name;
    bool has_meta = false;
    int more;
    while ((more = zip_next(z, &name, e)) > 0) {
        char *copy = xstrdup(name);
        int code = read_member(z, copy, a, &has_meta, max_bytes, e);
        if (code)
            error_prefix(e, "member %.200s", copy);
        free(copy);
        if (code)
            return code;
    }
    if (more < 0)
        return e->code;
    if (!has_meta && a->n == 0)
        return error_set(e, DSSM_BAD_INPUT, "is an empty archive");
    return DSSM_OK;
}

int archive_read(struct archive *a, FILE *f, const char *name, size_t max_bytes, struct error *e)
{
    struct error local;
    e = e ? e : &local;
    e->code = DSSM_OK;
    archive_init(a);
    struct zip_reader *z = zip_reader_new(f, e);
    int code = z ? read_members(z, a, max_bytes ? max_bytes : member_bytes_default, e) : e->code;
    if (z)
        zip_reader_free(z);
    if (code == DSSM_OK)
        return DSSM_OK;
    archive_clear(a);
    return error_prefix(e, "%s", name);
}

int archive_load(struct archive *a, const char *path, struct error *e)
{
    FILE *f = input_open(path, e);
    if (!f) {
        archive_init(a);
        return e->code;
    }
    int code = archive_read(a, f, input_name(path), 0, e);
    if (f != stdin)
        fclose(f);
    return code;
}
