/* Calibration: the likelihood of innovations rises, their squares come near what is expected, nothing else of the model moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stored.h"
#include "train/train.h"

enum { COUNT = 60, DX = 4, LONGEST = 6 };

static const struct calibrate_settings usual = {.updates = 400, .batch = 25, .learning_rate = 0.05, .seed = 3};

/* A model whose encoder and law are as drawn: its noises fit nothing. */
static struct model *drawn(const char *kind)
{
    blas_start();
    return fixture_model(kind, "{\"latent\": 2, \"encoder\": [5], \"decoder\": [5]}", DX, 1, 3);
}

static int run(struct model *m, const struct dataset *d, const struct calibrate_settings *s, int threads, struct calibration_told *told,
               struct error *e)
{
    struct pool *pool = pool_new(threads);
    struct progress *quiet = progress_new("test", true);
    int status = calibrate_run(m, d, s, quiet, pool, told, e);
    progress_end(quiet);
    pool_free(pool);
    return status;
}

static void fits_the_noises_alone(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ekvae", "kvae"};
    struct dataset d = fixture_dataset(COUNT, 3, LONGEST, DX, 1);
    for (int k = 0; k < 2; k++) {
        struct model *m = drawn(kinds[k]), *before = drawn(kinds[k]);
        struct calibration_told told;
        struct error e;
        assert_int_equal(run(m, &d, &usual, 2, &told, &e), DSSM_OK);
        assert_true(told.after.nats < told.before.nats - 0.1);
        assert_true(fabs(log(told.after.square)) < 0.1 && fabs(log(told.before.square)) > 0.2);
        for (int i = 0; i < m->params.n; i++) {
            const struct param *p = &m->params.entry[i];
            bool same =
                memcmp(params_value(&m->params, i), params_value(&before->params, i), sizeof(real) * (size_t)(p->rows * p->cols)) == 0;
            assert_true(same == (p->group != GROUP_BELIEF));
        }
        json_t *said = json_object_get(m->training, "calibration");
        assert_int_equal(json_integer_value(json_object_get(said, "updates")), usual.updates);
        assert_true(json_real_value(json_object_get(said, "surprise_after")) == told.after.nats);
        assert_true(json_real_value(json_object_get(said, "square_before")) == told.before.square);
        model_free(before);
        model_free(m);
    }
    dataset_free(&d);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    struct stored s = stored_open(1);
    struct calibrate_settings few = usual;
    few.updates = 12;
    few.batch = 60;
    uint32_t crc[3];
    for (int k = 0; k < 3; k++) {
        struct model *m = drawn("ekvae");
        struct calibration_told told;
        struct error e;
        assert_int_equal(run(m, k == 2 ? &s.file : &s.memory, &few, k + 1, &told, &e), DSSM_OK);
        crc[k] = params_crc32(&m->params);
        model_free(m);
    }
    assert_true(crc[0] == crc[1] && crc[0] == crc[2]);
    stored_close(&s);
}

/* More sequences asked for than there are. */
static void a_batch_of_all(void **state)
{
    (void)state;
    struct dataset d = fixture_dataset(7, 3, LONGEST, DX, 1);
    struct model *m = drawn("ekvae");
    struct calibration_told told;
    struct error e;
    assert_int_equal(run(m, &d, &(struct calibrate_settings){30, 1000, 0.05, 1}, 1, &told, &e), DSSM_OK);
    assert_true(told.after.nats < told.before.nats);
    model_free(m);
    dataset_free(&d);
}

/* Again and again, until nothing is left to fit: then the model stays as it is, to the bit. */
static void as_often_as_one_likes(void **state)
{
    (void)state;
    struct dataset d = fixture_dataset(7, 3, LONGEST, DX, 1);
    struct model *m = drawn("ekvae");
    struct calibration_told told = {.after = {.nats = 1}};
    struct calibrate_settings s = usual;
    struct error e;
    uint32_t crc = 0;
    bool stays = false;
    for (int i = 0; i < 40 && !stays; i++) {
        assert_int_equal(run(m, &d, &s, 1, &told, &e), DSSM_OK);
        assert_true(told.after.nats <= told.before.nats);
        stays = params_crc32(&m->params) == crc;
        assert_true(!stays || (told.after.nats == told.before.nats && told.after.square == told.before.square));
        crc = params_crc32(&m->params);
    }
    assert_true(stays);
    model_free(m);
    dataset_free(&d);
}

static void what_cannot_be_calibrated(void **state)
{
    (void)state;
    struct dataset d = fixture_dataset(COUNT, 3, LONGEST, DX, 1);
    struct calibration_told told;
    struct error e;
    struct model *m = drawn("ekvae");
    struct calibrate_settings wild = {.updates = 3, .batch = COUNT, .learning_rate = 9, .seed = 3};
    assert_int_equal(run(m, &d, &wild, 1, &told, &e), DSSM_DIVERGED);
    assert_non_null(strstr(e.text, "diverged"));
    model_free(m);
    m = drawn("ekvae");
    *params_value(&m->params, params_find(&m->params, "log_R")) = NAN;
    assert_int_equal(run(m, &d, &usual, 1, &told, &e), DSSM_DIVERGED);
    model_free(m);
    dataset_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_the_noises_alone), cmocka_unit_test(same_bits_for_any_threads), cmocka_unit_test(a_batch_of_all),
        cmocka_unit_test(as_often_as_one_likes), cmocka_unit_test(what_cannot_be_calibrated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
