/* Where frames lie, how they are magnified, what is missing. */
#include "judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct sheet_layout layout = {.height = 2, .width = 3, .channels = 1, .rows = 4, .columns = 2, .group = 2, .scale = 2};

static void places(void **state)
{
    (void)state;
    int height, width, channels;
    struct sheet *s = sheet_new(&layout, NULL);
    const uint8_t *p = sheet_pixels(s, &height, &width, &channels);
    /* margins 6; frames 4 high, 6 wide; lines of 1, between the two groups 6 */
    assert_int_equal(height, 6 + 4 + 1 + 4 + 6 + 4 + 1 + 4 + 6);
    assert_int_equal(width, 6 + 6 + 1 + 6 + 6);
    assert_int_equal(channels, 1);
    sheet_frame(s, 2, 1, (double[]){0, 0.2, 0.4, 0.6, 2, -1});
    static const uint8_t expected[2][3] = {{0, 51, 102}, {153, 255, 0}};
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 6; x++)
            assert_int_equal(p[(21 + y) * width + 13 + x], expected[y / 2][x / 2]);
    uint8_t paper = p[0];
    assert_int_equal(p[20 * width + 13], paper); /* above the frame, left of it, below it */
    assert_int_equal(p[21 * width + 12], paper);
    assert_int_equal(p[25 * width + 13], paper);
    sheet_free(s);
}

/* A frame that was not given, and one with a NaN, show stripes of two greys. */
static void missing(void **state)
{
    (void)state;
    int height, width, channels, light = 0, dark = 0;
    struct sheet *s = sheet_new(&layout, NULL);
    const uint8_t *p = sheet_pixels(s, &height, &width, &channels);
    uint8_t *before = malloc((size_t)(height * width));
    memcpy(before, p, (size_t)(height * width));
    sheet_frame(s, 0, 0, (double[]){0, 0, NAN, 0, 0, 0});
    assert_memory_equal(before, p, (size_t)(height * width));
    for (int x = 0; x < 6; x++) {
        light += p[6 * width + 6 + x] == 160;
        dark += p[6 * width + 6 + x] == 112;
    }
    assert_true(light == 3 && dark == 3);
    sheet_frame(s, 0, 0, (double[]){0, 0, 0, 0, 0, 0});
    assert_int_equal(p[6 * width + 6], 0);
    free(before);
    sheet_free(s);
    sheet_free(NULL);
}

static void colours(void **state)
{
    (void)state;
    int height, width, channels;
    struct sheet_layout l = {.height = 1, .width = 1, .channels = 3, .rows = 1, .columns = 1, .group = 1, .scale = 1};
    struct sheet *s = sheet_new(&l, NULL);
    const uint8_t *p = sheet_pixels(s, &height, &width, &channels);
    assert_true(height == 13 && width == 13 && channels == 3);
    sheet_frame(s, 0, 0, (double[]){1, 0.2, 0});
    assert_memory_equal(p + (6 * 13 + 6) * 3, ((uint8_t[]){255, 51, 0}), 3);
    sheet_free(s);
}

static void too_large(void **state)
{
    (void)state;
    struct error e = {0};
    struct sheet_layout l = layout;
    l.columns = 100000000;
    assert_null(sheet_new(&l, &e));
    assert_int_equal(e.code, DSSM_USAGE);
    assert_non_null(strstr(e.text, "fewer sequences, fewer steps or a smaller scale"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(missing),
        cmocka_unit_test(colours),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
