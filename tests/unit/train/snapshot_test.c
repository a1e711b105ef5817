/* Snapshots: models of a training in progress, at the updates asked for, one set a start; the training does not notice. */
#include "spy.h"

#include <sys/stat.h>

static char folder[64];

static char *name_of(const char *file)
{
    return xasprintf("%s/%s", folder, file);
}

static void empty_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/dssm-snapshots-%ld", (long)getpid());
    char *command = xasprintf("rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    free(command);
    assert_int_equal(mkdir(folder, 0700), 0);
}

/* Is a file of this name in the folder? */
static bool there(const char *file)
{
    char *name = name_of(file);
    bool found = access(name, R_OK) == 0;
    free(name);
    return found;
}

static struct model *load(const char *file)
{
    struct error e;
    char *name = name_of(file);
    struct model *m = model_load(name, &e);
    if (!m)
        fail_msg("%s", e.text);
    free(name);
    return m;
}

/* A training of `updates` with a number of starts of 11, snapshots every 10 updates or (every = 0) none. */
static struct training trained(int updates, int starts, int every)
{
    struct training t = training_open("snapshot");
    struct error e;
    t.s.updates = updates, t.s.starts = starts;
    t.m->kind = &t.kind;
    t.io = (struct train_io){.program = "test",
                             .snapshots = every > 0 ? folder : NULL,
                             .snapshot_every = every,
                             .quiet = true,
                             .pool = t.pool,
                             .provenance = t.provenance,
                             .stop = &spy.stop};
    assert_int_equal(train_run(t.m, &t.d, NULL, &t.s, &t.io, &e), DSSM_OK);
    return t;
}

static void assert_same_parameters(const struct model *a, const struct model *b)
{
    assert_int_equal(a->params.size, b->params.size);
    assert_memory_equal(a->params.value, b->params.value, a->params.size * sizeof(real));
}

static void at_the_updates_asked_for(void **state)
{
    (void)state;
    empty_folder();
    struct training t = trained(20, 1, 10);
    assert_true(there("00-0000010.npz") && there("00-0000020.npz"));
    assert_false(there("00-0000000.npz") || there("00-0000005.npz") || there("00-0000030.npz"));
    struct model *half = load("00-0000010.npz"), *last = load("00-0000020.npz");
    assert_same_parameters(last, t.m);
    assert_int_equal(json_integer_value(json_object_get(half->training, "updates")), 10);
    assert_memory_not_equal(half->params.value, last->params.value, half->params.size * sizeof(real));
    model_free(half);
    model_free(last);
    training_close(&t);
}

static void each_start_has_its_own(void **state)
{
    (void)state;
    empty_folder();
    struct training t = trained(20, 2, 10);
    assert_true(there("00-0000010.npz") && there("01-0000010.npz"));
    assert_true(there("00-0000020.npz") != there("01-0000020.npz")); /* one of them went on */
    struct model *first = load("00-0000010.npz"), *second = load("01-0000010.npz");
    assert_memory_not_equal(first->params.value, second->params.value, first->params.size * sizeof(real));
    model_free(first);
    model_free(second);
    training_close(&t);
}

static void the_training_does_not_notice(void **state)
{
    (void)state;
    empty_folder();
    struct training with = trained(20, 2, 1), without = trained(20, 2, 0);
    assert_same_parameters(with.m, without.m);
    training_close(&with);
    training_close(&without);
}

static void a_folder_that_is_gone_is_named(void **state)
{
    (void)state;
    empty_folder();
    struct training t = training_open("snapshot");
    struct error e;
    assert_int_equal(rmdir(folder), 0);
    t.m->kind = &t.kind;
    t.io = (struct train_io){.program = "test", .snapshots = folder, .snapshot_every = 1, .quiet = true, .pool = t.pool, .stop = &spy.stop};
    assert_int_equal(train_run(t.m, &t.d, NULL, &t.s, &t.io, &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, folder));
    training_close(&t);
}

static int clean(void **state)
{
    (void)state;
    char *command = xasprintf("rm -rf %s", folder);
    int status = system(command);
    free(command);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_updates_asked_for),
        cmocka_unit_test(each_start_has_its_own),
        cmocka_unit_test(the_training_does_not_notice),
        cmocka_unit_test(a_folder_that_is_gone_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
