/* One line on the terminal that tells how far the work is. */
#include "cli/cli_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct progress {
    char *name;
    bool silent;
    double started, shown; /* seconds_now of the start and of the last drawing */
};

static bool line_is_up; /* a progress line stands on the terminal */

void progress_hide(void)
{
    if (!line_is_up)
        return;
    fputs("\r\033[K", stderr);
    line_is_up = false;
}

/* Whether standard error is a terminal that can take back a line. */
static bool can_rewrite(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

struct progress *progress_new(const char *name, bool quiet)
{
    struct progress *p = xcalloc(1, sizeof *p);
    p->name = xstrdup(name);
    p->silent = quiet || !can_rewrite();
    p->started = seconds_now();
    p->shown = p->started - 1;
    return p;
}

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;
}

/* ", 1:07 left", or "" while nothing can be said. */
static void time_left(const struct progress *p, double done, char *text, size_t size)
{
    double passed = seconds_now() - p->started;
    text[0] = '\0';
    if (done < 0.001 || done > 1 || passed < 0.5)
        return;
    long seconds = (long)(passed / done * (1 - done) + 0.5);
    if (seconds >= 3600)
        snprintf(text, size, ", %ld:%02ld:%02ld left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else
        snprintf(text, size, ", %ld:%02ld left", seconds / 60, seconds % 60);
}

void progress_show(struct progress *p, double done, const char *format, ...)
{
    double now = seconds_now();
    if (p->silent || now - p->shown < 0.2)
        return;
    char words[512], left[64], line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    time_left(p, done, left, sizeof left);
    snprintf(line, sizeof line, "%s: %3.0f%% %s%s", p->name, 100 * done, words, left);
    fprintf(stderr, "\r\033[K%.*s", (int)text_fit(line, terminal_columns() - 1), line);
    fflush(stderr);
    p->shown = now;
    line_is_up = true;
}

void progress_end(struct progress *p)
{
    if (!p)
        return;
    progress_hide();
    free(p->name);
    free(p);
}
