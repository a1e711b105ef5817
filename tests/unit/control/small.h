/* A small model with goals and start states, for the tests of lib/control. */
#ifndef DSSM_TESTS_CONTROL_SMALL_H
#define DSSM_TESTS_CONTROL_SMALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cblas.h>
#include <cmocka.h>
#include <unistd.h>

#include "control/loop.h"
#include "fixture.h"

enum { SMALL_DX = 4, SMALL_DU = 2, SMALL_N = 7 };

static double small_width; /* of the goal */
static int small_told;     /* numbers of the goal that the policy is told: 0, or 2, and then the goal is any */

struct small {
    struct dataset d;
    struct model *m;
    struct policy *p;
    struct pool *pool;
    struct beginnings b;
    struct goal g;
};

static inline struct policy_settings small_policy(void)
{
    struct policy_settings s;
    options_defaults(options_policy, &s);
    s.hidden = (struct int_list){1, {5}};
    s.u_max = 1.5;
    return s;
}

/* kind's model, its beliefs about SMALL_N sequences, a policy whose outputs are no longer small, and a goal for z's first two numbers. */
static inline struct small small_open(const char *kind)
{
    struct small s = {.d = fixture_dataset(SMALL_N, 3, 5, SMALL_DX, SMALL_DU), .pool = pool_new(1)};
    struct policy_settings how = small_policy();
    struct error e;
    openblas_set_num_threads(1);
    s.m = strcmp(kind, "ekvae") == 0 ? fixture_model(kind, "{" FIXTURE_TINY ", \"latent\": 3, \"aux\": 2}", SMALL_DX, SMALL_DU, 4)
                                     : fixture_model(kind, "{\"encoder\": [4], \"decoder\": [4], \"latent\": 3}", SMALL_DX, SMALL_DU, 4);
    s.g = (struct goal){.kind = "position", .n = 2, .any = small_told > 0, .value = {0.5, -0.25}, .width = small_width};
    if (beginnings_of(&s.b, s.m, &s.d, s.pool, &e) || !(s.p = policy_new(&how, s.m, small_told, 3, &e)))
        bug("small_open: %s", e.text);
    for (size_t i = 0; i < s.p->params.size; i++)
        s.p->params.value[i] += (real)(0.3 * fixture_draw((int)i, 8, 0));
    policy_centre(s.p, &s.g, &s.b);
    return s;
}

static inline void small_close(struct small *s)
{
    dataset_free(&s->d);
    beginnings_free(&s->b);
    policy_free(s->p);
    model_free(s->m);
    pool_free(s->pool);
}

static inline struct learn_settings small_learn(void)
{
    struct learn_settings s;
    options_defaults(options_learn, &s);
    s.batch = 4, s.horizon = 6, s.updates = 12, s.eval_every = 5, s.checkpoint_every = 4, s.seed = 9;
    return s;
}

/* The words of `sh -c line`; borrowed until the next call. */
static inline char **small_shell(const char *line)
{
    static char sh[] = "sh", option[] = "-c", *words[4];
    words[0] = sh, words[1] = option, words[2] = (char *)(uintptr_t)line, words[3] = NULL;
    return words;
}

#endif
