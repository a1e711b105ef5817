/* Files that appear whole or not at all, also when a signal ends the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "toy.h"

static char folder[100]; /* of the current test, which is also where it works */

static int enter_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/dssm-files-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

/* How many files the folder holds, hidden ones too; with `remove`, they go. */
static int files_here(bool remove)
{
    int count = 0;
    DIR *here = opendir(".");
    for (struct dirent *entry; (entry = readdir(here));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (remove)
            unlink(entry->d_name);
    }
    closedir(here);
    return count;
}

static int leave_folder(void **state)
{
    (void)state;
    files_here(true);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* A file's contents in static memory; NULL when there is none. */
static const char *contents(const char *path)
{
    static char text[100];
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct output *open_well(const char *path)
{
    struct error e;
    struct output *o = output_open(path, &e);
    assert_non_null(o);
    return o;
}

static void input_names(void **state)
{
    (void)state;
    struct error e;
    assert_string_equal(input_name(NULL), "standard input");
    assert_string_equal(input_name("-"), "standard input");
    assert_string_equal(input_name("a"), "a");
    assert_ptr_equal(input_open(NULL, &e), stdin);
    assert_ptr_equal(input_open("-", &e), stdin);
}

static void input_that_is_not_there(void **state)
{
    (void)state;
    struct error e;
    assert_null(input_open("no/such", &e));
    assert_int_equal(e.code, DSSM_FAILURE);
    assert_string_equal(e.text, "no/such: No such file or directory");
    assert_null(input_open("/", &e));
    assert_string_equal(e.text, "/: Is a directory");
}

static void input_that_is_there(void **state)
{
    (void)state;
    struct error e;
    put("in", "x");
    FILE *file = input_open("in", &e);
    assert_non_null(file);
    assert_int_equal(fgetc(file), 'x');
    fclose(file);
}

static void output_appears_at_commit(void **state)
{
    (void)state;
    struct error e;
    put("out", "old");
    struct output *o = open_well("out");
    fputs("new", output_file(o));
    fflush(output_file(o));
    assert_string_equal(contents("out"), "old");
    assert_int_equal(output_commit(o, &e), DSSM_OK);
    assert_string_equal(contents("out"), "new");
    assert_int_equal(files_here(false), 1);
}

/* What a writer says of a write that failed gets the file's name; what is said of anything else does not. */
static void abort_names_what_cannot_be_written(void **state)
{
    (void)state;
    struct error e = {DSSM_FAILURE, "cannot write"};
    struct output *o = open_well("/dev/full");
    setvbuf(output_file(o), NULL, _IONBF, 0);
    assert_int_equal(fputc('x', output_file(o)), EOF);
    output_abort(o, &e);
    assert_string_equal(e.text, "/dev/full: cannot write");
    e = (struct error){DSSM_BAD_INPUT, "record 1"};
    output_abort(open_well("out"), &e);
    assert_string_equal(e.text, "record 1");
}

static void output_never_appears_after_abort(void **state)
{
    (void)state;
    output_abort(NULL, NULL);
    struct output *o = open_well("out");
    fputs("new", output_file(o));
    output_abort(o, NULL);
    assert_int_equal(files_here(false), 0);
    put("out", "old");
    o = open_well("out");
    output_abort(o, NULL);
    assert_string_equal(contents("out"), "old");
}

static void rights_are_those_of_an_ordinary_file(void **state)
{
    (void)state;
    struct error e;
    struct stat about;
    mode_t before = umask(027);
    assert_int_equal(output_commit(open_well("new"), &e), DSSM_OK);
    umask(before);
    assert_int_equal(stat("new", &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    put("old", "");
    chmod("old", 0604);
    assert_int_equal(output_commit(open_well("old"), &e), DSSM_OK);
    assert_int_equal(stat("old", &about), 0);
    assert_int_equal(about.st_mode & 0777, 0604);
}

static void a_link_stays_a_link(void **state)
{
    (void)state;
    struct error e;
    struct stat about;
    put("target", "old");
    assert_int_equal(symlink("target", "link"), 0);
    struct output *o = open_well("link");
    fputs("new", output_file(o));
    assert_int_equal(output_commit(o, &e), DSSM_OK);
    assert_string_equal(contents("target"), "new");
    assert_int_equal(lstat("link", &about), 0);
    assert_true(S_ISLNK(about.st_mode));
}

static void a_device_is_written_as_it_is(void **state)
{
    (void)state;
    struct error e;
    struct stat about;
    assert_int_equal(output_commit(open_well("/dev/null"), &e), DSSM_OK);
    assert_int_equal(stat("/dev/null", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    struct error e;
    struct output *o = open_well("/dev/full");
    fputs("x", output_file(o));
    assert_int_equal(output_commit(o, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "/dev/full: No space left on device");
    o = open_well("/dev/full");
    for (int i = 0; i < 10000; i++) /* more than the buffer: the failure comes before the commit */
        fputs("0123456789", output_file(o));
    assert_int_equal(output_commit(o, &e), DSSM_FAILURE);
    assert_int_equal(e.code, DSSM_FAILURE);
}

static void standard_output_stays_open(void **state)
{
    (void)state;
    struct error e;
    struct output *o = open_well(NULL);
    assert_ptr_equal(output_file(o), stdout);
    assert_int_equal(output_commit(o, &e), DSSM_OK);
    o = open_well("-");
    assert_ptr_equal(output_file(o), stdout);
    output_abort(o, NULL);
    assert_true(fcntl(1, F_GETFD) >= 0);
}

static void a_folder_that_is_not_there(void **state)
{
    (void)state;
    struct error e;
    assert_null(output_open("no/such/out", &e));
    assert_int_equal(e.code, DSSM_FAILURE);
    assert_string_equal(e.text, "no/such/out: No such file or directory");
}

static void the_folder_vanishes_before_commit(void **state)
{
    (void)state;
    struct error e;
    assert_int_equal(mkdir("inner", 0777), 0);
    struct output *o = open_well("inner/out");
    assert_int_equal(rename("inner", "moved"), 0);
    assert_int_equal(output_commit(o, &e), DSSM_FAILURE);
    assert_string_equal(e.text, "inner/out: No such file or directory");
    assert_int_equal(rename("moved", "inner"), 0);
    assert_int_equal(system("rm -r inner"), 0);
}

static void a_bounded_number_at_once(void **state)
{
    (void)state;
    struct error e;
    struct output *all[33];
    char name[20];
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "out%d", i);
        all[i] = open_well(name);
    }
    assert_null(output_open("one-more", &e));
    assert_string_equal(e.text, "one-more: more than 32 outputs at once");
    for (int i = 0; i < 32; i++)
        output_abort(all[i], NULL);
    output_abort(open_well("again"), NULL);
    assert_int_equal(files_here(false), 0);
}

/* What a child does with a half-written output. */
enum ending { BY_SIGNAL, BY_EXIT, BY_OWN_HANDLER, BY_CHILD };

static void ignore_the_rest(int number)
{
    (void)number;
    _exit(7); /* a handler that leaves at once, and so forgets the file */
}

/* Runs in a child: opens two outputs, writes, and ends. */
static void write_half(enum ending ending, int number)
{
    struct output *o = open_well("half");
    open_well("other");
    fputs("half", output_file(o));
    fflush(output_file(o));
    if (ending == BY_EXIT)
        exit(1);
    if (ending == BY_OWN_HANDLER)
        signal(number, ignore_the_rest);
    if (ending == BY_CHILD) { /* a grandchild that dies leaves its parent's files alone */
        pid_t grandchild = fork();
        if (grandchild == 0)
            exit(0);
        waitpid(grandchild, NULL, 0);
        _exit(files_here(false) == 2 ? 0 : 1);
    }
    raise(number);
    _exit(99);
}

static int ending_of(enum ending ending, int number)
{
    fflush(NULL);
    int status;
    pid_t child = fork();
    if (child == 0)
        write_half(ending, number);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void signals_leave_nothing_behind(void **state)
{
    (void)state;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        signal(numbers[i], SIG_DFL);
        int status = ending_of(BY_SIGNAL, numbers[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
        assert_int_equal(files_here(false), 0);
    }
}

static void exit_leaves_nothing_behind(void **state)
{
    (void)state;
    assert_true(WIFEXITED(ending_of(BY_EXIT, 0)));
    assert_int_equal(files_here(false), 0);
}

static void a_programs_own_handler_comes_first(void **state)
{
    (void)state;
    int status = ending_of(BY_OWN_HANDLER, SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(files_here(true), 2);
}

static void a_handler_that_was_there_first_stays(void **state)
{
    (void)state;
    signal(SIGTERM, ignore_the_rest);
    output_abort(open_well("out"), NULL);
    struct sigaction now;
    assert_int_equal(sigaction(SIGTERM, NULL, &now), 0);
    assert_true(now.sa_handler == ignore_the_rest);
    signal(SIGTERM, SIG_DFL);
}

static void an_ignored_signal_stays_ignored(void **state)
{
    (void)state;
    signal(SIGHUP, SIG_IGN); /* as nohup does */
    output_abort(open_well("out"), NULL);
    struct sigaction now;
    assert_int_equal(sigaction(SIGHUP, NULL, &now), 0);
    assert_true(now.sa_handler == SIG_IGN);
    signal(SIGHUP, SIG_DFL);
}

static void a_childs_end_removes_nothing(void **state)
{
    (void)state;
    int status = ending_of(BY_CHILD, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    files_here(true);
}

static void outputs_that_are_the_same(void **state)
{
    (void)state;
    char whole[200], other[250];
    snprintf(whole, sizeof whole, "%s/a", folder);
    snprintf(other, sizeof other, "%s/../%s/a", folder, strrchr(folder, '/') + 1);
    for (int there = 0; there < 2; there++) {
        assert_true(output_same("a", "a"));
        assert_true(output_same("a", whole));
        assert_true(output_same(other, "./a"));
        assert_false(output_same("a", "b"));
        assert_false(output_same("a", "absent/a"));
        assert_false(output_same("a", NULL));
        fclose(fopen("a", "w"));
    }
    assert_int_equal(symlink("a", "b"), 0);
    assert_true(output_same("a", "b"));
    assert_true(output_same("-", NULL));
    assert_false(output_same("/dev/null", "/dev/null"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(input_names),
        IN_FOLDER(input_that_is_not_there),
        IN_FOLDER(input_that_is_there),
        IN_FOLDER(output_appears_at_commit),
        IN_FOLDER(output_never_appears_after_abort),
        IN_FOLDER(abort_names_what_cannot_be_written),
        IN_FOLDER(rights_are_those_of_an_ordinary_file),
        IN_FOLDER(a_link_stays_a_link),
        IN_FOLDER(a_device_is_written_as_it_is),
        IN_FOLDER(a_full_disk_is_an_error),
        IN_FOLDER(standard_output_stays_open),
        IN_FOLDER(a_folder_that_is_not_there),
        IN_FOLDER(the_folder_vanishes_before_commit),
        IN_FOLDER(outputs_that_are_the_same),
        IN_FOLDER(a_bounded_number_at_once),
        IN_FOLDER(signals_leave_nothing_behind),
        IN_FOLDER(exit_leaves_nothing_behind),
        IN_FOLDER(a_programs_own_handler_comes_first),
        IN_FOLDER(a_handler_that_was_there_first_stays),
        IN_FOLDER(an_ignored_signal_stays_ignored),
        IN_FOLDER(a_childs_end_removes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
