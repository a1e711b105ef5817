/* A training begun with another model's parameters: which models may be that one, and that every start begins with them. */
#include "spy.h"

static char path[64];

#define TINY(more) "{" FIXTURE_TINY more "}"

static void save(const struct model *m)
{
    struct error e;
    snprintf(path, sizeof path, "/tmp/dssm-from-%ld.npz", (long)getpid());
    assert_int_equal(model_save(m, path, &e), DSSM_OK);
}

static void none_is_asked_for(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", TINY(""), 5, 0, 1), *from = m;
    struct error e;
    assert_int_equal(from_load(NULL, m, &from, &e), DSSM_OK);
    assert_null(from);
    model_free(m);
}

static void same_layers_are_taken(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", TINY(""), 5, 0, 1), *other = fixture_model("ekvae", TINY(""), 5, 0, 2), *from;
    struct error e;
    save(other);
    assert_int_equal(from_load(path, m, &from, &e), DSSM_OK);
    assert_int_equal(from->params.size, m->params.size);
    assert_memory_equal(from->params.value, other->params.value, m->params.size * sizeof(real));
    assert_memory_not_equal(from->params.value, m->params.value, m->params.size * sizeof(real));
    model_free(from);
    model_free(other);
    model_free(m);
}

/* What a setting holds is the new model's. */
static void what_is_held_stays(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", TINY(", \"latent\": 3, \"first_variance\": 0.25"), 5, 0, 1), *from;
    struct model *other = fixture_model("ekvae", TINY(", \"latent\": 3"), 5, 0, 2);
    struct error e;
    int held = params_find(&m->params, "first.log_variance");
    save(other);
    assert_int_equal(from_load(path, m, &from, &e), DSSM_OK);
    for (int i = 0; i < m->params.n; i++) {
        const struct param *entry = &m->params.entry[i];
        assert_memory_equal(params_value(&from->params, i), params_value(i == held ? &m->params : &other->params, i),
                            (size_t)(entry->rows * entry->cols) * sizeof(real));
    }
    assert_true(params_value(&m->params, held)[2] != params_value(&other->params, held)[2]);
    model_free(from);
    model_free(other);
    model_free(m);
}

/* Refuses the saved model, with words that end so. */
static void assert_refused(const struct model *m, const char *end)
{
    struct model *from;
    struct error e;
    assert_int_equal(from_load(path, m, &from, &e), DSSM_BAD_INPUT);
    char *expected = xasprintf("--from: %s: %s", path, end);
    assert_string_equal(e.text, expected);
    free(expected);
    model_free(from);
}

static void others_are_refused(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", TINY(""), 5, 0, 1), *wide = fixture_model("ekvae", TINY(", \"bases\": 7"), 5, 0, 1),
                 *deep = fixture_model("dks", TINY(""), 5, 0, 1);
    save(wide);
    assert_refused(m, "transition.g.1.weight: expected 3×3 numbers as the settings ask for, got 7×3");
    assert_refused(deep, "expected a model of kind dks, got ekvae");
    struct model *normal = fixture_model("ekvae", TINY(", \"prior\": \"normal\""), 5, 0, 1);
    save(m);
    assert_refused(normal, "expected 21 tensors as the settings ask for, got 29");
    model_free(normal);
    model_free(deep);
    model_free(wide);
    model_free(m);
}

static void one_that_is_not_there(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", TINY(""), 5, 0, 1), *from;
    struct error e;
    assert_int_equal(from_load("absent/m.npz", m, &from, &e), DSSM_FAILURE);
    assert_null(from);
    assert_string_equal(e.text, "absent/m.npz: No such file or directory");
    model_free(m);
}

/* At a rate of 0 a training ends where it began, whichever of its starts it goes on with. */
static void every_start_begins_there(void **state)
{
    (void)state;
    struct training t = training_open("from");
    struct error e;
    real *values = xmalloc(t.m->params.size * sizeof *values);
    for (size_t i = 0; i < t.m->params.size; i++)
        values[i] = t.m->params.value[i] * (real)0.9;
    t.s.updates = 6, t.s.starts = 2, t.s.start_updates = 3, t.s.learning_rate = 0;
    t.m->kind = &t.kind;
    t.io =
        (struct train_io){.program = "test", .quiet = true, .from = values, .pool = t.pool, .provenance = t.provenance, .stop = &spy.stop};
    assert_int_equal(train_run(t.m, &t.d, NULL, &t.s, &t.io, &e), DSSM_OK);
    assert_memory_equal(t.m->params.value, values, t.m->params.size * sizeof(real));
    free(values);
    training_close(&t);
}

static int clean(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_asked_for),  cmocka_unit_test(same_layers_are_taken), cmocka_unit_test(what_is_held_stays),
        cmocka_unit_test(others_are_refused), cmocka_unit_test(one_that_is_not_there), cmocka_unit_test(every_start_begins_there),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
