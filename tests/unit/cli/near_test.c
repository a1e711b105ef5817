/* Near misses: the name that was meant, and none where nothing is near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "toy.h"

/* The name that is found for a word among a few. */
static const char *best_for(const char *word)
{
    static struct near near;
    static const char *const names[] = {"sigma-x2", "sigma-u2", "seed", "count", "hidden-layers"};
    near = near_start(word);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        near_offer(&near, names[i]);
    return near.best;
}

static void finds_slips_of_the_finger(void **state)
{
    (void)state;
    assert_string_equal(best_for("sigm-x2"), "sigma-x2");   /* one left out */
    assert_string_equal(best_for("sigmaa-u2"), "sigma-u2"); /* one too many */
    assert_string_equal(best_for("coubt"), "count");        /* one replaced */
    assert_string_equal(best_for("conut"), "count");        /* two exchanged: one edit, not two */
    assert_string_equal(best_for("seeed"), "seed");
}

static void takes_the_nearest_of_several(void **state)
{
    (void)state;
    assert_string_equal(best_for("sigma-u"), "sigma-u2");
    assert_string_equal(best_for("sigma-y2"), "sigma-x2"); /* both one edit away: the first */
}

static void finds_abbreviations(void **state)
{
    (void)state;
    assert_string_equal(best_for("hid"), "hidden-layers");
}

static void says_nothing_about_the_far(void **state)
{
    (void)state;
    assert_string_equal(best_for("output"), "");
    assert_string_equal(best_for("x"), "");
    assert_string_equal(best_for(""), "");
    char longest[200];
    memset(longest, 's', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_string_equal(best_for(longest), "");
}

static void hint_has_the_prefix_or_is_empty(void **state)
{
    (void)state;
    char text[100];
    struct near near = near_start("sed");
    assert_string_equal(near_hint(&near, "--", text, sizeof text), "");
    near_offer(&near, "seed");
    assert_string_equal(near_hint(&near, "--", text, sizeof text), "; did you mean --seed?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_slips_of_the_finger),
        cmocka_unit_test(takes_the_nearest_of_several),
        cmocka_unit_test(finds_abbreviations),
        cmocka_unit_test(says_nothing_about_the_far),
        cmocka_unit_test(hint_has_the_prefix_or_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
