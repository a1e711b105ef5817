/* The registry: every kind is whole and found by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static void every_kind_is_whole(void **state)
{
    (void)state;
    int n = 0;
    for (; model_kinds[n]; n++) {
        const struct model_kind *k = model_kinds[n];
        assert_ptr_equal(model_kind_find(k->name), k);
        assert_non_null(k->title);
        assert_non_null(k->options);
        assert_true(k->settings_size >= sizeof(struct model_settings) && k->parts_size > 0);
        assert_true(k->declare && k->loss && k->infer && k->step && k->decode && k->start && k->carry_rows);
        for (int i = 0; i < n; i++)
            assert_string_not_equal(model_kinds[i]->name, k->name);
    }
    assert_true(n >= 1);
    assert_non_null(model_kind_find("ekvae"));
    assert_null(model_kind_find("ekva"));
    assert_null(model_kind_find(""));
}

/* A kind's own options stand behind the common ones in its struct, and no name is used twice. */
static void options_do_not_clash(void **state)
{
    (void)state;
    for (int n = 0; model_kinds[n]; n++)
        for (const struct option_row *own = model_kinds[n]->options; own->name; own++) {
            assert_true(own->offset >= sizeof(struct model_settings) && own->offset < model_kinds[n]->settings_size);
            for (const struct option_row *row = options_model; row->name; row++) {
                assert_string_not_equal(row->name, own->name);
                assert_true(!own->letter || row->letter != own->letter);
            }
        }
}

/* Any kind makes a model from its defaults whose bound is finite. */
static void defaults_work(void **state)
{
    (void)state;
    for (int n = 0; model_kinds[n]; n++) {
        struct model *m = fixture_model(model_kinds[n]->name, "{}", 4, 1, 1);
        struct dataset d = fixture_dataset(3, 2, 5, 4, 1);
        struct pool *pool = pool_new(1);
        struct bound b = model_bound(m, d.record, d.n, &(struct noise){1, 1, false}, pool, NULL, NULL);
        assert_true(isfinite(b.distortion) && isfinite(b.rate));
        pool_free(pool);
        dataset_free(&d);
        model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_whole),
        cmocka_unit_test(options_do_not_clash),
        cmocka_unit_test(defaults_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
