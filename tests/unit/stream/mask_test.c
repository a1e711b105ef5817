/* Dropping frames. (More: tests/tool/seq-mask.bats.) */
#include "stream_sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* The masks of all records, one after the other: "0111 0111". */
static const char *masks(const char *path)
{
    static char text[256];
    struct error e = {0};
    struct record r;
    size_t n = 0;
    FILE *f = fopen(path, "r");
    struct reader *reader = reader_open(f, path, NULL, &e);
    assert_non_null(reader);
    assert_non_null(header_get_field(reader_header(reader), "mask"));
    record_init(&r);
    while (reader_next(reader, &r, &e) > 0) {
        const struct array *mask = record_get(&r, "mask");
        for (size_t t = 0; t < mask->shape[0]; t++)
            text[n++] = (char)('0' + (int)array_get(mask, t));
        text[n++] = ' ';
    }
    text[n] = 0;
    record_clear(&r);
    reader_close(reader);
    fclose(f);
    return text;
}

static void steps_and_rate(void **state)
{
    (void)state;
    struct error e = {0};
    struct passage how = {
        .in = sample_file("in", 2), .out = scratch("out"), .program = "mask", .command = "mask", .has_seed = true, .seed = 1};
    assert_int_equal(stream_mask(&how, 1, 2, 3, &e), DSSM_OK);
    assert_string_equal(masks(how.out), "1001 1001 ");
    assert_int_equal(stream_mask(&how, 1, 4, 0, &e), DSSM_OK);
    assert_string_equal(masks(how.out), "1110 1110 ");
    assert_int_equal(stream_mask(&how, 0, 1, 0, &e), DSSM_OK);
    assert_string_equal(masks(how.out), "1111 1111 ");
}

static void masking_again_adds(void **state)
{
    (void)state;
    struct error e = {0};
    const char *once = scratch("once"), *twice = scratch("twice");
    struct passage how = {.in = sample_file("in", 1), .out = once, .program = "mask", .command = "mask"};
    assert_int_equal(stream_mask(&how, 1, 1, 1, &e), DSSM_OK);
    how.in = once;
    how.out = twice;
    assert_int_equal(stream_mask(&how, 1, 3, 3, &e), DSSM_OK);
    assert_string_equal(masks(twice), "0101 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_and_rate),
        cmocka_unit_test(masking_again_adds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
