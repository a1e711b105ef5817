/* The .npy header: a Python dictionary of three keys, descr, fortran_order and shape. */
#include "npy.h"
#include <ctype.h>
#include <string.h>

static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

char *npy_header(const struct array *a, size_t *size)
{
    char shape[24 * ARRAY_MAX_DIMS] = "", text[512];
    int n = 0;
    for (int i = 0; i < a->dims; i++)
        n += snprintf(shape + n, sizeof shape - (size_t)n, i ? ", %zu" : "%zu", a->shape[i]);
    int length = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }", dtype_name(a->type), shape,
                          a->dims == 1 ? "," : "");
    size_t whole = (10 + (size_t)length + 1 + 63) / 64 * 64;
    char *out = xmalloc(whole);
    memset(out, ' ', whole);
    memcpy(out, magic, sizeof magic);
    out[6] = 1;
    out[7] = 0;
    out[8] = (char)((whole - 10) & 255);
    out[9] = (char)((whole - 10) >> 8);
    memcpy(out + 10, text, (size_t)length);
    out[whole - 1] = '\n';
    *size = whole;
    return out;
}

int npy_header_size(const uint8_t p[NPY_PREFIX], size_t *size, struct error *e)
{
    if (memcmp(p, magic, sizeof magic) != 0)
        return error_set(e, DSSM_BAD_INPUT, "is no .npy file");
    if (p[6] == 1)
        *size = 10 + (size_t)(p[8] | p[9] << 8);
    else if (p[6] == 2)
        *size = 12 + ((size_t)p[8] | (size_t)p[9] << 8 | (size_t)p[10] << 16 | (size_t)p[11] << 24);
    else
        return error_set(e, DSSM_BAD_INPUT, ".npy version: expected 1.0 or 2.0, got %u.%u", p[6], p[7]);
    if (*size < NPY_PREFIX || *size > NPY_HEADER_MOST)
        return error_set(e, DSSM_BAD_INPUT, ".npy header: expected %d to %d bytes, got %zu", NPY_PREFIX, NPY_HEADER_MOST, *size);
    return DSSM_OK;
}

/* What is left of the dictionary's text. */
struct text {
    const char *p, *end;
};

static void skip_space(struct text *t)
{
    while (t->p < t->end && isspace((unsigned char)*t->p))
        t->p++;
}

/* Takes the character c if it is next. */
static bool take(struct text *t, char c)
{
    skip_space(t);
    if (t->p == t->end || *t->p != c)
        return false;
    t->p++;
    return true;
}

/* Takes 'text' or "text"; false if there is none or it does not fit. */
static bool take_quoted(struct text *t, char *out, size_t size)
{
    char quote = take(t, '\'') ? '\'' : take(t, '"') ? '"' : 0;
    size_t n = 0;
    if (!quote)
        return false;
    while (t->p < t->end && *t->p != quote && n + 1 < size)
        out[n++] = *t->p++;
    out[n] = 0;
    return take(t, quote);
}

static bool take_word(struct text *t, const char *word)
{
    skip_space(t);
    size_t n = strlen(word);
    if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0)
        return false;
    t->p += n;
    return true;
}

static bool take_size(struct text *t, size_t *n)
{
    skip_space(t);
    if (t->p == t->end || !isdigit((unsigned char)*t->p))
        return false;
    for (*n = 0; t->p < t->end && isdigit((unsigned char)*t->p); t->p++)
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, (size_t)(*t->p - '0'), n))
            return false;
    return true;
}

static int parse_shape(struct text *t, struct array *a, struct error *e)
{
    a->dims = 0;
    if (!take(t, '('))
        return error_set(e, DSSM_BAD_INPUT, ".npy header: shape: expected a tuple");
    while (!take(t, ')')) {
        if (a->dims == ARRAY_MAX_DIMS)
            return error_set(e, DSSM_BAD_INPUT, ".npy header: shape: more than %d axes", ARRAY_MAX_DIMS);
        if (!take_size(t, &a->shape[a->dims++]))
            return error_set(e, DSSM_BAD_INPUT, ".npy header: shape: expected integers ≥ 0");
        if (!take(t, ',') && t->p < t->end && *t->p != ')')
            return error_set(e, DSSM_BAD_INPUT, ".npy header: shape: expected a tuple");
    }
    return DSSM_OK;
}

static int parse_type(struct text *t, enum dtype *type, struct error *e)
{
    char name[32];
    if (!take_quoted(t, name, sizeof name))
        return error_set(e, DSSM_BAD_INPUT, ".npy header: descr: expected one type (no structured one)");
    if (strchr(name, 'O'))
        return error_set(e, DSSM_BAD_INPUT, "holds Python objects (dtype %s): a pickle is code and is never read", name);
    if (name[0] == '>')
        return error_set(e, DSSM_BAD_INPUT, "is big endian (dtype %s); expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1", name);
    if (!dtype_parse(name, type))
        return error_set(e, DSSM_BAD_INPUT, "has dtype %s; expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1", name);
    return DSSM_OK;
}

/* One key and its value; *seen collects which were there. */
static int parse_entry(struct text *t, struct array *a, unsigned *seen, struct error *e)
{
    char key[32];
    if (!take_quoted(t, key, sizeof key) || !take(t, ':'))
        return error_set(e, DSSM_BAD_INPUT, ".npy header: expected a dictionary of descr, fortran_order and shape");
    unsigned which = strcmp(key, "descr") == 0 ? 1 : strcmp(key, "fortran_order") == 0 ? 2 : strcmp(key, "shape") == 0 ? 4 : 0;
    if (!which || (*seen & which))
        return error_set(e, DSSM_BAD_INPUT, ".npy header: key %s is unknown or occurs twice", key);
    *seen |= which;
    if (which == 1)
        return parse_type(t, &a->type, e);
    if (which == 4)
        return parse_shape(t, a, e);
    if (take_word(t, "True"))
        return error_set(e, DSSM_BAD_INPUT, "is in Fortran order; save numpy.ascontiguousarray of it");
    return take_word(t, "False") ? DSSM_OK : error_set(e, DSSM_BAD_INPUT, ".npy header: fortran_order: expected True or False");
}

int npy_parse(const uint8_t *header, size_t size, struct array *a, size_t *bytes, struct error *e)
{
    size_t start = header[6] == 1 ? 10 : 12;
    struct text t = {(const char *)header + start, (const char *)header + size};
    unsigned seen = 0;
    if (!take(&t, '{'))
        return error_set(e, DSSM_BAD_INPUT, ".npy header: expected a dictionary");
    while (!take(&t, '}')) {
        if (parse_entry(&t, a, &seen, e))
            return DSSM_BAD_INPUT;
        if (!take(&t, ',') && t.p < t.end && *t.p != '}')
            return error_set(e, DSSM_BAD_INPUT, ".npy header: expected a dictionary");
    }
    skip_space(&t);
    if (seen != 7 || t.p != t.end)
        return error_set(e, DSSM_BAD_INPUT, ".npy header: expected descr, fortran_order and shape, and nothing else");
    *bytes = dtype_size(a->type);
    for (int i = 0; i < a->dims; i++)
        if (__builtin_mul_overflow(*bytes, a->shape[i], bytes))
            return error_set(e, DSSM_BAD_INPUT, "has a shape of more bytes than a machine has");
    return DSSM_OK;
}
