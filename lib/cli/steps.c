/* Steps as a user names them: 6-10, 6- (to the end), 6. */
#include "cli/cli.h"

/* One to nine digits at *p, which moves behind them. */
static bool whole_number(const char **p, size_t *value)
{
    const char *start = *p;
    *value = 0;
    while (**p >= '0' && **p <= '9' && *p - start < 9)
        *value = 10 * *value + (size_t)(*(*p)++ - '0');
    return *p > start;
}

int steps_parse(const char *text, size_t *first, size_t *last, struct error *e)
{
    const char *p = text;
    *first = 1;
    *last = 0;
    if (!text)
        return DSSM_OK;
    bool good = whole_number(&p, first) && *first >= 1;
    *last = *first;
    if (good && *p == '-') {
        p++;
        *last = 0;
        good = !*p || (whole_number(&p, last) && *last >= *first);
    }
    if (good && !*p)
        return DSSM_OK;
    return error_set(e, DSSM_USAGE, "--steps: expected A-B, A- or A with 1 ≤ A ≤ B < 10^9, got '%s'", text);
}
