/* What every room stands on: the number type, errors, memory, random numbers, threads, time.
 *
 * Uses nothing of ours. Library functions never print or exit on a user's data: they fill a
 * struct error and return its code; the program prints it and exits with it. Only running out
 * of memory, and mistakes in our own code, abort. */
#ifndef DSSM_BASE_H
#define DSSM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The engine's number: float, or double in a build with -DDSSM_DOUBLE (gradient tests). */
#ifdef DSSM_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#define DSSM_VERSION "0.1.0"

/* ---- errors (error.c) ---- */

/* What went wrong; the values are the exit statuses of every program. */
enum status {
    DSSM_OK = 0,
    DSSM_FAILURE = 1,   /* the system refused: no file, no space, no memory */
    DSSM_USAGE = 2,     /* the command line is wrong */
    DSSM_BAD_INPUT = 3, /* what was read breaks a rule of its format, or does not fit the model */
    DSSM_DIVERGED = 4,  /* an optimisation or a simulation left the numbers */
    DSSM_CUT_SHORT = 5  /* the input ended before its trailer */
};

struct error {
    int code;        /* an enum status */
    char text[1024]; /* place and reason, without program name or newline */
};

/* Fills *e (which may be NULL) and returns code, so that `return error_set(e, …)` reads well. */
int error_set(struct error *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts a place in front of the text that *e has: "place: text". Returns e->code. */
int error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A mistake in our own code (two shapes that do not fit): prints and aborts. */
_Noreturn void bug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- memory (memory.c) ---- */

/* malloc, calloc, realloc and strdup that abort, saying how much was asked for, instead of returning NULL.
 * For sizes that come from a user's file, check the bound before you ask. */
void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t bytes);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Bytes of memory that this process can hope for: the machine's, or less where ulimit -v or a container says so. */
size_t memory_there(void);

/* An arena hands out memory that is taken back all at once. What it hands out is aligned to 64
 * bytes, not cleared, and belongs to the arena. In a sanitizer build released memory is poisoned. */
struct arena;
struct arena *arena_new(void);
void *arena_alloc(struct arena *a, size_t bytes);
void arena_reset(struct arena *a); /* everything handed out becomes invalid; the memory is kept for reuse */
void arena_free(struct arena *a);  /* NULL is allowed */

/* ---- random numbers (random.c) ---- */

/* Counter-based (Philox 4x32-10, Random123): a number depends only on where it is used, never on
 * what was drawn before, so results do not depend on order, batch or threads. */
struct draw {
    uint64_t seed;
    uint32_t purpose;  /* what for: an enum or a number of the caller's; one purpose, one use */
    uint32_t update;   /* which update, epoch or 0 */
    uint32_t sequence; /* which sequence, or 0 */
    uint32_t step;     /* which time step, or 0 */
};
void draw_uniform(struct draw d, int n, double *out);                     /* n numbers in (0, 1), 32 random bits each */
void draw_normal(struct draw d, int n, double *out);                      /* n standard normal numbers */
void draw_normal_strided(struct draw d, int n, real *out, size_t stride); /* the same numbers, to out[0], out[stride], … */
void draw_shuffle(struct draw d, int n, int *order);                      /* order: a permutation of 0..n-1 */

/* ---- threads (pool.c) ---- */

/* A pool of workers, the caller being one of them. Jobs 0..jobs-1 are taken in any order; a job
 * that must be the same for any number of threads may depend on its index, not on its worker. */
struct pool;
struct pool *pool_new(int threads); /* starts threads−1; 0: one for each processor */
void pool_run(struct pool *p, int jobs, void (*job)(void *arg, int index, int worker), void *arg); /* returns when all are done */
int pool_threads(const struct pool *p);
void pool_free(struct pool *p);

/* ---- time (clock.c) ---- */
double seconds_now(void); /* monotonic clock, seconds */

#endif
