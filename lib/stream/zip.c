/* zip.h by libarchive. */
#include "zip.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct zip_writer {
    struct archive *archive;
    FILE *file;
};

/* What libarchive says, as an error of ours. */
static int problem(struct archive *a, int code, struct error *e)
{
    const char *text = archive_error_string(a);
    return error_set(e, code, "%s", text ? text : "libarchive failed without saying why");
}

static la_ssize_t write_bytes(struct archive *a, void *z, const void *bytes, size_t n)
{
    errno = 0;
    size_t done = fwrite(bytes, 1, n, ((struct zip_writer *)z)->file);
    if (done != n) {
        int number = errno ? errno : EIO;
        archive_set_error(a, number, "cannot write: %s", strerror(number));
        return -1;
    }
    return (la_ssize_t)n;
}

struct zip_writer *zip_writer_new(FILE *f, struct error *e)
{
    struct zip_writer *z = xcalloc(1, sizeof *z);
    z->file = f;
    z->archive = archive_write_new();
    if (archive_write_set_format_zip(z->archive) || archive_write_zip_set_compression_store(z->archive) ||
        archive_write_set_bytes_in_last_block(z->archive, 1) || archive_write_open(z->archive, z, NULL, write_bytes, NULL)) {
        problem(z->archive, DSSM_FAILURE, e);
        zip_writer_abandon(z);
        return NULL;
    }
    return z;
}

int zip_begin(struct zip_writer *z, const char *name, size_t bytes, struct error *e)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)bytes);
    int code = archive_write_header(z->archive, entry);
    archive_entry_free(entry);
    return code == ARCHIVE_OK ? DSSM_OK : problem(z->archive, DSSM_FAILURE, e);
}

int zip_put(struct zip_writer *z, const void *bytes, size_t n, struct error *e)
{
    if (n == 0)
        return DSSM_OK;
    return archive_write_data(z->archive, bytes, n) == (la_ssize_t)n ? DSSM_OK : problem(z->archive, DSSM_FAILURE, e);
}

int zip_writer_end(struct zip_writer *z, struct error *e)
{
    int code = archive_write_close(z->archive) == ARCHIVE_OK ? DSSM_OK : problem(z->archive, DSSM_FAILURE, e);
    zip_writer_abandon(z);
    return code;
}

void zip_writer_abandon(struct zip_writer *z)
{
    archive_write_free(z->archive);
    free(z);
}

/* The record that ends a zip file (without a comment) and its signature. */
enum { END_BYTES = 22 };
static const char end_signature[4] = {'P', 'K', 5, 6};

struct zip_reader {
    struct archive *archive;
    FILE *file;
    bool at_eof;
    int members;          /* begun so far */
    char tail[END_BYTES]; /* the last bytes read so far */
    char block[64 << 10];
};

/* Keeps the last bytes of what was read. */
static void note_tail(struct zip_reader *z, size_t n)
{
    size_t keep = n < END_BYTES ? END_BYTES - n : 0;
    memmove(z->tail, z->tail + END_BYTES - keep, keep);
    memcpy(z->tail + keep, z->block + (n < END_BYTES ? 0 : n - END_BYTES), END_BYTES - keep);
}

static la_ssize_t read_block(struct archive *a, void *reader, const void **bytes)
{
    struct zip_reader *z = reader;
    size_t n = fread(z->block, 1, sizeof z->block, z->file);
    *bytes = z->block;
    note_tail(z, n);
    z->at_eof = n == 0;
    if (n == 0 && ferror(z->file)) {
        archive_set_error(a, errno, "cannot read: %s", strerror(errno));
        return -1;
    }
    return (la_ssize_t)n;
}

struct zip_reader *zip_reader_new(FILE *f, struct error *e)
{
    struct zip_reader *z = xcalloc(1, sizeof *z);
    z->file = f;
    z->archive = archive_read_new();
    if (archive_read_support_format_zip_streamable(z->archive) != ARCHIVE_OK ||
        archive_read_open(z->archive, z, NULL, read_block, NULL) != ARCHIVE_OK) {
        if (ferror(f))
            problem(z->archive, DSSM_FAILURE, e);
        else
            error_set(e, DSSM_BAD_INPUT, "expected an archive (.npz), got something else");
        zip_reader_free(z);
        return NULL;
    }
    return z;
}

/* libarchive's stream reader stops where the directory begins: reads on to see that the file does not end inside it. */
static int check_end(struct zip_reader *z, struct error *e)
{
    const void *bytes;
    la_ssize_t n;
    while ((n = read_block(z->archive, z, &bytes)) > 0)
        ;
    if (n < 0)
        return problem(z->archive, DSSM_FAILURE, e);
    if (memcmp(z->tail, end_signature, sizeof end_signature) != 0)
        return error_set(e, DSSM_CUT_SHORT, "ended inside its directory");
    return DSSM_OK;
}

int zip_next(struct zip_reader *z, const char **name, struct error *e)
{
    struct archive_entry *entry;
    int code = archive_read_next_header(z->archive, &entry);
    if (code == ARCHIVE_EOF)
        return check_end(z, e) ? -1 : 0;
    if (code != ARCHIVE_OK && z->at_eof && z->members > 0)
        return error_set(e, DSSM_CUT_SHORT, "ended before its directory"), -1;
    if (code != ARCHIVE_OK)
        return problem(z->archive, DSSM_BAD_INPUT, e), -1;
    z->members++;
    *name = archive_entry_pathname(entry);
    if (!*name)
        return error_set(e, DSSM_BAD_INPUT, "a member has no readable name"), -1;
    return 1;
}

int zip_get(struct zip_reader *z, void *bytes, size_t n, size_t *got, struct error *e)
{
    la_ssize_t done = 0;
    for (*got = 0; *got < n; *got += (size_t)done) {
        done = archive_read_data(z->archive, (char *)bytes + *got, n - *got);
        if (done < 0 && z->at_eof)
            return error_set(e, DSSM_CUT_SHORT, "the file ends inside it");
        if (done < 0)
            return problem(z->archive, DSSM_BAD_INPUT, e);
        if (done == 0)
            break;
    }
    return DSSM_OK;
}

void zip_reader_free(struct zip_reader *z)
{
    archive_read_free(z->archive);
    free(z);
}
