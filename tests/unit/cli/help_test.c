/* --help: the whole text, and the facts of each kind of option. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "toy.h"

static void the_whole_help(void **state)
{
    (void)state;
    char *text = printed(help_print);
    assert_string_equal(text, "toy: stream in, model out: learn nothing\n"
                              "\n"
                              "Examples:\n"
                              "  toy m.npz <train.msgpack\n"
                              "  gen | toy -n 5 m.npz\n"
                              "\n"
                              "Usage: toy [OPTION]... MODEL [STREAM]\n"
                              "\n"
                              "Data:\n"
                              "  -n, --count N            Number of sequences. Each is drawn alone. (from 1 to 1000; default\n"
                              "                           500)\n"
                              "      --sigma-x2 X         Variance σ² of the noise, which is added to every pixel of an image\n"
                              "                           before it is clipped to what a byte holds, in squared units of the\n"
                              "                           brightness. (at least 0; default 0.5)\n"
                              "      --prior KIND         Prior over the first state. (normal, vhp or flat; default vhp)\n"
                              "      --noise, --no-noise  Draw samples. (default yes)\n"
                              "      --hidden SIZES       Hidden layers. (default 128-64)\n"
                              "  -o, --output FILE        Where the model goes.\n"
                              "  -k, --key N              Any number of 64 bits.\n"
                              "\n"
                              "Common:\n"
                              "      --seed N             Seed of every random number: same seed, same result. (default 1)\n"
                              "      --threads N          Threads to work with; 0 is one a core. The result does not depend on\n"
                              "                           it. (from 0 to 1024; default 0)\n"
                              "  -q, --quiet              Say nothing but errors.\n"
                              "\n"
                              "Help:\n"
                              "  -h, --help               Print examples and options, and exit.\n"
                              "      --version            Print the version, and exit.\n");
    free(text);
}

static void no_line_is_wider_than_96(void **state)
{
    (void)state;
    char *text = printed(help_print);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(text_width(line) <= 96);
    free(text);
}

static void the_short_help_has_no_options(void **state)
{
    (void)state;
    char *text = printed(help_print_short);
    assert_non_null(strstr(text, "gen | toy -n 5 m.npz"));
    assert_non_null(strstr(text, "Usage: toy"));
    assert_null(strstr(text, "--sigma-x2"));
    free(text);
}

static void facts_of_each_kind(void **state)
{
    (void)state;
    char text[200];
    assert_string_equal(option_facts(&toy_rows[TOY_COUNT], text, sizeof text), "from 1 to 1000; default 500");
    assert_string_equal(option_facts(&toy_rows[TOY_PRIOR], text, sizeof text), "normal, vhp or flat; default vhp");
    assert_string_equal(option_facts(&toy_rows[TOY_NOISE], text, sizeof text), "default yes");
    assert_string_equal(option_facts(&toy_rows[TOY_OUTPUT], text, sizeof text), "");
}

static void help_is_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *help, *sentence;
    } table[] = {
        {"Already one.", "Already one."},
        {"largest norm of a gradient", "Largest norm of a gradient."},
        {"a number (of x)", "A number (of x)."},
        {"z_1 is drawn", "z_1 is drawn."},
        {"x as it was.", "x as it was."},
        {"one, two, …", "One, two, …"},
        {"", "."},
    };
    char text[200];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct option_row row = {.name = "x", .help = table[i].help};
        assert_string_equal(option_sentence(&row, text, sizeof text), table[i].sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_help),     cmocka_unit_test(no_line_is_wider_than_96), cmocka_unit_test(the_short_help_has_no_options),
        cmocka_unit_test(facts_of_each_kind), cmocka_unit_test(help_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
