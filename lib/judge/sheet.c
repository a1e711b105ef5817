/* Contact sheets: where each frame lies, how it is magnified, what a missing one looks like. */
#include "judge/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Between frames, between sequences and around the sheet, in pixels. */
enum { LINE = 1, GAP = 6, MARGIN = 6 };
/* Greys of the paper and of a missing frame's two stripes. */
enum { PAPER = 96, STRIPE_DARK = 112, STRIPE_LIGHT = 160 };

struct sheet {
    struct sheet_layout layout;
    int height, width;
    uint8_t *pixels; /* height × width × channels */
};

static int row_top(const struct sheet_layout *l, int row)
{
    int groups = row / l->group;
    return MARGIN + row * (l->height * l->scale + LINE) + groups * (GAP - LINE);
}

static int column_left(const struct sheet_layout *l, int column)
{
    return MARGIN + column * (l->width * l->scale + LINE);
}

static uint8_t *pixel(const struct sheet *s, int y, int x)
{
    return s->pixels + ((size_t)y * (size_t)s->width + (size_t)x) * (size_t)s->layout.channels;
}

/* Diagonal stripes in the place of a frame. */
static void hatch(struct sheet *s, int row, int column)
{
    const struct sheet_layout *l = &s->layout;
    int top = row_top(l, row), left = column_left(l, column);
    for (int y = 0; y < l->height * l->scale; y++)
        for (int x = 0; x < l->width * l->scale; x++)
            memset(pixel(s, top + y, left + x), (x + y) / 3 % 2 ? STRIPE_LIGHT : STRIPE_DARK, (size_t)l->channels);
}

struct sheet *sheet_new(const struct sheet_layout *layout, struct error *e)
{
    const struct sheet_layout *l = layout;
    double tall = 2.0 * MARGIN + (double)l->rows * ((double)l->height * l->scale + GAP);
    double wide = 2.0 * MARGIN + (double)l->columns * ((double)l->width * l->scale + LINE);
    if (tall * wide > SHEET_MAX_PIXELS) {
        error_set(e, DSSM_USAGE, "a sheet of %.0f x %.0f pixels is more than %d in all: fewer sequences, fewer steps or a smaller scale",
                  wide, tall, SHEET_MAX_PIXELS);
        return NULL;
    }
    struct sheet *s = xcalloc(1, sizeof *s);
    s->layout = *l;
    s->height = row_top(l, l->rows - 1) + l->height * l->scale + MARGIN;
    s->width = column_left(l, l->columns - 1) + l->width * l->scale + MARGIN;
    s->pixels = xmalloc((size_t)s->height * (size_t)s->width * (size_t)l->channels);
    memset(s->pixels, PAPER, (size_t)s->height * (size_t)s->width * (size_t)l->channels);
    for (int row = 0; row < l->rows; row++)
        for (int column = 0; column < l->columns; column++)
            hatch(s, row, column);
    return s;
}

void sheet_free(struct sheet *s)
{
    if (!s)
        return;
    free(s->pixels);
    free(s);
}

static uint8_t byte(double v)
{
    return v <= 0 ? 0 : v >= 1 ? 255 : (uint8_t)floor(255 * v + 0.5);
}

void sheet_frame(struct sheet *s, int row, int column, const double *frame)
{
    const struct sheet_layout *l = &s->layout;
    int top = row_top(l, row), left = column_left(l, column), n = l->height * l->width * l->channels;
    for (int i = 0; i < n; i++)
        if (isnan(frame[i]))
            return;
    for (int y = 0; y < l->height * l->scale; y++)
        for (int x = 0; x < l->width * l->scale; x++)
            for (int c = 0; c < l->channels; c++)
                pixel(s, top + y, left + x)[c] = byte(frame[(y / l->scale * l->width + x / l->scale) * l->channels + c]);
}

const uint8_t *sheet_pixels(const struct sheet *s, int *height, int *width, int *channels)
{
    *height = s->height;
    *width = s->width;
    *channels = s->layout.channels;
    return s->pixels;
}
