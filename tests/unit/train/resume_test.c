/* Checkpoints' pieces: what was put comes back to the bit, and only to the run that it belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/train.h"

static void path_of(char path[64])
{
    snprintf(path, 64, "/tmp/dssm-resume-%ld.ck", (long)getpid());
    unlink(path);
}

/* A table of two entries, with values and moments that are all different. */
static struct params table(struct adam *adam, double shift)
{
    struct params p;
    params_init(&p);
    params_add(&p, "a", 2, 3, GROUP_THETA, 1);
    params_add(&p, "b", 4, 1, GROUP_PSI, 1);
    *adam = adam_new(&p);
    for (size_t i = 0; i < p.size; i++) {
        p.value[i] = (real)(shift + (double)i);
        adam->m[i] = (real)(shift + 100 + (double)i);
        adam->v[i] = (real)(shift + 200 + (double)i);
    }
    return p;
}

static int write_one(const char *path, const struct params *p, const struct adam *adam, const char *identity)
{
    struct archive a;
    struct error e;
    archive_init(&a);
    json_decref(a.meta);
    a.meta = json_loads(identity, 0, NULL);
    resume_vectors_put(&a, p, "now", p->value, adam);
    resume_numbers_put(&a, "numbers", (const double[]){1.5, NAN, -3}, 3);
    int status = resume_write(path, &a, &e);
    archive_clear(&a);
    return status;
}

static void what_was_put_comes_back(void **state)
{
    (void)state;
    char path[64];
    struct adam one, two;
    struct params p = table(&one, 0.25), q = table(&two, 7000);
    struct archive a;
    struct error e;
    bool found;
    double numbers[3];
    path_of(path);
    assert_int_equal(write_one(path, &p, &one, "{\"seed\": 5}"), DSSM_OK);
    json_t *identity = json_loads("{\"seed\": 5}", 0, NULL);
    assert_int_equal(resume_read(path, identity, &a, &found, &e), DSSM_OK);
    assert_true(found);
    assert_int_equal(resume_vectors_get(&a, &q, "now", q.value, &two, &e), DSSM_OK);
    assert_memory_equal(p.value, q.value, p.size * sizeof(real));
    assert_memory_equal(one.m, two.m, p.size * sizeof(real));
    assert_memory_equal(one.v, two.v, p.size * sizeof(real));
    assert_int_equal(resume_numbers_get(&a, "numbers", numbers, 3, &e), DSSM_OK);
    assert_true(numbers[0] == 1.5 && isnan(numbers[1]) && numbers[2] == -3);
    assert_int_equal(resume_numbers_get(&a, "numbers", numbers, 2, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "checkpoint: tensor numbers: expected 2 numbers of type <f8");
    assert_int_equal(resume_vectors_get(&a, &q, "best", q.value, &two, &e), DSSM_BAD_INPUT);
    archive_clear(&a);
    json_decref(identity);
    adam_free(&one);
    adam_free(&two);
    params_free(&p);
    params_free(&q);
    unlink(path);
}

/* The first key that differs is named, also inside an object. */
static void another_run_is_refused(void **state)
{
    (void)state;
    char path[64];
    struct adam adam;
    struct params p = table(&adam, 0);
    struct archive a;
    struct error e;
    bool found = true;
    path_of(path);
    assert_int_equal(write_one(path, &p, &adam, "{\"kind\": \"x\", \"settings\": {\"clip\": 1, \"batch\": 50}}"), DSSM_OK);
    json_t *want = json_loads("{\"kind\": \"x\", \"settings\": {\"clip\": 1, \"batch\": 25}}", 0, NULL);
    assert_int_equal(resume_read(path, want, &a, &found, &e), DSSM_BAD_INPUT);
    assert_false(found);
    assert_non_null(strstr(e.text, "checkpoint is of another run: settings.batch is 50 there, 25 here"));
    archive_clear(&a);
    json_decref(want);
    adam_free(&adam);
    params_free(&p);
    unlink(path);
}

static void nothing_there_is_no_error(void **state)
{
    (void)state;
    char path[64];
    struct archive a;
    struct error e;
    bool found = true;
    path_of(path);
    json_t *want = json_object();
    assert_int_equal(resume_read(path, want, &a, &found, &e), DSSM_OK);
    assert_false(found);
    archive_clear(&a);
    assert_int_equal(resume_read(NULL, want, &a, &found, &e), DSSM_OK);
    assert_false(found);
    archive_clear(&a);
    assert_int_equal(resume_read("/proc/self/mem/x", want, &a, &found, &e), DSSM_FAILURE);
    archive_clear(&a);
    assert_int_equal(resume_write("/nonexistent/x.ck", &(struct archive){.meta = want}, &e), DSSM_FAILURE);
    json_decref(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_comes_back),
        cmocka_unit_test(another_run_is_refused),
        cmocka_unit_test(nothing_there_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
