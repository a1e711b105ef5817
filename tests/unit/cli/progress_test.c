/* The progress line, on a terminal that the test makes itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "toy.h"

static int keyboard = -1, original = -1;

/* Standard error becomes a terminal of 40 columns. */
static int to_terminal(void **state)
{
    (void)state;
    struct winsize size = {.ws_row = 20, .ws_col = 40};
    keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    if (keyboard < 0 || grantpt(keyboard) || unlockpt(keyboard))
        return -1;
    int terminal = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
    ioctl(terminal, TIOCSWINSZ, &size);
    original = dup(2);
    dup2(terminal, 2);
    close(terminal);
    setenv("TERM", "xterm", 1);
    return 0;
}

static int from_terminal(void **state)
{
    (void)state;
    dup2(original, 2);
    close(original);
    close(keyboard);
    return 0;
}

/* What the terminal got since the last look. A terminal delivers when it likes: a mark of our own tells the end. */
static const char *shown(void)
{
    static char text[4096];
    size_t length = 0;
    fputc('\001', stderr);
    fflush(stderr);
    while (length == 0 || text[length - 1] != '\001')
        if (read(keyboard, text + length, 1) == 1)
            length++;
    text[length - 1] = '\0';
    return text;
}

static void a_line_is_drawn_and_taken_back(void **state)
{
    (void)state;
    struct progress *p = progress_new("toy", false);
    progress_show(p, 0.25, "update %d", 7);
    assert_string_equal(shown(), "\r\033[Ktoy:  25% update 7");
    progress_end(p);
    assert_string_equal(shown(), "\r\033[K");
    progress_end(NULL);
}

static void it_is_not_drawn_at_every_call(void **state)
{
    (void)state;
    struct progress *p = progress_new("toy", false);
    double start = seconds_now();
    int calls = 0, drawn = 0;
    for (; calls < 1000; calls++) {
        progress_show(p, 0.5, "x");
        drawn += shown()[0] != '\0';
    }
    assert_in_range(drawn, 1, 2 + (int)((seconds_now() - start) / 0.2));
    progress_end(p);
}

static void it_is_cut_to_the_terminal(void **state)
{
    (void)state;
    shown();
    struct progress *p = progress_new("toy", false);
    progress_show(p, 0.5, "%s", "σσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσσ");
    const char *line = shown();
    assert_int_equal(text_width(line), 4 + 39); /* \r, three bytes of erasing, 39 columns */
    progress_end(p);
}

static void after_a_while_it_tells_the_time_left(void **state)
{
    (void)state;
    shown();
    struct progress *p = progress_new("toy", false);
    progress_show(p, 0, "x");
    assert_null(strstr(shown(), "left"));
    usleep(600000);
    progress_show(p, 0.5, "x");
    assert_non_null(strstr(shown(), " 50% x, 0:"));
    usleep(250000);
    progress_show(p, 1e-9, "x"); /* nothing is known yet */
    assert_null(strstr(shown(), "left"));
    progress_end(p);
}

static void a_message_stands_alone(void **state)
{
    (void)state;
    shown();
    struct progress *p = progress_new("toy", false);
    progress_show(p, 0.5, "x");
    shown();
    program_say(&toy, false, "a word");
    assert_string_equal(shown(), "\r\033[Ktoy: a word\r\n");
    program_say(&toy, false, "another");
    assert_string_equal(shown(), "toy: another\r\n"); /* nothing to take back any more */
    progress_end(p);
}

static void silence_where_it_is_wanted(void **state)
{
    (void)state;
    shown();
    struct progress *p = progress_new("toy", true);
    progress_show(p, 0.5, "x");
    progress_end(p);
    setenv("TERM", "dumb", 1);
    p = progress_new("toy", false);
    progress_show(p, 0.5, "x");
    progress_end(p);
    assert_string_equal(shown(), "");
}

static void silence_in_a_file(void **state)
{
    (void)state;
    setenv("TERM", "xterm", 1);
    struct caught words = catch_start(2);
    struct progress *p = progress_new("toy", false);
    progress_show(p, 0.5, "x");
    progress_end(p);
    char *said = catch_end(&words);
    assert_string_equal(said, "");
    free(said);
}

#define ON_TERMINAL(test) cmocka_unit_test_setup_teardown(test, to_terminal, from_terminal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TERMINAL(after_a_while_it_tells_the_time_left),
        ON_TERMINAL(a_line_is_drawn_and_taken_back),
        ON_TERMINAL(it_is_not_drawn_at_every_call),
        ON_TERMINAL(it_is_cut_to_the_terminal),
        ON_TERMINAL(a_message_stands_alone),
        ON_TERMINAL(silence_where_it_is_wanted),
        cmocka_unit_test(silence_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
