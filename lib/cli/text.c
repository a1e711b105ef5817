/* Words on a terminal: widths of UTF-8 and broken lines. */
#include "cli/cli_private.h"

#include <stdlib.h>
#include <string.h>

/* Whether a byte continues a code point that an earlier byte began. */
static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

int text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += !continues(*text);
    return width;
}

size_t text_fit(const char *text, int width)
{
    size_t bytes = 0;
    for (int used = 0; text[bytes]; bytes++) {
        if (continues(text[bytes]))
            continue;
        if (used == width)
            break;
        used++;
    }
    return bytes;
}

void text_wrap(FILE *out, const char *text, int indent, int width)
{
    int column = indent;
    const char *word = text + strspn(text, " \n");
    while (*word) {
        size_t bytes = strcspn(word, " \n");
        int columns = 0;
        for (size_t i = 0; i < bytes; i++)
            columns += !continues(word[i]);
        if (column > indent && column + 1 + columns > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(word, 1, bytes, out);
        column += columns;
        word += bytes;
        word += strspn(word, " \n");
    }
    fputc('\n', out);
}

/* Length of the UTF-8 code point that begins here, 0 if none does. */
static size_t code_point(const char *text)
{
    for (size_t n = 1; n <= 4 && text[n - 1]; n++) {
        json_t *one = json_stringn(text, n);
        json_decref(one);
        if (one)
            return n;
    }
    return 0;
}

json_t *text_json(const char *text)
{
    if (!text)
        return json_null();
    json_t *plain = json_string(text);
    if (plain)
        return plain;
    char *copy = xmalloc(4 * strlen(text) + 1), *to = copy;
    while (*text) {
        size_t n = code_point(text);
        if (n == 0)
            to += sprintf(to, "\\x%02x", (unsigned)(unsigned char)*text++);
        for (; n > 0; n--)
            *to++ = *text++;
    }
    plain = json_stringn(copy, (size_t)(to - copy));
    free(copy);
    return plain;
}
