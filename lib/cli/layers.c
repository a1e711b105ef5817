/* Layers of a network in the notation of the command line: "128-64", "none", "conv", "conv:8-16-32/128". */
#include "cli/cli_private.h"

#include <string.h>

/* Widths behind convolutions, when nobody says otherwise. */
static const struct int_list after_convolutions = {1, {128}};

/* A list of sizes that is a part of the text. */
static int set_part(const struct option_row *row, struct int_list *into, const char *text, size_t length, struct error *e)
{
    char part[128];
    if (length >= sizeof part)
        return error_set(e, DSSM_USAGE, "expected up to 8 sizes such as 8-16-32, got %zu characters", length);
    snprintf(part, sizeof part, "%.*s", (int)length, text);
    return sizes_set(row, into, part, e);
}

int layers_set(const struct option_row *row, struct layer_list *into, const char *text, struct error *e)
{
    struct layer_list list = {.dense = after_convolutions, .convolutions = true};
    if (strncmp(text, "conv", 4) != 0 || !strchr(":/", text[4])) {
        list = (struct layer_list){0};
        int code = sizes_set(row, &list.dense, text, e);
        *into = code ? *into : list;
        return code;
    }
    const char *channels = text[4] == ':' ? text + 5 : NULL, *slash = strchr(text, '/');
    size_t length = !channels ? 0 : slash ? (size_t)(slash - channels) : strlen(channels);
    int code = channels ? set_part(row, &list.channels, channels, length, e) : DSSM_OK;
    if (code == DSSM_OK && channels && list.channels.n == 0)
        code = error_set(e, DSSM_USAGE, "expected channels behind conv:, such as conv:8-16-32, got \"%s\"", text);
    if (code == DSSM_OK && slash)
        code = set_part(row, &list.dense, slash + 1, strlen(slash + 1), e);
    *into = code ? *into : list;
    return code;
}

/* Appends "8-16-32", or "none". */
static void append_sizes(char *text, size_t size, const struct int_list *list)
{
    size_t used = strlen(text);
    if (list->n == 0)
        snprintf(text + used, size - used, "none");
    for (int i = 0; i < list->n; i++, used = strlen(text))
        snprintf(text + used, size - used, "%s%d", i ? "-" : "", list->v[i]);
}

const char *layers_text(const struct layer_list *l, char *text, size_t size)
{
    snprintf(text, size, "%s%s", l->convolutions ? "conv" : "", l->channels.n ? ":" : "");
    if (l->channels.n)
        append_sizes(text, size, &l->channels);
    if (l->convolutions && l->dense.n == after_convolutions.n && l->dense.v[0] == after_convolutions.v[0])
        return text;
    snprintf(text + strlen(text), size - strlen(text), "%s", l->convolutions ? "/" : "");
    append_sizes(text, size, &l->dense);
    return text;
}
