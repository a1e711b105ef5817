/* Memory that is there or aborts, and the arena: alignment, no overlap, reuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

static void plain_allocation(void **state)
{
    (void)state;
    char *p = xmalloc(0), *text = xstrdup("state"), *made = xasprintf("%s-%d", text, 7);
    int *cleared = xcalloc(1000, sizeof *cleared);
    assert_non_null(p);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(cleared[i], 0);
    cleared[999] = 5;
    cleared = xrealloc(cleared, 2000 * sizeof *cleared);
    assert_int_equal(cleared[999], 5);
    assert_string_equal(text, "state");
    assert_string_equal(made, "state-7");
    free(p);
    free(text);
    free(made);
    free(cleared);
}

/* More than there can be, and a product that does not fit a size_t: both must end the program. */
static void ask_too_much(int how)
{
    volatile size_t many = SIZE_MAX / 2, half = (size_t)1 << (sizeof(size_t) * 4);
    if (how == 0)
        xmalloc(many);
    else if (how == 1)
        xcalloc(many, 16);
    else
        xcalloc(half, half); /* the product is 0 in a size_t */
    _exit(0);
}

static void impossible_sizes_abort(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
            ask_too_much(how);
        }
        waitpid(child, &status, 0);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

enum { PIECES = 3000 };

/* Sizes from nothing to beyond the arena's block, without order. */
static size_t size_of(int i)
{
    static const size_t wide[] = {0, 1, 63, 64, 65, 4096, 100000, 5000000};
    return i % 401 == 0 ? 6000000 + (size_t)i : i % 97 == 0 ? wide[i % 8] : (size_t)(i * 37 % 1500);
}

/* Takes all pieces, marks each with its number at both ends, and checks that no mark was overwritten. */
static void fill_and_check(struct arena *a, char **piece)
{
    for (int i = 0; i < PIECES; i++) {
        size_t size = size_of(i);
        piece[i] = arena_alloc(a, size);
        assert_int_equal((uintptr_t)piece[i] % 64, 0);
        if (size > 0)
            memset(piece[i], i & 127, size);
    }
    for (int i = 0; i < PIECES; i++)
        for (size_t j = 0, size = size_of(i); j<size; j += size> 4000 ? size - 1 : 1)
            if (piece[i][j] != (i & 127))
                fail_msg("piece %d, byte %zu was overwritten", i, j);
}

static void arena_pieces_do_not_overlap(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char **piece = xcalloc(PIECES, sizeof *piece);
    fill_and_check(a, piece);
    arena_reset(a);
    fill_and_check(a, piece);
    free(piece);
    arena_free(a);
}

/* The same requests after a reset get the same memory: nothing grows from update to update. */
static void arena_reuses_its_memory(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char **first = xcalloc(PIECES, sizeof *first), **again = xcalloc(PIECES, sizeof *again);
    fill_and_check(a, first);
    for (int round = 0; round < 3; round++) {
        arena_reset(a);
        fill_and_check(a, again);
        assert_memory_equal(first, again, PIECES * sizeof *first);
    }
    free(first);
    free(again);
    arena_free(a);
    arena_free(NULL);
}

/* No more than the machine has, and no more than a limit on the process. */
static void memory_that_can_be_hoped_for(void **state)
{
    (void)state;
    struct rlimit was, low;
    size_t all = memory_there();
    assert_true(all > 0 && all <= (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE));
    assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
    low = was;
    low.rlim_cur = all - 4096;
    assert_int_equal(setrlimit(RLIMIT_AS, &low), 0);
    size_t limited = memory_there();
    assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
    assert_int_equal(limited, all - 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_allocation),        cmocka_unit_test(memory_that_can_be_hoped_for),
        cmocka_unit_test(impossible_sizes_abort),  cmocka_unit_test(arena_pieces_do_not_overlap),
        cmocka_unit_test(arena_reuses_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
