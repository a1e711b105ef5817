/* A written sheet is read back by libpng's simple reader; the same sheet gives the same bytes; a full disk is an error. */
#include "judge/judge.h"

#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct sheet *some_sheet(int channels)
{
    struct sheet_layout l = {.height = 2, .width = 2, .channels = channels, .rows = 2, .columns = 3, .group = 2, .scale = 3};
    struct sheet *s = sheet_new(&l, NULL);
    double frame[12];
    for (int k = 0; k < 5; k++) {
        for (int i = 0; i < 12; i++)
            frame[i] = (k + i) % 12 / 11.0;
        sheet_frame(s, k / 3, k % 3, frame);
    }
    return s;
}

static char *written(const struct sheet *s, size_t *size)
{
    char *bytes = NULL;
    FILE *f = open_memstream(&bytes, size);
    assert_int_equal(sheet_write(s, f, NULL), DSSM_OK);
    fclose(f);
    return bytes;
}

static void read_back(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        int height, width, got;
        size_t size;
        struct sheet *s = some_sheet(channels);
        const uint8_t *p = sheet_pixels(s, &height, &width, &got);
        char *bytes = written(s, &size);
        png_image image = {.version = PNG_IMAGE_VERSION};
        assert_true(png_image_begin_read_from_memory(&image, bytes, size));
        assert_int_equal(image.height, height);
        assert_int_equal(image.width, width);
        assert_int_equal(image.format, channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY);
        uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
        assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
        assert_memory_equal(pixels, p, (size_t)(height * width * channels));
        free(pixels);
        free(bytes);
        sheet_free(s);
    }
}

static void same_bytes(void **state)
{
    (void)state;
    size_t n, m;
    struct sheet *s = some_sheet(1);
    char *a = written(s, &n), *b = written(s, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    sheet_free(s);
}

static void full_disk(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *f = fopen("/dev/full", "w");
    assert_non_null(f);
    setvbuf(f, NULL, _IONBF, 0);
    struct sheet *s = some_sheet(1);
    assert_int_equal(sheet_write(s, f, &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, "PNG: "));
    sheet_free(s);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(read_back), cmocka_unit_test(same_bytes), cmocka_unit_test(full_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
