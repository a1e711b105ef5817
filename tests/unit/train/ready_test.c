/* Before a run: files that cannot be written are refused, signals become a number, settings of several tables one object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "train/train.h"

static void places(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(ready_to_write(NULL, &e), DSSM_OK);
    assert_int_equal(ready_to_write("-", &e), DSSM_OK);
    assert_int_equal(ready_to_write("/tmp/dssm-not-there", &e), DSSM_OK);
    assert_int_equal(ready_to_write("/tmp", &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, "/tmp: Is a directory"));
    assert_int_equal(ready_to_write("/nonexistent/x", &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, "/nonexistent/x: "));
    assert_int_equal(ready_to_write("/dev/null", &e), DSSM_OK);
    char longest[400];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(ready_to_write(longest, &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, ": File name too long"));
}

static void signals(void **state)
{
    (void)state;
    volatile sig_atomic_t *stop = ready_to_stop();
    assert_int_equal(*stop, 0);
    raise(SIGTERM);
    assert_int_equal(*stop, SIGTERM);
    raise(SIGINT);
    assert_int_equal(*stop, SIGINT);
    assert_ptr_equal(ready_to_stop(), stop);
}

static void tables(void **state)
{
    (void)state;
    struct common c;
    struct train_settings s;
    const struct option_group groups[] = {{"One", options_quiet, &c}, {"Two", options_train, &s}, {0}};
    options_defaults(options_quiet, &c);
    options_defaults(options_train, &s);
    json_t *all = options_of_groups(groups, 2), *one = options_of_groups(groups, 1);
    assert_true(json_is_false(json_object_get(all, "quiet")));
    assert_int_equal(json_integer_value(json_object_get(all, "batch")), 50);
    assert_null(json_object_get(one, "batch"));
    json_decref(all);
    json_decref(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(signals),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
