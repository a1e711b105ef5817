/* JSON lines: begun, gone on with behind what a checkpoint knew, refused where they are another file's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/train.h"

static char *content(const char *path)
{
    static char text[256];
    FILE *f = fopen(path, "r");
    text[f ? fread(text, 1, sizeof text - 1, f) : 0] = '\0';
    if (f)
        fclose(f);
    return text;
}

static void cut_back_and_gone_on(void **state)
{
    (void)state;
    char path[64];
    struct lines l;
    struct error e;
    snprintf(path, sizeof path, "/tmp/dssm-lines-%ld.jsonl", (long)getpid());
    assert_int_equal(lines_open(&l, path, 0, &e), DSSM_OK);
    assert_false(l.goes_on);
    assert_int_equal(lines_put(&l, json_pack("{s:i}", "a", 1), &e), DSSM_OK);
    double bytes = lines_bytes(&l);
    assert_true(bytes == 8);
    assert_int_equal(lines_put(&l, json_pack("{s:i}", "lost", 2), &e), DSSM_OK);
    lines_close(&l);
    assert_int_equal(lines_open(&l, path, bytes, &e), DSSM_OK);
    assert_true(l.goes_on);
    assert_int_equal(lines_put(&l, json_pack("{s:o}", "b", metrics_number(NAN)), &e), DSSM_OK);
    lines_close(&l);
    assert_string_equal(content(path), "{\"a\":1}\n{\"b\":null}\n");
    assert_int_equal(lines_open(&l, path, 1000, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "is not the file that the checkpoint goes with: expected 1000 bytes or more"));
    lines_close(&l);
    unlink(path);
}

static void nobody_asked(void **state)
{
    (void)state;
    struct lines l;
    struct error e;
    assert_int_equal(lines_open(&l, NULL, 0, &e), DSSM_OK);
    assert_int_equal(lines_put(&l, json_object(), &e), DSSM_OK);
    assert_true(lines_bytes(&l) == 0);
    lines_close(&l);
    assert_int_equal(lines_open(&l, "/nonexistent/m", 0, &e), DSSM_FAILURE);
    assert_int_equal(lines_open(&l, "/dev/full", 0, &e), DSSM_OK);
    assert_int_equal(lines_put(&l, json_object(), &e), DSSM_FAILURE);
    lines_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_back_and_gone_on),
        cmocka_unit_test(nobody_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
