/* A sheet as PNG, through libpng. */
#include "judge/judge.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* libpng's complaint becomes a struct error. */
static void complain(png_structp png, png_const_charp text)
{
    error_set(png_get_error_ptr(png), DSSM_FAILURE, "PNG: %s", text);
    longjmp(png_jmpbuf(png), 1);
}

/* A warning of libpng concerns nobody who reads a sheet. */
static void ignore(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

/* No time, no text: the same pixels give the same bytes. */
static void write_all(png_structp png, png_infop info, const uint8_t *pixels, int height, int width, int channels, FILE *f)
{
    int color = channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY;
    png_init_io(png, f);
    png_set_compression_level(png, 6);
    png_set_filter(png, 0, PNG_FILTER_NONE);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < height; y++)
        png_write_row(png, pixels + (size_t)y * (size_t)width * (size_t)channels);
    png_write_end(png, info);
}

/* Whether all was written; complain has the reason otherwise. setjmp stands alone here, so that no local changes under it. */
static bool guarded(png_structp png, png_infop info, const struct sheet *s, FILE *f)
{
    int height, width, channels;
    const uint8_t *pixels = sheet_pixels(s, &height, &width, &channels);
    if (setjmp(png_jmpbuf(png)))
        return false;
    write_all(png, info, pixels, height, width, channels, f);
    return true;
}

int sheet_write(const struct sheet *s, FILE *f, struct error *e)
{
    struct error reason = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &reason, complain, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool written = info && guarded(png, info, s, f);
    png_destroy_write_struct(&png, &info);
    if (written)
        return DSSM_OK;
    return error_set(e, DSSM_FAILURE, "%s", reason.code ? reason.text : "PNG: libpng does not start");
}
