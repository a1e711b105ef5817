/* Options of the trainers: defaults within their own ranges, keys that no other table of a trainer uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "train/train.h"

static void defaults(void **state)
{
    (void)state;
    struct train_settings s;
    memset(&s, 0xff, sizeof s);
    options_defaults(options_train, &s);
    options_defaults(options_objective, &s.objective);
    assert_string_equal(objective_kinds[s.objective.kind]->name, "co");
    assert_true(s.updates > 0 && s.batch == 50 && s.learning_rate == 0.001 && s.clip == 1000);
    assert_true(s.flat_share >= 0 && s.flat_share <= 1 && s.final_share > 0 && s.final_share < 1);
    assert_true(s.starts >= 1 && s.start_updates >= 1 && s.eval_every >= 1 && s.checkpoint_every >= 1);
    assert_true(s.objective.lambda0 > 0 && s.objective.lambda0 <= 1 && s.objective.lambda_bound > 0);
    double d0;
    bool automatic;
    struct error e;
    assert_int_equal(objective_d0(s.objective.d0, 10, 0.1, &d0, &automatic, &e), DSSM_OK);
}

/* A kind's own defaults name rows of the shared tables, within their ranges (options_defaults aborts otherwise). */
static void defaults_of_each_kind(void **state)
{
    (void)state;
    for (int k = 0; model_kinds[k]; k++) {
        const struct option_default *own = model_kinds[k]->defaults;
        const struct option_row *const shared[] = {options_train, options_objective, options_model};
        struct train_settings s;
        struct model_settings m;
        void *into[] = {&s, &s.objective, &m};
        struct error e;
        options_expect_defaults(shared, 3, own);
        for (int i = 0; i < 3; i++) {
            struct option_row *rows = options_with_defaults(shared[i], own);
            options_defaults(rows, into[i]);
            free(rows);
        }
        assert_int_equal(train_check(&s, &e), DSSM_OK);
    }
}

static void crops_in_each_update_are_none(void **state)
{
    (void)state;
    struct error e;
    for (int every = 0; every < 5; every++)
        assert_int_equal(train_check(&(struct train_settings){.crop_every = every}, &e), every == 1 ? DSSM_USAGE : DSSM_OK);
}

static const struct option_row *const tables[] = {options_objective, options_train, options_model, options_common};

/* Long names and letters of all tables that stand on one command line, with each kind of model. */
static void names_are_used_once(void **state)
{
    (void)state;
    for (int k = 0; model_kinds[k]; k++) {
        const struct option_row *seen[200];
        int n = 0;
        for (size_t i = 0; i <= sizeof tables / sizeof *tables; i++)
            for (const struct option_row *row = i < 4 ? tables[i] : model_kinds[k]->options; row->name; row++) {
                for (int j = 0; j < n; j++) {
                    assert_string_not_equal(seen[j]->name, row->name);
                    assert_true(!row->letter || seen[j]->letter != row->letter);
                }
                assert_true(n < 200);
                seen[n++] = row;
            }
    }
}

static void offsets_lie_in_their_struct(void **state)
{
    (void)state;
    for (const struct option_row *row = options_objective; row->name; row++)
        assert_true(row->offset < sizeof(struct objective_settings));
    for (const struct option_row *row = options_train; row->name; row++)
        assert_true(row->offset < sizeof(struct train_settings) && row->offset >= sizeof(struct objective_settings));
}

static void initial_phase_choices(void **state)
{
    (void)state;
    struct objective_settings s;
    struct error e;
    for (const struct option_row *row = options_objective; row->name; row++)
        if (strcmp(row->name, "initial-phase") == 0) {
            assert_int_equal(option_set(row, &s, "coders", &e), DSSM_OK);
            assert_int_equal(s.initial, INITIAL_CODERS);
            assert_int_equal(option_set(row, &s, "all", &e), DSSM_OK);
            assert_int_equal(s.initial, INITIAL_ALL);
            return;
        }
    fail_msg("no option --initial-phase");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(defaults_of_each_kind),
        cmocka_unit_test(crops_in_each_update_are_none),
        cmocka_unit_test(names_are_used_once),
        cmocka_unit_test(offsets_lie_in_their_struct),
        cmocka_unit_test(initial_phase_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
