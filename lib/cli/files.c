/* Files in, and files that appear whole or not at all. */
#include "cli/cli_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_OUTPUTS = 32 };

struct output {
    FILE *file;
    char *name;      /* for messages, and where it will stand; NULL: standard output */
    char *temporary; /* written until commit; NULL: written as it is */
    int slot;        /* its place in `unfinished` */
};

/* Temporary files that a signal or an early exit must remove. A signal handler reads it, so it never moves. */
static char *volatile unfinished[MOST_OUTPUTS];
static pid_t owner; /* a child between fork and exec must not remove its parent's files */

const char *input_name(const char *path)
{
    return !path || strcmp(path, "-") == 0 ? "standard input" : path;
}

FILE *input_open(const char *path, struct error *e)
{
    if (!path || strcmp(path, "-") == 0)
        return stdin;
    struct stat about;
    FILE *file = fopen(path, "re");
    if (file && fstat(fileno(file), &about) == 0 && !S_ISDIR(about.st_mode))
        return file;
    error_set(e, DSSM_FAILURE, "%s: %s", path, strerror(file ? EISDIR : errno));
    if (file)
        fclose(file);
    return NULL;
}

static bool is_standard_output(const char *path)
{
    return !path || strcmp(path, "-") == 0;
}

/* ---- removal of what was not finished ---- */

/* Only calls that a signal handler may make. */
static void remove_unfinished(void)
{
    if (getpid() != owner)
        return;
    for (int i = 0; i < MOST_OUTPUTS; i++)
        if (unfinished[i])
            unlink(unfinished[i]);
}

static void remove_and_die(int number)
{
    remove_unfinished();
    signal(number, SIG_DFL);
    raise(number); /* comes when the handler returns */
}

/* Takes over the signals that nobody else handles or ignores. */
static void watch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction ours = {.sa_handler = remove_and_die}, theirs;
    sigemptyset(&ours.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &theirs) == 0 && theirs.sa_handler == SIG_DFL)
            sigaction(numbers[i], &ours, NULL);
    /* A reader that goes away ends the program by SIGPIPE, without atexit. */
    if (sigaction(SIGPIPE, NULL, &theirs) == 0 && theirs.sa_handler == SIG_DFL)
        sigaction(SIGPIPE, &ours, NULL);
}

static void watch(void)
{
    static bool registered;
    owner = getpid();
    watch_signals();
    if (!registered)
        atexit(remove_unfinished);
    registered = true;
}

/* Holds signals back while a file comes into being or gets its name, so that no handler sees half of it. */
static sigset_t hold_signals(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    return before;
}

static void release_signals(sigset_t before)
{
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int free_slot(void)
{
    for (int i = 0; i < MOST_OUTPUTS; i++)
        if (!unfinished[i])
            return i;
    return -1;
}

/* ---- opening ---- */

/* Bytes of the path that name its folder, with the slash; 0 for a bare name. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A new file beside the path, with the rights that an ordinary new file gets. Returns its descriptor, name in *temporary. */
static int create_beside(const char *path, char **temporary)
{
    size_t folder = folder_length(path);
    for (int attempt = 0; attempt < 1000; attempt++) {
        *temporary = xasprintf("%.*s.%.200s.%ld-%d.part", (int)folder, path, path + folder, (long)getpid(), attempt);
        int descriptor = open(*temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0)
            return descriptor;
        free(*temporary);
        *temporary = NULL;
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

/* The rights of the file that is replaced, where the file system lets us. */
static void keep_rights(int descriptor, const struct stat *old)
{
    if (fchmod(descriptor, old->st_mode & 0777) != 0)
        errno = 0; /* a new file's rights are no reason to lose its contents */
}

/* Opens o->name by way of a file beside it. */
static int open_beside(struct output *o, const struct stat *old, struct error *e)
{
    o->slot = free_slot();
    if (o->slot < 0)
        return error_set(e, DSSM_FAILURE, "%s: more than %d outputs at once", o->name, MOST_OUTPUTS);
    sigset_t before = hold_signals();
    int descriptor = create_beside(o->name, &o->temporary);
    int reason = errno;
    unfinished[o->slot] = o->temporary;
    watch();
    release_signals(before);
    if (descriptor < 0)
        return error_set(e, DSSM_FAILURE, "%s: %s", o->name, strerror(reason));
    if (old)
        keep_rights(descriptor, old);
    o->file = fdopen(descriptor, "w");
    if (!o->file) {
        reason = errno;
        close(descriptor);
        return error_set(e, DSSM_FAILURE, "%s: %s", o->name, strerror(reason));
    }
    return DSSM_OK;
}

/* Opens something that is no regular file as it is. */
static int open_in_place(struct output *o, struct error *e)
{
    o->file = fopen(o->name, "we");
    return o->file ? DSSM_OK : error_set(e, DSSM_FAILURE, "%s: %s", o->name, strerror(errno));
}

struct output *output_open(const char *path, struct error *e)
{
    struct output *o = xcalloc(1, sizeof *o);
    o->slot = -1;
    if (is_standard_output(path)) {
        o->file = stdout;
        return o;
    }
    struct stat about;
    bool there = stat(path, &about) == 0;
    char *target = there && S_ISREG(about.st_mode) ? realpath(path, NULL) : NULL; /* a link stays a link: what it points to is replaced */
    o->name = target ? target : xstrdup(path);
    if (there && !S_ISREG(about.st_mode) ? open_in_place(o, e) : open_beside(o, there ? &about : NULL, e)) {
        output_abort(o, NULL);
        return NULL;
    }
    return o;
}

/* Whether the folders of two paths are one, and the names in them. */
static bool same_name(const char *a, const char *b)
{
    const char *path[2] = {a, b};
    struct stat folder[2];
    for (int i = 0; i < 2; i++) {
        size_t length = folder_length(path[i]);
        char *name = length ? xasprintf("%.*s", (int)length, path[i]) : xstrdup(".");
        bool there = stat(name, &folder[i]) == 0;
        free(name);
        if (!there)
            return false;
    }
    return folder[0].st_dev == folder[1].st_dev && folder[0].st_ino == folder[1].st_ino &&
           strcmp(a + folder_length(a), b + folder_length(b)) == 0;
}

static bool about_output(const char *path, struct stat *about)
{
    return (is_standard_output(path) ? fstat(STDOUT_FILENO, about) : stat(path, about)) == 0;
}

bool output_same(const char *a, const char *b)
{
    struct stat about_a, about_b;
    if (is_standard_output(a) && is_standard_output(b))
        return true;
    bool there_a = about_output(a, &about_a), there_b = about_output(b, &about_b);
    if (there_a && there_b)
        return about_a.st_dev == about_b.st_dev && about_a.st_ino == about_b.st_ino && !S_ISCHR(about_a.st_mode);
    return !there_a && !there_b && !is_standard_output(a) && !is_standard_output(b) && same_name(a, b);
}

FILE *output_file(struct output *o)
{
    return o->file;
}

/* ---- closing ---- */

/* Forgets the temporary file, which has its name now or is gone. */
static void output_free(struct output *o)
{
    if (o->slot >= 0)
        unfinished[o->slot] = NULL;
    free(o->temporary);
    free(o->name);
    free(o);
}

void output_abort(struct output *o, struct error *e)
{
    if (!o)
        return;
    if (e && o->file && ferror(o->file))
        error_prefix(e, "%s", o->name ? o->name : "standard output");
    if (o->file && o->name)
        fclose(o->file);
    sigset_t before = hold_signals();
    if (o->temporary)
        unlink(o->temporary);
    output_free(o);
    release_signals(before);
}

/* Makes the new name in the folder last through a power cut. Some file systems cannot; the file is whole all the same. */
static void sync_folder(const char *path)
{
    size_t length = folder_length(path);
    char *folder = length ? xasprintf("%.*s", (int)length, path) : xstrdup(".");
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    free(folder);
}

/* Whether everything that was printed has reached the file; else errno, or 0 for an earlier failure. */
static bool written(FILE *file)
{
    bool failed_before = ferror(file) != 0;
    errno = 0;
    return fflush(file) == 0 && !failed_before;
}

static int write_failed(struct output *o, struct error *e)
{
    int reason = errno;
    error_set(e, DSSM_FAILURE, "%s: %s", o->name ? o->name : "standard output", reason ? strerror(reason) : "an earlier write failed");
    output_abort(o, NULL);
    return DSSM_FAILURE;
}

/* Closes the file and gives it its name. */
static int put_in_place(struct output *o, struct error *e)
{
    if (fsync(fileno(o->file)) != 0)
        return write_failed(o, e);
    FILE *file = o->file;
    o->file = NULL;
    if (fclose(file) != 0)
        return write_failed(o, e);
    sigset_t before = hold_signals();
    bool renamed = rename(o->temporary, o->name) == 0;
    if (renamed && o->slot >= 0)
        unfinished[o->slot] = NULL;
    release_signals(before);
    if (!renamed)
        return write_failed(o, e);
    sync_folder(o->name);
    output_free(o);
    return DSSM_OK;
}

int output_commit(struct output *o, struct error *e)
{
    if (!written(o->file))
        return write_failed(o, e);
    if (o->temporary)
        return put_in_place(o, e);
    FILE *file = o->file;
    o->file = NULL;
    if (o->name && fclose(file) != 0)
        return write_failed(o, e);
    output_free(o);
    return DSSM_OK;
}
