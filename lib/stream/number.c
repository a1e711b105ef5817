/* Numbers and lines of text. */
#include "convert.h"
#include <errno.h>
#include <math.h>
#include <string.h>

static const size_t line_bytes_most = (size_t)256 << 20;

void number_print(FILE *f, const struct array *a, size_t i, const char *missing)
{
    double v = array_get(a, i);
    if (a->type == DT_I8)
        fprintf(f, "%lld", (long long)((const int64_t *)a->data)[i]);
    else if (!isfinite(v))
        fputs(missing, f);
    else
        fprintf(f, "%.*g", a->type == DT_F8 ? 17 : a->type == DT_F4 ? 9 : 10, v);
}

/* The range of an integer type. */
static void range_of(enum dtype t, double *low, double *high)
{
    *low = t == DT_I4 ? INT32_MIN : t == DT_I8 ? -0x1p63 : 0;
    *high = t == DT_I4 ? INT32_MAX : t == DT_I8 ? 0x1.fffffffffffffp62 : t == DT_U2 ? UINT16_MAX : t == DT_U1 ? UINT8_MAX : 1;
}

int number_set(struct array *a, size_t i, double value, struct error *e)
{
    double low, high;
    range_of(a->type, &low, &high);
    if (a->type != DT_F4 && a->type != DT_F8 && !(value >= low && value <= high && value == floor(value)))
        return error_set(e, DSSM_BAD_INPUT, "%.17g is no %s", value, dtype_name(a->type));
    if (a->type == DT_F4 && isfinite(value) && fabs(value) > (double)__FLT_MAX__)
        return error_set(e, DSSM_BAD_INPUT, "%.17g is too large for <f4", value);
    array_set(a, i, value);
    return DSSM_OK;
}

int number_set_integer(struct array *a, size_t i, long long value, struct error *e)
{
    if (a->type != DT_I8)
        return number_set(a, i, (double)value, e);
    ((int64_t *)a->data)[i] = value;
    return DSSM_OK;
}

int text_line(FILE *f, char **line, size_t *room, size_t *length, struct error *e)
{
    int c;
    size_t n = 0;
    while ((c = getc_unlocked(f)) != EOF && c != '\n') {
        if (n == line_bytes_most)
            return error_set(e, DSSM_BAD_INPUT, "longer than %zu bytes", line_bytes_most), -1;
        if (n + 1 >= *room)
            *line = xrealloc(*line, *room = *room ? 2 * *room : 4096);
        (*line)[n++] = (char)c;
    }
    if (ferror(f))
        return error_set(e, DSSM_FAILURE, "cannot read: %s", strerror(errno)), -1;
    if (c == EOF && n == 0)
        return 0;
    if (*room == 0)
        *line = xrealloc(*line, *room = 4096);
    if (n > 0 && (*line)[n - 1] == '\r')
        n--;
    (*line)[n] = '\0';
    *length = n;
    return 1;
}
