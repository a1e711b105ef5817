/* Children: spoken to, ended and reaped however they behave. */
#include "small.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static bool no_child_left(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

/* Runs a shell line, says "hello" to it (which it may not live to hear), and returns how it ended; `heard` (64 bytes) is its first line. */
static const char *ends(const char *line, double patience, char *heard)
{
    static char how[160];
    struct child c;
    struct error e;
    assert_int_equal(child_start(&c, small_shell(line), &e), DSSM_OK);
    fputs("hello\n", c.to);
    fflush(c.to);
    if (heard && !fgets(heard, 64, c.from))
        heard[0] = '\0';
    child_end(&c, patience, how, sizeof how);
    assert_int_equal(c.pid, 0);
    assert_true(no_child_left());
    return how;
}

static void spoken_to(void **state)
{
    (void)state;
    char heard[64];
    assert_string_equal(ends("read x; echo \"$x, too\"", 5, heard), "");
    assert_string_equal(heard, "hello, too\n");
    assert_string_equal(ends("cat", 5, heard), ""); /* ends with its input */
    assert_string_equal(heard, "hello\n");
}

static void how_it_ended(void **state)
{
    (void)state;
    assert_string_equal(ends("exit 3", 5, NULL), "it ended with status 3");
    assert_string_equal(ends("kill -9 $$", 5, NULL), "it was ended by signal 9 (Killed)");
}

/* One that does not end by itself, one that does not even hear SIGTERM, and what they had started. */
static void the_stubborn(void **state)
{
    (void)state;
    double before = seconds_now();
    assert_string_equal(ends("exec sleep 100", 0.05, NULL), "it did not end within 0.05 s, and was ended");
    assert_true(seconds_now() - before < 30);
    assert_string_equal(ends("trap '' TERM; while :; do sleep 0.01; done", 0.05, NULL), "it did not end within 0.05 s, and was ended");
    char heard[64];
    assert_string_equal(ends("sleep 100 & echo $!", 5, heard), "");
    for (int i = 0; i < 1000 && kill((pid_t)atoi(heard), 0) == 0; i++)
        usleep(10000); /* whoever adopted it has to reap it */
    int gone = kill((pid_t)atoi(heard), 0) != 0;
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", atoi(heard));
    FILE *f = gone ? NULL : fopen(path, "r");
    if (f && fgets(line, sizeof line, f))
        gone = strstr(line, ") Z ") != NULL; /* dead, and nobody there to reap it */
    if (f)
        fclose(f);
    assert_true(gone);
}

/* SIGPIPE is the child's own again, though we ignore it. */
static void it_may_die_of_sigpipe(void **state)
{
    (void)state;
    char heard[64];
    ends("yes | head -n 1 >/dev/null; kill -PIPE $$; echo alive", 5, heard);
    assert_string_equal(heard, "");
}

/* What a pipe holds no room for waits for a child that is slow, and so long for one that does not read. */
static void slow_and_deaf(void **state)
{
    (void)state;
    static char much[300000];
    char heard[64] = "", how[160];
    struct child c;
    struct error e;
    memset(much, 'x', sizeof much);
    assert_int_equal(child_start(&c, small_shell("sleep 0.2; wc -c"), &e), DSSM_OK);
    c.patience = 30;
    assert_int_equal(fwrite(much, 1, sizeof much, c.to), sizeof much);
    assert_int_equal(fflush(c.to), 0);
    child_hang_up(&c);
    assert_non_null(fgets(heard, sizeof heard, c.from));
    assert_int_equal(atoi(heard), (int)sizeof much);
    child_end(&c, 5, how, sizeof how);
    assert_string_equal(how, "");

    assert_int_equal(child_start(&c, small_shell("exec sleep 20"), &e), DSSM_OK);
    c.patience = 0.05;
    assert_true(fwrite(much, 1, sizeof much, c.to) < sizeof much || fflush(c.to) != 0);
    assert_true(c.deaf);
    child_end(&c, 0.05, how, sizeof how);

    volatile sig_atomic_t stop = SIGTERM;
    assert_int_equal(child_start(&c, small_shell("exec sleep 20"), &e), DSSM_OK);
    c.stop = &stop;
    assert_true(fwrite(much, 1, sizeof much, c.to) < sizeof much || fflush(c.to) != 0);
    assert_false(c.deaf);
    child_end(&c, 0.05, how, sizeof how);
    assert_true(no_child_left());
}

static void it_cannot_start(void **state)
{
    (void)state;
    struct child c;
    struct error e;
    char word[] = "/nonexistent/plant", *argv[] = {word, NULL}, how[16];
    assert_int_equal(child_start(&c, argv, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "/nonexistent/plant: cannot start: No such file or directory");
    child_end(&c, 1, how, sizeof how);
    assert_string_equal(how, "");
    child_hang_up(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoken_to),       cmocka_unit_test(how_it_ended),
        cmocka_unit_test(the_stubborn),    cmocka_unit_test(it_may_die_of_sigpipe),
        cmocka_unit_test(it_cannot_start), cmocka_unit_test(slow_and_deaf),
    };
    signal(SIGPIPE, SIG_IGN); /* as policy-run does: a child may be gone before it is spoken to */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
