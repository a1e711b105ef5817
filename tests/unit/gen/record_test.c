/* A plant as a stream's fields and a sequence as a record: against the plant itself, step by step. */
#include "made.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char *text_of(const json_t *header, const char *field, const char *key, int i)
{
    const json_t *value = json_object_get(header_get_field(header, field), key);
    return json_string_value(json_is_array(value) ? json_array_get(value, (size_t)i) : value);
}

static void fields_of_the_header(void **state)
{
    (void)state;
    struct plant images = {&plant_pendulum, &pendulum_standard}, angles = {&plant_pendulum, &seen_angle};
    json_t *header = header_new();
    int height, width, channels;
    gen_describe(header, &images);
    assert_string_equal(text_of(header, "x", "dtype", 0), "|u1");
    assert_int_equal(json_unpack(json_object_get(header_get_field(header, "x"), "image"), "[iii]", &height, &width, &channels), 0);
    assert_true(height == 16 && width == 16 && channels == 1);
    assert_string_equal(text_of(header, "s", "dtype", 0), "<f8");
    assert_string_equal(text_of(header, "s", "names", 1), "velocity");
    assert_string_equal(text_of(header, "s", "kinds", 0), "circle");
    assert_string_equal(text_of(header, "u", "dtype", 0), "<f4");
    gen_describe(header, &angles); /* anew: no image any more */
    assert_string_equal(text_of(header, "x", "dtype", 0), "<f4");
    assert_null(json_object_get(header_get_field(header, "x"), "image"));
    json_decref(header);
}

static void sizes(void **state)
{
    (void)state;
    struct plant images = {&plant_pendulum, &pendulum_standard};
    struct error e = {0};
    int most = (int)((64 * 1024 * 1024 - 65536) / (256 + 4 + 16));
    assert_int_equal(gen_check_size(&images, most, &e), DSSM_OK);
    assert_int_equal(gen_check_size(&images, most + 1, &e), DSSM_USAGE);
    assert_non_null(strstr(e.text, "at most 242910 such steps"));
}

/* x and s of a record are what the plant's own step and observe give, as bytes for an image. */
static void one_sequence(void **state)
{
    (void)state;
    struct plant images = {&plant_pendulum, &pendulum_standard}, angles = {&plant_pendulum, &seen_angle};
    struct protocol how = {.seed = 1};
    double s[2] = {0.3, -1}, frame[256];
    float u[3] = {2, -3, 4};
    struct record rec, numbers;
    record_init(&rec);
    record_init(&numbers);
    assert_int_equal(gen_simulate(&images, &how, 0, s, u, 3, &rec, NULL), DSSM_OK);
    assert_int_equal(gen_simulate(&angles, &how, 0, s, u, 3, &numbers, NULL), DSSM_OK);
    const struct array *x = record_get(&rec, "x"), *truth = record_get(&rec, "s");
    assert_true(x->type == DT_U1 && x->dims == 2 && x->shape[0] == 3 && x->shape[1] == 256);
    assert_true(truth->type == DT_F8 && truth->dims == 2 && truth->shape[0] == 3 && truth->shape[1] == 2);
    for (size_t t = 0; t < 3; t++) {
        plant_pendulum.observe(&pendulum_standard, s, frame);
        for (size_t i = 0; i < 256; i++)
            assert_true(fabs(array_get(x, t * 256 + i) - 255 * frame[i]) <= 0.5);
        assert_true(array_get(truth, 2 * t) == s[0] && array_get(truth, 2 * t + 1) == s[1]);
        assert_true(array_get(record_get(&numbers, "x"), t) == (double)(float)s[0]);
        plant_pendulum.step(&pendulum_standard, s, &(double){(double)u[t]});
    }
    record_clear(&rec);
    record_clear(&numbers);
}

/* A state that is none has no picture. */
static void not_finite(void **state)
{
    (void)state;
    struct plant images = {&plant_pendulum, &pendulum_standard};
    struct protocol how = {.seed = 1};
    double s[2] = {0.3, 1e308};
    float u[3] = {2, -3, 4};
    struct record rec;
    struct error e;
    record_init(&rec);
    assert_int_equal(gen_simulate(&images, &how, 0, s, u, 3, &rec, &e), DSSM_DIVERGED);
    assert_string_equal(e.text, "step 1: the simulated state is not finite"); /* more than x of angles could hold */
    assert_null(record_get(&rec, "x"));
    s[1] = 1e30;
    assert_int_equal(gen_check_states(&images, 7, 1, s, &e), DSSM_OK);
    s[0] = NAN;
    assert_int_equal(gen_check_states(&images, 7, 1, s, &e), DSSM_DIVERGED);
    assert_string_equal(e.text, "step 8: the simulated state is not finite");
    record_clear(&rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields_of_the_header), cmocka_unit_test(sizes), cmocka_unit_test(one_sequence),
                                       cmocka_unit_test(not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
