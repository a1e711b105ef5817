/* Near misses: which name was meant by a word that is none. */
#include "cli/cli_private.h"

#include <string.h>

enum { LONGEST = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits from a to b: insertion, deletion, replacement, exchange of two neighbours (Damerau, optimal string alignment). */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    size_t d[3][LONGEST + 1];
    for (size_t j = 0; j <= columns; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *now = d[i % 3], *before = d[(i + 2) % 3], *two_before = d[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_before[j - 2] + 1);
        }
    }
    return d[rows % 3][columns];
}

struct near near_start(const char *wanted)
{
    return (struct near){.wanted = wanted, .best = "", .distance = 2 + strlen(wanted) / 4};
}

void near_offer(struct near *n, const char *name)
{
    size_t length = strlen(n->wanted);
    if (length == 0 || length > LONGEST || strlen(name) > LONGEST)
        return;
    size_t distance = edit_distance(n->wanted, name);
    if (distance > 1 && length >= 3 && strncmp(name, n->wanted, length) == 0)
        distance = 1; /* an abbreviation */
    if (distance < n->distance && distance < length) {
        n->distance = distance;
        snprintf(n->best, sizeof n->best, "%s", name);
    }
}

const char *near_hint(const struct near *n, const char *prefix, char *text, size_t size)
{
    if (n->best[0])
        snprintf(text, size, "; did you mean %s%s?", prefix, n->best);
    else
        snprintf(text, size, "%s", "");
    return text;
}
