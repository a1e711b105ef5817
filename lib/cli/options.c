/* The option table: defaults, and one value from text with its range. */
#include "cli/cli_private.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct option_row options_common[] = {
    {.name = "seed",
     .kind = OPT_SEED,
     .offset = offsetof(struct common, seed),
     .standard = "1",
     .argument = "N",
     .help = "Seed of every random number: same seed, same result."},
    {.name = "threads",
     .kind = OPT_INT,
     .offset = offsetof(struct common, threads),
     .standard = "0",
     .low = 0,
     .high = 1024,
     .argument = "N",
     .help = "Threads to work with; 0 is one a core. The result does not depend on it."},
    {.name = "quiet", .letter = 'q', .kind = OPT_FLAG, .offset = offsetof(struct common, quiet), .help = "Say nothing but errors."},
    {0},
};

const struct option_row options_output[] = {
    {.name = "output", .letter = 'o', .kind = OPT_TEXT, .argument = "FILE", .help = "Write here, whole or not at all."},
    {0},
};

const struct option_row options_quiet[] = {
    {.name = "quiet", .letter = 'q', .kind = OPT_FLAG, .offset = offsetof(struct common, quiet), .help = "Say nothing but errors."},
    {0},
};

const struct option_row options_always[] = {
    {.name = "help", .letter = 'h', .kind = OPT_FLAG, .help = "Print examples and options, and exit."},
    {.name = "version", .kind = OPT_FLAG, .help = "Print the version, and exit."},
    {0},
};

bool option_negatable(const struct option_row *row)
{
    return row->kind == OPT_FLAG && row->standard && strcmp(row->standard, "yes") == 0;
}

/* Beyond this a bound of the table means "none". */
static bool unbounded(double bound)
{
    return fabs(bound) >= 1e9;
}

const char *option_range(const struct option_row *row, char *text, size_t size)
{
    bool number =
        row->kind == OPT_INT || row->kind == OPT_REAL || row->kind == OPT_SIZES || row->kind == OPT_LAYERS || row->kind == OPT_SEED;
    bool has_low = !unbounded(row->low), has_high = !unbounded(row->high);
    if (!number || (row->low == 0 && row->high == 0) || (!has_low && !has_high))
        snprintf(text, size, "%s", "");
    else if (!has_high)
        snprintf(text, size, "at least %.10g", row->low);
    else if (!has_low)
        snprintf(text, size, "at most %.10g", row->high);
    else
        snprintf(text, size, "from %.10g to %.10g", row->low, row->high);
    return text;
}

bool option_choice(const struct option_row *row, int n, char *text, size_t size)
{
    const char *at = row->choices;
    for (int i = 0; at && i < n; i++) {
        at = strchr(at, '|');
        if (at)
            at++;
    }
    if (!at)
        return false;
    snprintf(text, size, "%.*s", (int)strcspn(at, "|"), at);
    return true;
}

/* Whether the row's range, if it has one, holds the value. */
static bool in_range(const struct option_row *row, double value)
{
    return (row->low == 0 && row->high == 0) || (value >= row->low && value <= row->high);
}

/* The one form of "this is not what the option takes". */
static int refuse(struct error *e, const struct option_row *row, const char *kind, const char *text)
{
    char range[80];
    option_range(row, range, sizeof range);
    if ((row->kind == OPT_INT || row->kind == OPT_REAL) && unbounded(row->high) && isfinite(strtod(text, NULL)) &&
        strtod(text, NULL) > row->high)
        snprintf(range, sizeof range, "at most %.10g", row->high); /* which help leaves out */
    return error_set(e, DSSM_USAGE, "expected %s%s%s, got \"%s\"", kind, range[0] ? " " : "", range, text);
}

static int set_flag(const struct option_row *row, bool *into, const char *text, struct error *e)
{
    if (strcmp(text, "yes") == 0 || strcmp(text, "true") == 0)
        *into = true;
    else if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0)
        *into = false;
    else
        return refuse(e, row, "yes or no", text);
    return DSSM_OK;
}

/* A whole text that is one integer; false for anything else. */
static bool read_integer(const char *text, long long *value)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

static int set_int(const struct option_row *row, int *into, const char *text, struct error *e)
{
    long long value;
    if (!read_integer(text, &value) || value < INT_MIN || value > INT_MAX || !in_range(row, (double)value))
        return refuse(e, row, "an integer", text);
    *into = (int)value;
    return DSSM_OK;
}

static int set_seed(const struct option_row *row, uint64_t *into, const char *text, struct error *e)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || !in_range(row, (double)value))
        return refuse(e, row, "an integer from 0 to 18446744073709551615", text);
    *into = value;
    return DSSM_OK;
}

static int set_real(const struct option_row *row, double *into, const char *text, struct error *e)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || !in_range(row, value))
        return refuse(e, row, "a number", text);
    *into = value;
    return DSSM_OK;
}

static int set_choice(const struct option_row *row, int *into, const char *text, struct error *e)
{
    char choice[64], all[512] = "", hint[128];
    struct near near = near_start(text);
    for (int i = 0; option_choice(row, i, choice, sizeof choice); i++) {
        if (strcmp(choice, text) == 0) {
            *into = i;
            return DSSM_OK;
        }
        near_offer(&near, choice);
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", choice);
    }
    return error_set(e, DSSM_USAGE, "expected one of %s, got \"%s\"%s", all, text, near_hint(&near, "", hint, sizeof hint));
}

static const char *sizes_wanted(const struct option_row *row)
{
    return row->kind == OPT_LAYERS ? "up to 8 sizes such as 256-128, none, conv or conv:8-16-32/128, each size"
                                   : "up to 8 sizes such as 256-128, or none, each";
}

int sizes_set(const struct option_row *row, struct int_list *into, const char *text, struct error *e)
{
    struct int_list list = {0};
    const int most = (int)(sizeof list.v / sizeof list.v[0]);
    const char *at = text;
    bool more = strcmp(text, "none") != 0;
    while (more) {
        char *end;
        errno = 0;
        long value = strtol(at, &end, 10);
        bool digits = *at >= '0' && *at <= '9';
        if (!digits || errno || value < 1 || value > INT_MAX || list.n == most || !in_range(row, (double)value))
            return refuse(e, row, sizes_wanted(row), text);
        list.v[list.n++] = (int)value;
        more = *end == '-' || *end == ',';
        if (!more && *end)
            return refuse(e, row, sizes_wanted(row), text);
        at = end + 1;
    }
    *into = list;
    return DSSM_OK;
}

int option_value_set(const struct option_row *row, void *into, const char *text, struct error *e)
{
    void *value = (char *)into + row->offset;
    switch (row->kind) {
    case OPT_FLAG: return set_flag(row, value, text, e);
    case OPT_INT: return set_int(row, value, text, e);
    case OPT_SEED: return set_seed(row, value, text, e);
    case OPT_REAL: return set_real(row, value, text, e);
    case OPT_TEXT: *(const char **)value = text; return DSSM_OK;
    case OPT_CHOICE: return set_choice(row, value, text, e);
    case OPT_SIZES: return sizes_set(row, value, text, e);
    case OPT_LAYERS: return layers_set(row, value, text, e);
    }
    bug("option --%s has no kind", row->name);
}

int option_set(const struct option_row *row, void *into, const char *text, struct error *e)
{
    int code = option_value_set(row, into, text, e);
    return code ? error_prefix(e, "--%s", row->name), code : code;
}

/* A value without a default: 0, NULL, false, no sizes. */
static void set_nothing(const struct option_row *row, void *into)
{
    static const size_t sizes[] = {
        [OPT_FLAG] = sizeof(bool),
        [OPT_INT] = sizeof(int),
        [OPT_SEED] = sizeof(uint64_t),
        [OPT_REAL] = sizeof(double),
        [OPT_TEXT] = sizeof(const char *),
        [OPT_CHOICE] = sizeof(int),
        [OPT_SIZES] = sizeof(struct int_list),
        [OPT_LAYERS] = sizeof(struct layer_list),
    };
    memset((char *)into + row->offset, 0, sizes[row->kind]);
}

void options_defaults(const struct option_row *rows, void *into)
{
    for (const struct option_row *row = rows; row->name; row++) {
        struct error e;
        set_nothing(row, into);
        if (row->standard && option_set(row, into, row->standard, &e))
            bug("default of %s", e.text);
    }
}

static const struct option_row *find_row(const struct option_row *rows, const char *name)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0)
            return rows;
    return NULL;
}

struct option_row *options_with_defaults(const struct option_row *rows, const struct option_default *defaults)
{
    size_t n = 0;
    while (rows[n].name)
        n++;
    size_t bytes = (n + 1) * sizeof *rows;
    struct option_row *copy = memcpy(xmalloc(bytes), rows, bytes);
    for (; defaults && defaults->name; defaults++) {
        const struct option_row *row = find_row(copy, defaults->name);
        if (row)
            copy[row - copy].standard = defaults->value;
    }
    return copy;
}

void options_expect_defaults(const struct option_row *const *tables, int n, const struct option_default *defaults)
{
    for (; defaults && defaults->name; defaults++) {
        bool found = false;
        for (int i = 0; i < n; i++)
            found = found || find_row(tables[i], defaults->name);
        if (!found)
            bug("a default for --%s, which is no option", defaults->name);
    }
}
