/* --help-mdoc: items, sentences a line, and guards for what mdoc would take for its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "toy.h"

static void items_and_sentences(void **state)
{
    (void)state;
    char *text = printed(mdoc_print);
    static const char *const parts[] = {
        ".Ss Data\n.Bl -tag -width Ds\n",
        ".It Fl n , Fl -count Ar N\nNumber of sequences.\nEach is drawn alone.\nFrom 1 to 1000; default 500.\n",
        ".It Fl -prior Ar KIND\nPrior over the first state.\nOne of normal, vhp or flat; default vhp.\n",
        ".It Fl -noise , Fl -no-noise\nDraw samples.\nDefault yes.\n",
        ".It Fl o , Fl -output Ar FILE\nWhere the model goes.\n.It",
        ".El\n.Ss Common\n",
        ".It Fl h , Fl -help\n",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(text, parts[i]));
    free(text);
}

static void lines_are_short(void **state)
{
    (void)state;
    char *text = printed(mdoc_print);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 80);
    free(text);
}

static void nothing_is_taken_for_a_macro(void **state)
{
    (void)state;
    static bool value;
    static const struct option_row rows[] = {
        {.name = "odd",
         .kind = OPT_TEXT,
         .argument = "No",
         .help = ".It begins like a request. 'so does this: \\fB. A.b ends. Not: 0.5 x."},
        {.name = "two", .kind = OPT_TEXT, .argument = "A B", .help = "Two words."},
        {0},
    };
    const struct option_group groups[] = {{"Odd", rows, &value}, {0}};
    const struct program odd = {.name = "odd", .reads_writes = "", .operands = "", .groups = groups};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    mdoc_print(&odd, out);
    fclose(out);
    const char *list = ".It Fl -odd Ar \\&No\n\\&.It begins like a request. 'so does this: \\efB.\nA.b ends.\nNot: 0.5 x.\n"
                       ".It Fl -two Ar \"A B\"\nTwo words.\n";
    assert_non_null(strstr(text, list));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_and_sentences),
        cmocka_unit_test(lines_are_short),
        cmocka_unit_test(nothing_is_taken_for_a_macro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
