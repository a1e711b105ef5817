/* --complete-bash: the script is run by bash, and asked for completions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "toy.h"

/* What bash offers for the last of the words, one a line. */
static char *offers(const char *words)
{
    static char answer[4096];
    char name[] = "/tmp/dssm-complete-XXXXXX", command[600];
    FILE *script = fdopen(mkstemp(name), "w");
    complete_bash_print(&toy, script);
    fprintf(script, "COMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_toy\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n", words);
    fclose(script);
    snprintf(command, sizeof command, "bash -eu %s 2>&1", name);
    FILE *out = popen(command, "r");
    size_t length = fread(answer, 1, sizeof answer - 1, out);
    answer[length] = '\0';
    assert_int_equal(pclose(out), 0);
    unlink(name);
    return answer;
}

static void names_of_options(void **state)
{
    (void)state;
    assert_string_equal(offers("toy --no"), "--noise\n--no-noise\n");
    assert_string_equal(offers("toy m --se"), "--seed\n");
    assert_non_null(strstr(offers("toy -"), "--version\n"));
}

static void choices_after_their_option(void **state)
{
    (void)state;
    assert_string_equal(offers("toy --prior ''"), "normal\nvhp\nflat\n");
    assert_string_equal(offers("toy --prior v"), "vhp\n");
    assert_string_equal(offers("toy --prior = n"), "normal\n"); /* as bash cuts --prior=n */
    assert_string_equal(offers("toy --prior ="), "normal\nvhp\nflat\n");
}

static void nothing_for_a_number(void **state)
{
    (void)state;
    assert_string_equal(offers("toy -n ''"), "\n");
    assert_string_equal(offers("toy --seed 1"), "\n");
}

static void files_otherwise(void **state)
{
    (void)state;
    assert_string_equal(offers("toy -o /dev/nul"), "/dev/null\n");
    assert_string_equal(offers("toy /dev/nul"), "/dev/null\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_options),
        cmocka_unit_test(choices_after_their_option),
        cmocka_unit_test(nothing_for_a_number),
        cmocka_unit_test(files_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
