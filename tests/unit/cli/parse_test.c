/* The command line: what it sets, what it leaves as operands, what it refuses and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "toy.h"

static struct operands operands;
static int status;
static char *said; /* standard error of the last run */

/* Runs program_start on the words of a line that are separated by spaces. True: go on. */
static bool start(const char *line)
{
    static char copy[500], name[] = "toy";
    char *argv[32] = {name};
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    free(said);
    struct caught words = catch_start(2);
    status = -1;
    bool go_on = program_start(&toy, argc, argv, &operands, &status);
    said = catch_end(&words);
    assert_true(go_on == (status == -1));
    return go_on;
}

static int free_said(void **state)
{
    (void)state;
    free(said);
    return 0;
}

static int stdin_from_nothing(void **state)
{
    (void)state;
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    close(nothing);
    return 0;
}

static void defaults_stand_without_options(void **state)
{
    (void)state;
    toy_settings.count = 3;
    assert_true(start("m.npz"));
    assert_int_equal(toy_settings.count, 500);
    assert_true(toy_common.seed == 1);
    assert_int_equal(operands.n, 1);
    assert_string_equal(operands.v[0], "m.npz");
    assert_null(operands.v[1]);
}

static void every_way_to_write_an_option(void **state)
{
    (void)state;
    static const char *const lines[] = {"-n5 m", "-n 5 m", "--count 5 m", "--count=5 m", "m -n5", "m --count 5", "-qn5 m", "-qn 5 m"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_true(start(lines[i]));
        assert_int_equal(toy_settings.count, 5);
        assert_int_equal(operands.n, 1);
        assert_string_equal(operands.v[0], "m");
        assert_true(toy_common.quiet == (strstr(lines[i], "q") != NULL));
        assert_true(option_given(&operands, "count") && !option_given(&operands, "seed"));
        assert_true(option_given(&operands, "quiet") == toy_common.quiet);
    }
}

static void the_last_of_two_stands(void **state)
{
    (void)state;
    assert_true(start("m -n 5 -n 6"));
    assert_int_equal(toy_settings.count, 6);
}

static void flags_can_be_taken_back(void **state)
{
    (void)state;
    assert_true(start("m --no-noise"));
    assert_false(toy_settings.noise);
    assert_true(start("m --no-noise --noise"));
    assert_true(toy_settings.noise);
    assert_false(start("m --no-quiet"));
    assert_non_null(strstr(said, "toy: unknown option --no-quiet"));
}

static void operands_stand_in_any_place(void **state)
{
    (void)state;
    assert_true(start("- -n 5 -- -n"));
    assert_int_equal(operands.n, 2);
    assert_string_equal(operands.v[0], "-");
    assert_string_equal(operands.v[1], "-n");
}

static void a_negative_value_is_a_value(void **state)
{
    (void)state;
    assert_false(start("m --sigma-x2 -1"));
    assert_string_equal(said, "toy: --sigma-x2: expected a number at least 0, got \"-1\"\nTry toy --help\n");
}

static void wrong_lines_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *words;
    } table[] = {
        {"m --sigm-x2 3", "toy: unknown option --sigm-x2; did you mean --sigma-x2?\n"},
        {"m --sigm-x2=3", "toy: unknown option --sigm-x2; did you mean --sigma-x2?\n"},
        {"m --hlep", "toy: unknown option --hlep; did you mean --help?\n"},
        {"m --no-nose", "toy: unknown option --no-nose; did you mean --no-noise?\n"},
        {"m --something-else", "toy: unknown option --something-else\n"},
        {"m -z", "toy: unknown option -z\n"},
        {"m -seed 3", "toy: unknown option -s; did you mean --seed?\n"},
        {"m --quiet=yes", "toy: --quiet takes no value, got \"yes\"\n"},
        {"m --count", "toy: --count: expected a value (N), got the end of the command line\n"},
        {"m -n", "toy: --count: expected a value (N), got the end of the command line\n"},
        {"m --count=", "toy: --count: expected an integer from 1 to 1000, got \"\"\n"},
        {"m --threads 1025", "toy: --threads: expected an integer from 0 to 1024, got \"1025\"\n"},
        {"", "toy: expected MODEL [STREAM], got 0 operands\n"},
        {"a b c", "toy: expected MODEL [STREAM], got one operand too many: \"c\"\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_false(start(table[i].line));
        assert_int_equal(status, DSSM_USAGE);
        size_t length = strlen(table[i].words);
        assert_int_equal(strncmp(said, table[i].words, length), 0);
        assert_string_equal(said + length, "Try toy --help\n");
    }
}

static void help_and_its_kin_are_answered(void **state)
{
    (void)state;
    static const struct {
        const char *line, *begins;
    } table[] = {
        {"--help", "toy: stream in, model out: learn nothing\n\nExamples:\n"},
        {"-h", "toy: stream in"},
        {"-q --help", "toy: stream in"},
        {"--version", "toy (dssm-tools) " DSSM_VERSION "\n"},
        {"--help-mdoc", ".Ss Data\n"},
        {"--complete-bash", "# bash completion of toy"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct caught out = catch_start(1);
        bool go_on = start(table[i].line);
        char *text = catch_end(&out);
        assert_false(go_on);
        assert_int_equal(status, DSSM_OK);
        assert_int_equal(strncmp(text, table[i].begins, strlen(table[i].begins)), 0);
        assert_string_equal(said, "");
        free(text);
    }
}

static void a_terminal_is_no_data(void **state)
{
    (void)state;
    int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(keyboard >= 0);
    assert_int_equal(grantpt(keyboard), 0);
    assert_int_equal(unlockpt(keyboard), 0);
    int terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
    dup2(terminal, 0);
    assert_false(start("m"));
    assert_int_equal(status, DSSM_USAGE);
    assert_non_null(strstr(said, "Standard input is a terminal"));
    assert_non_null(strstr(said, "toy m.npz <train.msgpack"));
    assert_false(start("m -"));
    assert_int_equal(status, DSSM_USAGE);
    assert_true(start("m stream")); /* the data come from a file */
    stdin_from_nothing(NULL);
    close(terminal);
    close(keyboard);
}

/* What a preset sets comes before everything else on the command line, wherever it stands there; --preset plain sets nothing. */
static void presets(void **state)
{
    (void)state;
    static struct toy_settings into;
    static int preset;
    static const struct option_row rows[] = {{.name = "preset", .kind = OPT_CHOICE, .standard = "plain", .choices = "plain|large"}, {0}};
    const struct option_group with_preset[] = {{"Data", toy_rows, &into}, {"Preset", rows, &preset}, {0}};
    const struct option_default large[] = {{"count", "900"}, {"hidden", "512"}, {0}};
    const struct option_preset list[] = {{"plain", NULL}, {"large", large}, {0}};
    const struct program p = {.name = "toy", .operands = "[FILE]", .operands_max = 1, .groups = with_preset, .presets = list};
    static const struct {
        const char *words[5];
        int count, hidden, operands;
    } lines[] = {
        {{"file"}, 500, 128, 1},
        {{"--preset", "large"}, 900, 512, 0},
        {{"--preset=large", "-n5", "file"}, 5, 512, 1},
        {{"file", "-n5", "--preset", "large"}, 5, 512, 1},
        {{"--preset", "large", "--preset", "plain"}, 500, 128, 0},
        {{"--", "--preset=large"}, 500, 128, 1},
        {{"--output", "--preset=large"}, 500, 128, 0},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char words[6][30] = {"toy"}, *argv[6] = {words[0]};
        int argc = 1;
        for (; argc < 6 && lines[i].words[argc - 1]; argc++) {
            snprintf(words[argc], sizeof words[argc], "%s", lines[i].words[argc - 1]);
            argv[argc] = words[argc];
        }
        assert_true(program_start(&p, argc, argv, &operands, &status));
        assert_int_equal(into.count, lines[i].count);
        assert_int_equal(into.hidden.v[0], lines[i].hidden);
        assert_int_equal(operands.n, lines[i].operands);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_without_options), cmocka_unit_test(every_way_to_write_an_option),
        cmocka_unit_test(the_last_of_two_stands),         cmocka_unit_test(flags_can_be_taken_back),
        cmocka_unit_test(operands_stand_in_any_place),    cmocka_unit_test(a_negative_value_is_a_value),
        cmocka_unit_test(wrong_lines_are_refused),        cmocka_unit_test(help_and_its_kin_are_answered),
        cmocka_unit_test(a_terminal_is_no_data),          cmocka_unit_test(presets),
    };
    return cmocka_run_group_tests(tests, stdin_from_nothing, free_said);
}
