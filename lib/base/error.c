/* Errors that travel to the caller, and bugs that do not. */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int error_set(struct error *e, int code, const char *format, ...)
{
    if (!e)
        return code;
    va_list args;
    va_start(args, format);
    e->code = code;
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return code;
}

int error_prefix(struct error *e, const char *format, ...)
{
    if (!e)
        return DSSM_FAILURE;
    char place[sizeof e->text], whole[2 * sizeof e->text + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(place, sizeof place, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s: %s", place, e->text);
    memcpy(e->text, whole, sizeof e->text);
    e->text[sizeof e->text - 1] = '\0';
    return e->code;
}

void bug(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bug in dssm-tools: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}
