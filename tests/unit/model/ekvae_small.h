/* A small EKVAE and three sequences for it, for the tests of lib/model/ekvae.c. */
#ifndef DSSM_TESTS_EKVAE_SMALL_H
#define DSSM_TESTS_EKVAE_SMALL_H

#include "fixture.h"

enum { DX = 4 };

/* Noise that is on, the same at every evaluation. */
static const struct noise noisy = {11, 5, false};

/* Adds to every parameter, so that nothing is 0 or equal by its start. */
static inline void perturb(struct model *m, double spread)
{
    for (size_t i = 0; i < m->params.size; i++)
        m->params.value[i] += (real)(spread * fixture_draw(99, 5, (int)i));
}

/* Three sequences: all seen and of one length, or with gaps and of unequal lengths. */
static inline void records_open(struct record r[3], int du, bool gaps)
{
    static const char *const masks[] = {"110101", "0110", "11011"};
    for (int i = 0; i < 3; i++) {
        fixture_record(&r[i], i, gaps ? 6 - (2 * i + 2 * (i == 2)) % 5 : 5, DX, du);
        if (gaps)
            fixture_mask(&r[i], masks[i]);
    }
}

static inline void records_close(struct record r[3])
{
    for (int i = 0; i < 3; i++)
        record_clear(&r[i]);
}

static inline int longest(const struct record *r, int n)
{
    int most = 0;
    for (int i = 0; i < n; i++)
        most = (int)record_steps(&r[i]) > most ? (int)record_steps(&r[i]) : most;
    return most;
}

/* An EKVAE small enough for finite differences; more: further settings as JSON. */
static inline struct model *tiny(int du, bool vhp, bool filter, const char *more)
{
    char json[600];
    snprintf(json, sizeof json, "{" FIXTURE_TINY ", \"prior\": \"%s\", \"filter\": %s, \"start_variance\": 0.1%s}", vhp ? "vhp" : "normal",
             filter ? "true" : "false", more);
    struct model *m = fixture_model("ekvae", json, DX, du, 7);
    perturb(m, 0.3);
    return m;
}

#endif
