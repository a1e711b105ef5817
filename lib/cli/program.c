/* A program's first and last words: its command line for the record, messages, the check of standard output. */
#include "cli/cli_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether a shell reads the word as it stands. */
static bool plain_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%^";
    return word[0] && word[strspn(word, plain)] == '\0';
}

/* Writes the word at `to`, in single quotes where a shell needs them; returns where it ends. */
static char *put_word(char *to, const char *word)
{
    bool plain = plain_word(word);
    if (!plain)
        *to++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') {
            to = stpcpy(to, "'\\''");
        } else {
            *to++ = *word;
        }
    }
    if (!plain)
        *to++ = '\'';
    return to;
}

/* How many words at argv[i] are options that change nothing of what comes out (threads, where data are kept, talk): 0, 1 or 2. */
static int changes_nothing(int argc, char **argv, int i)
{
    static const char *const with_value[] = {"--threads", "--data-in"};
    const char *word = argv[i];
    for (size_t k = 0; k < sizeof with_value / sizeof *with_value; k++) {
        size_t n = strlen(with_value[k]);
        if (strncmp(word, with_value[k], n) == 0 && (word[n] == '=' || word[n] == '\0'))
            return word[n] == '\0' && i + 1 < argc ? 2 : 1;
    }
    return strcmp(word, "--quiet") == 0 || strcmp(word, "-q") == 0;
}

char *command_line(int argc, char **argv)
{
    size_t bytes = 1;
    for (int i = 0; i < argc; i++)
        bytes += 4 * strlen(argv[i]) + 3;
    char *line = xmalloc(bytes), *to = line;
    bool options = true;
    for (int i = 0; i < argc; i++) {
        const char *slash = i == 0 ? strrchr(argv[0], '/') : NULL;
        options = options && strcmp(argv[i], "--") != 0;
        int skip = i > 0 && options ? changes_nothing(argc, argv, i) : 0;
        if (skip > 0) {
            i += skip - 1;
            continue;
        }
        if (i > 0)
            *to++ = ' ';
        to = put_word(to, slash ? slash + 1 : argv[i]);
    }
    *to = '\0';
    return line;
}

int program_fail(const struct program *p, const struct error *e)
{
    fflush(stdout);
    progress_hide();
    fprintf(stderr, "%s: %s\n", p->name, e->text);
    return e->code ? e->code : DSSM_FAILURE;
}

void program_say(const struct program *p, bool quiet, const char *format, ...)
{
    if (quiet)
        return;
    va_list args;
    va_start(args, format);
    progress_hide();
    fprintf(stderr, "%s: ", p->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* Some file systems report a full disk only when the file is closed; a closed copy asks without closing. */
static bool closes_well(int descriptor)
{
    int copy = dup(descriptor);
    return copy < 0 || close(copy) == 0;
}

int program_end(const struct program *p)
{
    bool failed_before = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !failed_before && closes_well(STDOUT_FILENO))
        return DSSM_OK;
    if (errno == EPIPE) /* the reader has gone, which is its right */
        return DSSM_FAILURE;
    struct error e;
    error_set(&e, DSSM_FAILURE, "standard output: %s", errno ? strerror(errno) : "an earlier write failed");
    return program_fail(p, &e);
}

int program_main(const struct program *p, int argc, char **argv,
                 int (*run)(const struct operands *operands, const char *command, struct error *e))
{
    struct operands operands;
    struct error e = {0};
    int status;
    if (!program_start(p, argc, argv, &operands, &status))
        return status;
    char *command = command_line(argc, argv);
    int code = run(&operands, command, &e);
    free(command);
    return code == DSSM_OK ? program_end(p) : program_fail(p, &e);
}
