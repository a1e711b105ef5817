/* The command line for the record, messages, and the last look at standard output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "toy.h"

/* The command line of up to three words. */
static void quotes(const char *expected, const char *one, const char *two, const char *three)
{
    char copies[3][50], *argv[] = {copies[0], copies[1], copies[2]};
    const char *const words[] = {one, two, three};
    int argc = 0;
    for (int i = 0; i < 3 && words[i]; i++, argc++)
        snprintf(copies[i], sizeof copies[i], "%s", words[i]);
    char *line = command_line(argc, argv);
    assert_string_equal(line, expected);
    free(line);
}

static void the_command_line_can_be_pasted(void **state)
{
    (void)state;
    quotes("toy -n 5", "toy", "-n", "5");
    quotes("toy --file=a_b/c-1.2 m@x:y,z", "/usr/local/bin/toy", "--file=a_b/c-1.2", "m@x:y,z");
    quotes("toy 'two words' ''", "toy", "two words", "");
    quotes("toy 'it'\\''s' '$HOME'", "toy", "it's", "$HOME");
    quotes("toy '*' /a/b", "toy", "*", "/a/b");
}

static void what_changes_nothing_is_left_out_of_the_command_line(void **state)
{
    (void)state;
    quotes("toy", "toy", "--threads", "2");
    quotes("toy -n5", "toy", "--threads=2", "-n5");
    quotes("toy -n5", "toy", "-n5", "-q");
    quotes("toy", "toy", "--data-in", "file");
    quotes("toy -n5", "toy", "--data-in=memory", "-n5");
    quotes("toy --data-intact x", "toy", "--data-intact", "x");
    quotes("toy -- --quiet", "toy", "--", "--quiet");
}

static void fail_names_the_program_and_returns_the_code(void **state)
{
    (void)state;
    struct error e;
    error_set(&e, DSSM_CUT_SHORT, "train.msgpack: ended after record 3");
    struct caught words = catch_start(2);
    int status = program_fail(&toy, &e);
    char *said = catch_end(&words);
    assert_int_equal(status, DSSM_CUT_SHORT);
    assert_string_equal(said, "toy: train.msgpack: ended after record 3\n");
    free(said);
}

static void fail_is_never_a_success(void **state)
{
    (void)state;
    struct error e = {0};
    struct caught words = catch_start(2);
    int status = program_fail(&toy, &e);
    free(catch_end(&words));
    assert_int_equal(status, DSSM_FAILURE);
}

static void say_is_silent_when_quiet(void **state)
{
    (void)state;
    struct caught words = catch_start(2);
    program_say(&toy, false, "%d records", 3);
    program_say(&toy, true, "%d records", 4);
    char *said = catch_end(&words);
    assert_string_equal(said, "toy: 3 records\n");
    free(said);
}

/* Prints to a descriptor as standard output and ends; the status, and what was said in *said. */
static int end_on(int descriptor, const char *text, char **said)
{
    fflush(stdout);
    int original = dup(1);
    dup2(descriptor, 1);
    struct caught words = catch_start(2);
    fputs(text, stdout);
    int status = program_end(&toy);
    *said = catch_end(&words);
    clearerr(stdout);
    dup2(original, 1);
    close(original);
    return status;
}

static void end_finds_a_full_disk(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    char *said;
    assert_int_equal(end_on(full, "data", &said), DSSM_FAILURE);
    assert_string_equal(said, "toy: standard output: No space left on device\n");
    free(said);
    close(full);
}

static void end_is_content_with_an_open_pipe(void **state)
{
    (void)state;
    int ends[2];
    char *said;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(end_on(ends[1], "data", &said), DSSM_OK);
    assert_string_equal(said, "");
    free(said);
    close(ends[0]);
    close(ends[1]);
}

static void end_is_quiet_when_the_reader_has_gone(void **state)
{
    (void)state;
    int ends[2];
    char *said;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(end_on(ends[1], "data", &said), DSSM_FAILURE);
    signal(SIGPIPE, SIG_DFL);
    assert_string_equal(said, "");
    free(said);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_line_can_be_pasted),
        cmocka_unit_test(what_changes_nothing_is_left_out_of_the_command_line),
        cmocka_unit_test(fail_names_the_program_and_returns_the_code),
        cmocka_unit_test(fail_is_never_a_success),
        cmocka_unit_test(say_is_silent_when_quiet),
        cmocka_unit_test(end_finds_a_full_disk),
        cmocka_unit_test(end_is_content_with_an_open_pipe),
        cmocka_unit_test(end_is_quiet_when_the_reader_has_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
