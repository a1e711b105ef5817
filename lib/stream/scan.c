/* Bounds bytes, elements and depth of a msgpack value in constant memory: "dd ff 00 00 00" (an array of
 * four thousand million elements) is refused by its fifth byte, before an unpacker reserves memory for it. */
#include "scan.h"

/* What the first bytes of a value promise. */
struct token {
    size_t head;       /* bytes of type and length */
    uint64_t payload;  /* bytes that follow */
    uint64_t children; /* values that follow */
};

static uint64_t big_endian(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* Sizes by type byte 0xc0..0xdf: how many bytes the length takes, what it counts, and bytes that always follow. */
static const struct {
    uint8_t length, fixed;
    char counts; /* 'b' bytes, 'a' array elements, 'm' map entries, '-' nothing, '!' forbidden */
} kinds[32] = {
    {0, 0, '-'}, {0, 0, '!'}, {0, 0, '-'}, {0, 0, '-'},               /* nil, never used, false, true */
    {1, 0, 'b'}, {2, 0, 'b'}, {4, 0, 'b'},                            /* bin */
    {1, 1, 'b'}, {2, 1, 'b'}, {4, 1, 'b'},                            /* ext */
    {0, 4, '-'}, {0, 8, '-'},                                         /* float */
    {0, 1, '-'}, {0, 2, '-'}, {0, 4, '-'}, {0, 8, '-'},               /* uint */
    {0, 1, '-'}, {0, 2, '-'}, {0, 4, '-'}, {0, 8, '-'},               /* int */
    {0, 2, '-'}, {0, 3, '-'}, {0, 5, '-'}, {0, 9, '-'}, {0, 17, '-'}, /* fixext */
    {1, 0, 'b'}, {2, 0, 'b'}, {4, 0, 'b'},                            /* str */
    {2, 0, 'a'}, {4, 0, 'a'}, {2, 0, 'm'}, {4, 0, 'm'},               /* array, map */
};

/* Reads a value's first bytes. Returns the bytes that are needed for that; t is filled if have ≥ that. 0: not msgpack. */
static size_t read_token(const uint8_t *p, size_t have, struct token *t)
{
    uint8_t c = p[0];
    *t = (struct token){.head = 1};
    if (c <= 0x7f || c >= 0xe0)
        return 1;
    if (c < 0xc0) {
        if (c <= 0x8f)
            t->children = 2 * (uint64_t)(c & 15);
        else if (c <= 0x9f)
            t->children = c & 15;
        else
            t->payload = c & 31;
        return 1;
    }
    uint8_t length = kinds[c & 31].length;
    char counts = kinds[c & 31].counts;
    if (counts == '!')
        return 0;
    t->head += length;
    t->payload = kinds[c & 31].fixed;
    if (have < t->head)
        return t->head;
    uint64_t n = big_endian(p + 1, length);
    if (counts == 'b')
        t->payload += n;
    else if (counts != '-')
        t->children = counts == 'm' ? 2 * n : n;
    return t->head;
}

void scan_begin(struct scan *s, size_t byte_limit, size_t element_limit, int depth_limit)
{
    *s = (struct scan){.byte_limit = byte_limit,
                       .element_limit = element_limit,
                       .depth_limit = depth_limit < SCAN_MAX_DEPTH ? depth_limit : SCAN_MAX_DEPTH};
}

static int too_long(const struct scan *s, struct error *e)
{
    return error_set(e, DSSM_BAD_INPUT, "takes more than the %zu bytes that a message may take", s->byte_limit);
}

/* Opens a container of n values. */
static int descend(struct scan *s, uint64_t n, struct error *e)
{
    if (n > s->element_limit - s->elements)
        return error_set(e, DSSM_BAD_INPUT, "has more than the %zu elements that a message may have", s->element_limit);
    if (s->depth == s->depth_limit)
        return error_set(e, DSSM_BAD_INPUT, "is nested deeper than %d levels", s->depth_limit);
    s->elements += (size_t)n;
    s->left[s->depth++] = n;
    return DSSM_OK;
}

/* A value ended: closes the containers that are full by it. True if that was all. */
static bool ascend(struct scan *s)
{
    while (s->depth > 0) {
        if (s->left[s->depth - 1] > 0) {
            s->left[s->depth - 1]--;
            return false;
        }
        s->depth--;
    }
    return true;
}

enum scan_result scan_value(struct scan *s, const uint8_t *data, size_t have, struct error *e)
{
    for (;;) {
        struct token t;
        s->need = s->pos + 1;
        if (s->need <= have) {
            size_t head = read_token(data + s->pos, have - s->pos, &t);
            if (head == 0) {
                error_set(e, DSSM_BAD_INPUT, "has byte 0x%02x, which begins no msgpack value", data[s->pos]);
                return SCAN_BAD;
            }
            s->need = s->pos + head;
        }
        if (s->need > s->byte_limit)
            return too_long(s, e), SCAN_BAD;
        if (s->need > have)
            return SCAN_MORE;
        if (t.payload > s->byte_limit - s->need)
            return too_long(s, e), SCAN_BAD;
        s->need += (size_t)t.payload;
        if (s->need > have)
            return SCAN_MORE;
        bool container = t.children > 0 || (data[s->pos] & 0xf0) == 0x80 || (data[s->pos] & 0xf0) == 0x90;
        if (container && descend(s, t.children, e))
            return SCAN_BAD;
        s->pos = s->need;
        if (ascend(s))
            return SCAN_DONE;
    }
}
