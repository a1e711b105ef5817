/* A stream's file as memory that is read when it is wanted. By pread and not by mmap: a file that is shortened meanwhile is then an error
 * like any other, and no signal. */
#include "stream/stream.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct backing {
    int fd; /* our own; its position is shared with the stream's FILE, so it is never read by it */
    uint64_t first;
    char *name;
};

struct backing *backing_open(FILE *f, const char *name, struct error *e)
{
    struct stat about;
    int fd = fileno(f);
    off_t first = fd >= 0 ? lseek(fd, 0, SEEK_CUR) : -1;
    if (first < 0 || fstat(fd, &about) || !S_ISREG(about.st_mode)) {
        error_set(e, DSSM_USAGE, "%s: expected a regular file", name);
        return NULL;
    }
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        error_set(e, DSSM_FAILURE, "%s: %s", name, strerror(errno));
        return NULL;
    }
    struct backing *b = xmalloc(sizeof *b);
    *b = (struct backing){.fd = own, .first = (uint64_t)first, .name = xstrdup(name)};
    return b;
}

const char *backing_name(const struct backing *b)
{
    return b->name;
}

int backing_read(const struct backing *b, uint64_t at, size_t bytes, void *to, struct error *e)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(b->fd, (char *)to + done, bytes - done, (off_t)(b->first + at + done));
        if (got == 0)
            return error_set(e, DSSM_CUT_SHORT, "the file ends inside it: it was shortened since it was first read");
        if (got < 0 && errno != EINTR)
            return error_set(e, DSSM_FAILURE, "cannot read: %s", strerror(errno));
        done += got > 0 ? (size_t)got : 0;
    }
    return DSSM_OK;
}

void backing_expect(const struct backing *b, uint64_t at, size_t bytes)
{
    (void)posix_fadvise(b->fd, (off_t)(b->first + at), (off_t)bytes, POSIX_FADV_WILLNEED); /* a hint: whether it is taken does not matter */
}

void backing_close(struct backing *b)
{
    if (!b)
        return;
    close(b->fd);
    free(b->name);
    free(b);
}
