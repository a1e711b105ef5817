/* The body of a trainer's main, in a child of its own: statuses and words. Whole trainings are in tests/tool/ekvae-train.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/run.h"

/* Runs a trainer with these arguments on an empty standard input. Returns its status; what it said is in text. */
static int run_kind(const struct model_kind *kind, const char *const *argv, char text[16384])
{
    int status, argc = 0;
    FILE *f = tmpfile();
    fflush(NULL);
    while (argv[argc])
        argc++;
    pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
        dup2(fileno(f), STDOUT_FILENO);
        dup2(fileno(f), STDERR_FILENO);
        status = kind ? train_program(kind, argc, (char **)(uintptr_t)argv) : train_main("ekvae", argc, (char **)(uintptr_t)argv);
        fflush(NULL);
        _exit(status);
    }
    waitpid(child, &status, 0);
    rewind(f);
    text[fread(text, 1, 16383, f)] = '\0';
    fclose(f);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run(const char *const *argv, char text[16384])
{
    return run_kind(NULL, argv, text);
}

/* A kind's defaults are those of its trainer alone. */
static void defaults_by_kind(void **state)
{
    (void)state;
    static const struct option_default own[] = {{"crop-every", "2"}, {"lambda0", "0.125"}, {"latent", "7"}, {0}};
    struct model_kind kind = *model_kind_find("ekvae");
    char text[16384];
    kind.defaults = own;
    assert_int_equal(run_kind(&kind, (const char *const[]){"ekvae-train", "--help-mdoc", NULL}, text), DSSM_OK);
    assert_non_null(strstr(text, "default 0.125"));
    assert_non_null(strstr(text, "default 7"));
    assert_non_null(strstr(text, "default 2.\n.It Fl -crop-shortest"));
    assert_int_equal(run((const char *const[]){"ekvae-train", "--help-mdoc", NULL}, text), DSSM_OK);
    assert_null(strstr(text, "default 0.125"));
}

static void says_what_it_is(void **state)
{
    (void)state;
    char text[16384];
    assert_int_equal(run((const char *const[]){"ekvae-train", "--version", NULL}, text), DSSM_OK);
    assert_non_null(strstr(text, DSSM_VERSION));
    assert_int_equal(run((const char *const[]){"ekvae-train", "--help", NULL}, text), DSSM_OK);
    assert_non_null(strstr(text, "stream in, model out"));
}

static void needs_an_output(void **state)
{
    (void)state;
    char text[16384];
    assert_int_equal(run((const char *const[]){"ekvae-train", NULL}, text), DSSM_USAGE);
    assert_string_equal(text, "ekvae-train: --output: expected the name of the model's file\n");
}

static void needs_a_stream(void **state)
{
    (void)state;
    char text[16384];
    assert_int_equal(run((const char *const[]){"ekvae-train", "-o", "/tmp/never.npz", NULL}, text), DSSM_CUT_SHORT);
    assert_memory_equal(text, "ekvae-train: standard input: ", 29);
    assert_int_equal(run((const char *const[]){"ekvae-train", "-o", "/tmp/never.npz", "/nonexistent", NULL}, text), DSSM_FAILURE);
    assert_string_equal(text, "ekvae-train: /nonexistent: No such file or directory\n");
    assert_int_equal(access("/tmp/never.npz", F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(defaults_by_kind),
        cmocka_unit_test(needs_an_output),
        cmocka_unit_test(needs_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
