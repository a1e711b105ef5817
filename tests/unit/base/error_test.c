/* Errors: code and text, places in front, texts that are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

static void code_and_text(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(error_set(&e, DSSM_BAD_INPUT, "field %s: expected %d", "x", 3), DSSM_BAD_INPUT);
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    assert_string_equal(e.text, "field x: expected 3");
    assert_int_equal(error_set(NULL, DSSM_USAGE, "nobody listens"), DSSM_USAGE);
}

static void prefix_names_the_place(void **state)
{
    (void)state;
    struct error e;
    error_set(&e, DSSM_CUT_SHORT, "ended inside the header");
    assert_int_equal(error_prefix(&e, "record %d", 17), DSSM_CUT_SHORT);
    assert_int_equal(error_prefix(&e, "%s", "train.msgpack"), DSSM_CUT_SHORT);
    assert_string_equal(e.text, "train.msgpack: record 17: ended inside the header");
    assert_int_equal(error_prefix(NULL, "nowhere"), DSSM_FAILURE);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct {
        struct error e;
        char guard[8];
    } s;
    char text[3000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memset(s.guard, 'g', sizeof s.guard);
    error_set(&s.e, DSSM_FAILURE, "%s", text);
    assert_int_equal(strlen(s.e.text), sizeof s.e.text - 1);
    error_set(&s.e, DSSM_FAILURE, "end");
    memset(text, 'p', sizeof text - 1);
    error_prefix(&s.e, "%s", text);
    assert_int_equal(strlen(s.e.text), sizeof s.e.text - 1);
    error_set(&s.e, DSSM_FAILURE, "%s", text);
    error_prefix(&s.e, "place");
    assert_int_equal(strlen(s.e.text), sizeof s.e.text - 1);
    assert_memory_equal(s.e.text, "place: ppp", 10);
    assert_memory_equal(s.guard, "gggggggg", sizeof s.guard);
}

static void statuses_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_int_equal(DSSM_OK, 0);
    assert_int_equal(DSSM_FAILURE, 1);
    assert_int_equal(DSSM_USAGE, 2);
    assert_int_equal(DSSM_BAD_INPUT, 3);
    assert_int_equal(DSSM_DIVERGED, 4);
    assert_int_equal(DSSM_CUT_SHORT, 5);
}

static void bug_aborts_with_its_text(void **state)
{
    (void)state;
    int ends[2], status;
    char text[200];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        bug("add: %d×%d and %d×%d", 2, 3, 4, 5);
    }
    close(ends[1]);
    size_t n = 0; /* standard error is not buffered: the text comes in pieces */
    for (ssize_t got; (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    text[n] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "2×3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_and_text),
        cmocka_unit_test(prefix_names_the_place),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(statuses_are_those_of_the_manual),
        cmocka_unit_test(bug_aborts_with_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
