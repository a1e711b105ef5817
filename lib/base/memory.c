/* Memory that is there or aborts, how much there is, and the arena. */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifdef POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#endif

/* Says how much memory was asked for in vain, and aborts. */
static void *checked(void *got, size_t bytes)
{
    if (got)
        return got;
    fprintf(stderr, "out of memory: %zu bytes were asked for\n", bytes);
    abort();
}

/* The number that a file of the control groups holds; SIZE_MAX if there is no such file or no limit ("max"). */
static size_t limit_in(const char *path)
{
    unsigned long long bytes;
    FILE *f = fopen(path, "re");
    if (!f)
        return SIZE_MAX;
    bool limited = fscanf(f, "%llu", &bytes) == 1;
    fclose(f);
    return limited ? (size_t)bytes : SIZE_MAX;
}

static size_t less(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t memory_there(void)
{
    struct rlimit limit;
    long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    size_t there = pages > 0 && bytes > 0 ? (size_t)pages * (size_t)bytes : SIZE_MAX;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        there = less(there, (size_t)limit.rlim_cur);
    /* In a container its own group is mounted here: cgroup version 2, and version 1. */
    there = less(there, limit_in("/sys/fs/cgroup/memory.max"));
    return less(there, limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

void *xmalloc(size_t bytes)
{
    return checked(malloc(bytes ? bytes : 1), bytes);
}

void *xcalloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return checked(NULL, SIZE_MAX);
    return checked(calloc(count ? count : 1, size ? size : 1), bytes);
}

void *xrealloc(void *old, size_t bytes)
{
    return checked(realloc(old, bytes ? bytes : 1), bytes);
}

char *xstrdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(xmalloc(size), text, size);
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return checked(n < 0 ? NULL : text, 1);
}

/* ---- the arena: a list of blocks, filled from the front; reset keeps the blocks ---- */

enum { ALIGN = 64, BLOCK = 1 << 22 };

struct block {
    struct block *next;
    size_t size;
    char *memory;
};
struct arena {
    struct block *first, *now;
    size_t used; /* of the block `now` */
};

static struct block *block_new(size_t size)
{
    struct block *b = xmalloc(sizeof *b);
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    b->next = NULL;
    b->size = size;
    b->memory = checked(aligned_alloc(ALIGN, size), size);
    ASAN_POISON_MEMORY_REGION(b->memory, size);
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = xcalloc(1, sizeof *a);
    a->first = a->now = block_new(BLOCK);
    return a;
}

/* Moves to a block with room for `bytes`, making one if none of the kept ones has it. */
static void next_block(struct arena *a, size_t bytes)
{
    while (a->now->next) {
        a->now = a->now->next;
        a->used = 0;
        if (a->now->size >= bytes)
            return;
    }
    a->now->next = block_new(bytes > BLOCK ? bytes : BLOCK);
    a->now = a->now->next;
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (a->used + bytes > a->now->size)
        next_block(a, bytes);
    void *p = a->now->memory + a->used;
    a->used += bytes;
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    return p;
}

void arena_reset(struct arena *a)
{
    for (struct block *b = a->first; b; b = b->next)
        ASAN_POISON_MEMORY_REGION(b->memory, b->size);
    a->now = a->first;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->first, *next; b; b = next) {
        next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->memory, b->size);
        free(b->memory);
        free(b);
    }
    free(a);
}
