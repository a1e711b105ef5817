/* The option table: defaults, values of every kind, ranges and their errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "toy.h"

static struct toy_settings settings;

/* Sets one option; "" when it was taken, the error's text when not. */
static const char *set(int row, const char *text)
{
    static struct error e;
    e = (struct error){0};
    int code = option_set(&toy_rows[row], &settings, text, &e);
    assert_int_equal(code, e.code);
    if (code)
        assert_int_equal(code, DSSM_USAGE);
    return e.text;
}

static void defaults_fill_every_value(void **state)
{
    (void)state;
    memset(&settings, 0xff, sizeof settings);
    options_defaults(toy_rows, &settings);
    assert_int_equal(settings.count, 500);
    assert_true(settings.sigma_x2 == 0.5);
    assert_int_equal(settings.prior, 1);
    assert_true(settings.noise);
    assert_int_equal(settings.hidden.n, 2);
    assert_int_equal(settings.hidden.v[0], 128);
    assert_int_equal(settings.hidden.v[1], 64);
    assert_null(settings.output);
    assert_true(settings.key == 0);
}

static void integers(void **state)
{
    (void)state;
    assert_string_equal(set(TOY_COUNT, "1"), "");
    assert_int_equal(settings.count, 1);
    assert_string_equal(set(TOY_COUNT, "1000"), "");
    assert_string_equal(set(TOY_COUNT, "1001"), "--count: expected an integer from 1 to 1000, got \"1001\"");
    assert_string_equal(set(TOY_COUNT, "0"), "--count: expected an integer from 1 to 1000, got \"0\"");
    assert_string_equal(set(TOY_COUNT, "5x"), "--count: expected an integer from 1 to 1000, got \"5x\"");
    assert_string_equal(set(TOY_COUNT, "1.5"), "--count: expected an integer from 1 to 1000, got \"1.5\"");
    assert_string_equal(set(TOY_COUNT, ""), "--count: expected an integer from 1 to 1000, got \"\"");
    assert_string_equal(set(TOY_COUNT, "99999999999999999999"),
                        "--count: expected an integer from 1 to 1000, got \"99999999999999999999\"");
    assert_int_equal(settings.count, 1000); /* a refused value changes nothing */
}

static void integers_without_a_range_stay_in_an_int(void **state)
{
    (void)state;
    const struct option_row row = {.name = "any", .kind = OPT_INT, .offset = 0};
    int value = 7;
    struct error e;
    assert_int_equal(option_set(&row, &value, "-2147483648", &e), 0);
    assert_int_equal(value, INT32_MIN);
    assert_int_equal(option_set(&row, &value, "2147483648", &e), DSSM_USAGE);
    assert_string_equal(e.text, "--any: expected an integer, got \"2147483648\"");
}

static void numbers(void **state)
{
    (void)state;
    assert_string_equal(set(TOY_SIGMA, "1e-3"), "");
    assert_true(settings.sigma_x2 == 1e-3);
    assert_string_equal(set(TOY_SIGMA, "-0.1"), "--sigma-x2: expected a number at least 0, got \"-0.1\"");
    assert_string_equal(set(TOY_SIGMA, "nan"), "--sigma-x2: expected a number at least 0, got \"nan\"");
    assert_string_equal(set(TOY_SIGMA, "inf"), "--sigma-x2: expected a number at least 0, got \"inf\"");
    assert_string_equal(set(TOY_SIGMA, "1,5"), "--sigma-x2: expected a number at least 0, got \"1,5\"");
}

static void choices(void **state)
{
    (void)state;
    assert_string_equal(set(TOY_PRIOR, "flat"), "");
    assert_int_equal(settings.prior, 2);
    assert_string_equal(set(TOY_PRIOR, "norml"), "--prior: expected one of normal, vhp, flat, got \"norml\"; did you mean normal?");
    assert_string_equal(set(TOY_PRIOR, "norma"), "--prior: expected one of normal, vhp, flat, got \"norma\"; did you mean normal?");
    assert_string_equal(set(TOY_PRIOR, ""), "--prior: expected one of normal, vhp, flat, got \"\"");
}

static void flags(void **state)
{
    (void)state;
    assert_string_equal(set(TOY_NOISE, "no"), "");
    assert_false(settings.noise);
    assert_string_equal(set(TOY_NOISE, "true"), "");
    assert_true(settings.noise);
    assert_string_equal(set(TOY_NOISE, "maybe"), "--noise: expected yes or no, got \"maybe\"");
}

static void sizes(void **state)
{
    (void)state;
    assert_string_equal(set(TOY_HIDDEN, "256,128-64"), "");
    assert_int_equal(settings.hidden.n, 3);
    assert_int_equal(settings.hidden.v[2], 64);
    assert_string_equal(set(TOY_HIDDEN, "none"), "");
    assert_int_equal(settings.hidden.n, 0);
    assert_string_equal(set(TOY_HIDDEN, "1-2-3-4-5-6-7-8"), "");
    assert_int_equal(settings.hidden.n, 8);
    static const char *const wrong[] = {"", "0", "-5", "5-", "5--5", "5-x", "1-2-3-4-5-6-7-8-9", "99999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_non_null(strstr(set(TOY_HIDDEN, wrong[i]), "--hidden: expected up to 8 sizes such as 256-128, or none"));
    assert_int_equal(settings.hidden.n, 8);
}

static void seeds_have_64_bits(void **state)
{
    (void)state;
    assert_string_equal(set(TOY_KEY, "18446744073709551615"), "");
    assert_true(settings.key == UINT64_MAX);
    assert_non_null(strstr(set(TOY_KEY, "18446744073709551616"), "--key: expected an integer from 0"));
    assert_non_null(strstr(set(TOY_KEY, "-1"), "--key: expected an integer from 0"));
    assert_non_null(strstr(set(TOY_KEY, " 1"), "--key: expected an integer from 0"));
}

static void texts_are_borrowed(void **state)
{
    (void)state;
    const char *name = "some file";
    assert_string_equal(set(TOY_OUTPUT, name), "");
    assert_ptr_equal(settings.output, name);
}

static void the_error_may_be_absent(void **state)
{
    (void)state;
    assert_int_equal(option_set(&toy_rows[TOY_COUNT], &settings, "x", NULL), DSSM_USAGE);
}

static void the_value_alone_has_no_place_in_its_error(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(option_value_set(&toy_rows[TOY_COUNT], &settings, "x", &e), DSSM_USAGE);
    assert_string_equal(e.text, "expected an integer from 1 to 1000, got \"x\"");
}

static void ranges_in_words(void **state)
{
    (void)state;
    char text[80];
    assert_string_equal(option_range(&toy_rows[TOY_COUNT], text, sizeof text), "from 1 to 1000");
    assert_string_equal(option_range(&toy_rows[TOY_SIGMA], text, sizeof text), "at least 0");
    assert_string_equal(option_range(&toy_rows[TOY_PRIOR], text, sizeof text), "");
    const struct option_row below = {.name = "x", .kind = OPT_REAL, .low = -1e300, .high = 2.5};
    assert_string_equal(option_range(&below, text, sizeof text), "at most 2.5");
}

static void choices_by_number(void **state)
{
    (void)state;
    char text[80];
    assert_true(option_choice(&toy_rows[TOY_PRIOR], 0, text, sizeof text));
    assert_string_equal(text, "normal");
    assert_true(option_choice(&toy_rows[TOY_PRIOR], 2, text, sizeof text));
    assert_string_equal(text, "flat");
    assert_false(option_choice(&toy_rows[TOY_PRIOR], 3, text, sizeof text));
}

static void only_flags_that_are_on_can_be_negated(void **state)
{
    (void)state;
    assert_true(option_negatable(&toy_rows[TOY_NOISE]));
    assert_false(option_negatable(&toy_rows[TOY_COUNT]));
    assert_false(option_negatable(&options_quiet[0]));
}

static void other_defaults(void **state)
{
    (void)state;
    static const struct option_default others[] = {{"count", "20"}, {"hidden", "none"}, {"elsewhere", "3"}, {"prior", "flat"}, {0}};
    struct option_row *rows = options_with_defaults(toy_rows, others);
    options_defaults(rows, &settings);
    assert_int_equal(settings.count, 20);
    assert_int_equal(settings.hidden.n, 0);
    assert_int_equal(settings.prior, 2);
    assert_true(settings.sigma_x2 == 0.5 && settings.noise); /* as the table says */
    assert_string_equal(toy_rows[TOY_COUNT].standard, "500");
    free(rows);
    rows = options_with_defaults(toy_rows, NULL);
    for (int i = 0; i <= TOY_KEY; i++)
        assert_memory_equal(&rows[i], &toy_rows[i], sizeof *rows);
    assert_null(rows[TOY_KEY + 1].name);
    free(rows);
}

/* How a child ends that looks for the defaults in these tables: 0, or the signal of bug(). */
static int expecting(const struct option_default *defaults)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        options_expect_defaults((const struct option_row *const[]){toy_rows, options_common}, 2, defaults);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void defaults_of_no_option_are_a_bug(void **state)
{
    (void)state;
    assert_int_equal(expecting(NULL), 0);
    assert_int_equal(expecting((const struct option_default[]){{"threads", "1"}, {"count", "20"}, {0}}), 0);
    assert_int_equal(expecting((const struct option_default[]){{"threads", "1"}, {"counts", "20"}, {0}}), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_every_value),
        cmocka_unit_test(integers),
        cmocka_unit_test(integers_without_a_range_stay_in_an_int),
        cmocka_unit_test(numbers),
        cmocka_unit_test(choices),
        cmocka_unit_test(flags),
        cmocka_unit_test(sizes),
        cmocka_unit_test(seeds_have_64_bits),
        cmocka_unit_test(texts_are_borrowed),
        cmocka_unit_test(the_error_may_be_absent),
        cmocka_unit_test(the_value_alone_has_no_place_in_its_error),
        cmocka_unit_test(ranges_in_words),
        cmocka_unit_test(choices_by_number),
        cmocka_unit_test(only_flags_that_are_on_can_be_negated),
        cmocka_unit_test(other_defaults),
        cmocka_unit_test(defaults_of_no_option_are_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
