/* Filtered beliefs by the smoother over each beginning: a Kalman smoother's are the Kalman filter's own; a recurrent model's those of
 * sequences that were cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

static struct any kinds[] = {
    {"ekvae", "\"bases\": 3, \"transition_hidden\": [3]", 2, true, false},
    {"ekvae", "\"bases\": 3, \"transition_hidden\": [3]", 0, false, false},
    {"dvbs", "\"gru_units\": 3, \"fusion_hidden\": [4], \"bases\": 3", 2, true, false},
    {"dks", "\"gru_units\": 3, \"combiner_hidden\": [4]", 0, false, false},
    {"rssm", "\"gru_units\": 3, \"ahead_units\": 2, \"prior_hidden\": [3], \"posterior_hidden\": [3]", 1, true, false},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* At a smoother's last step it knows what a filter knows. */
static void kalman_smoother_gives_the_filter(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        const struct any *a = &kinds[k & 1];
        struct model *m = any_open(a);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        any_records(r, a->du, k & 2);
        batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, k & 2 ? 6 : 5);
        tape_begin(t, &m->params, NULL, 0);
        struct inferred filter = m->kind->infer(m, t, &b, &any_off, INFER_FILTERED, NULL);
        struct inferred prefix = filtered_by_prefix(m, t, &b, &any_off);
        any_same_beliefs(a, &prefix, 0, &filter, 0, b.T * 3, 1e-10);
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

/* Any kind, with and without memory and controls, and the samples that noise gives. */
static void beliefs_of_cut_sequences(void **state)
{
    (void)state;
    for (int k = 0; k < KINDS; k++)
        for (int noisy = 0; noisy < 2; noisy++) {
            const struct noise *n = noisy ? &any_noisy : &any_off;
            struct model *m = any_open(&kinds[k]);
            struct record r[3];
            struct batch all, some;
            struct tape *t = tape_new();
            any_records(r, m->du, true);
            batch_fill(&all, r, any_all, 3, ANY_DX, m->du, 0, 6);
            tape_begin(t, &m->params, NULL, 0);
            struct inferred prefix = filtered_by_prefix(m, t, &all, n);
            for (int s = 0; s < 6; s++) {
                batch_fill(&some, r, any_all, 3, ANY_DX, m->du, 0, s + 1);
                struct inferred cut = m->kind->infer(m, t, &some, n, INFER_SMOOTHED, NULL);
                any_same_beliefs(&kinds[k], &prefix, s * 3, &cut, s * 3, 3, 1e-12);
                batch_free(&some);
            }
            tape_free(t);
            batch_free(&all);
            any_records_close(r, 3);
            model_free(m);
        }
}

/* What comes later is not known yet: no frame and no control behind a step changes its belief. */
static void nothing_of_the_future(void **state)
{
    (void)state;
    for (int k = 2; k < KINDS; k++) {
        struct model *m = any_open(&kinds[k]);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new();
        any_records(r, m->du, false);
        batch_fill(&b, r, any_all, 3, ANY_DX, m->du, 0, 5);
        tape_begin(t, &m->params, NULL, 0);
        struct inferred before = filtered_by_prefix(m, t, &b, &any_off);
        for (int i = 0; i < ANY_DX; i++)
            b.x[i * 15 + 3 * 3] += 1; /* the first sequence's fourth frame */
        for (int i = 0; i < m->du; i++)
            b.u[i * 15 + 2 * 3] += 1; /* and what acts into it */
        struct inferred after = filtered_by_prefix(m, t, &b, &any_off);
        for (int lane = 0; lane < 15; lane++)
            for (int i = 0; i < 2; i++)
                assert_true((any_number(before.mean, i, lane) == any_number(after.mean, i, lane)) == (lane % 3 != 0 || lane < 3 * 3));
        tape_free(t);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kalman_smoother_gives_the_filter),
        cmocka_unit_test(beliefs_of_cut_sequences),
        cmocka_unit_test(nothing_of_the_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
