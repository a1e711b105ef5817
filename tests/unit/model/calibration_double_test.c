/* Noises for beliefs made from means: what knows them and what does not, and the gradient of the surprise that fits them. Its values, by
 * brute force, are with the kinds: ekvae_double_test.c, kvae_double_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

#define EKVAE "\"bases\": 3, \"transition_hidden\": [3], \"start_variance\": 0.1, "
#define KVAE "\"latent\": 3, \"bases\": 3, \"lstm_units\": 3, \"start_variance\": 0.1"
static const struct any models[] = {
    {"ekvae", EKVAE "\"latent\": 3", 1, true, false},
    {"ekvae", EKVAE "\"latent\": 3, \"positions\": 2, \"shared_noise\": true", 2, false, false},
    {"ekvae", EKVAE "\"latent\": 5, \"aux\": 3, \"positions\": 3, \"circles\": 1, \"motors\": 0.2, \"substeps\": 2", 2, true, false},
    {"kvae", KVAE, 0, false, false},
    {"kvae", KVAE, 2, true, false},
};
enum { MODELS = sizeof models / sizeof models[0] };

/* By every parameter, the law's and the encoder's too, over the first T steps. */
static void gradient_of_the_surprise(const struct any *a, bool gaps, int T)
{
    struct model *m = any_open(a);
    struct model_kind surprised = *m->kind;
    struct record r[3];
    struct batch b;
    const char *name = "";
    int moved;
    surprised.loss = surprised.surprise;
    m->kind = &surprised;
    any_records(r, a->du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, T);
    double worst = bound_worst_gradient(m, &b, &any_off, &name, &moved);
    if (!(worst < 1e-5))
        fail_msg("%s (%s), gaps %d, T %d: %s: error %g", a->kind, a->settings, gaps, T, name, worst);
    assert_true(T == 1 || moved > any_trained(m) / 4);
    batch_free(&b);
    any_records_close(r, 3);
    model_free(m);
}

static void gradients(void **state)
{
    (void)state;
    for (int k = 0; k < MODELS; k++) {
        gradient_of_the_surprise(&models[k], false, 5);
        gradient_of_the_surprise(&models[k], true, 6);
        gradient_of_the_surprise(&models[k], false, 1);
    }
}

/* What a model says of three sequences: its bound, and beliefs made from samples and from means. */
struct said {
    struct loss loss;
    struct inferred samples, means;
};

static struct said say(const struct model *m, struct tape *t, const struct batch *b)
{
    tape_begin(t, &m->params, NULL, 0);
    return (struct said){m->kind->loss(m, t, b, &any_off), m->kind->infer(m, t, b, &any_noisy, INFER_SMOOTHED, NULL),
                         m->kind->infer(m, t, b, &any_off, INFER_SMOOTHED, NULL)};
}

static void only_means_know_them(void **state)
{
    (void)state;
    for (int k = 0; k < MODELS; k++) {
        const struct any *a = &models[k];
        struct model *m = any_open(a);
        struct record r[3];
        struct batch b;
        struct tape *t = tape_new(), *plain = tape_new();
        any_records(r, a->du, true);
        batch_fill(&b, r, any_all, 3, ANY_DX, a->du, 0, 6);
        struct said with = say(m, t, &b);
        any_uncalibrate(m);
        struct said without = say(m, plain, &b);
        any_same(a, "distortion", with.loss.distortion, 0, without.loss.distortion, 0, 3, 0);
        any_same(a, "rate", with.loss.rate, 0, without.loss.rate, 0, 3, 0);
        any_same_beliefs(a, &with.samples, 0, &without.samples, 0, 18, 0);
        for (int l = 0; l < 18; l++)
            assert_true(any_number(with.means.mean, 0, l) != any_number(without.means.mean, 0, l));
        tape_free(t);
        tape_free(plain);
        batch_free(&b);
        any_records_close(r, 3);
        model_free(m);
    }
}

/* A new model has none: 0, in a group that no training moves. */
static void a_new_model_has_none(void **state)
{
    (void)state;
    static const char *const names[] = {"calibration.log_R", "calibration.log_Q", "calibration.first_mean",
                                        "calibration.first_log_variance"};
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY ", \"latent\": 3, \"aux\": 2}", 3, 1, 4);
    for (int k = 0; k < 4; k++) {
        int index = params_find(&m->params, names[k]);
        const struct param *e = &m->params.entry[index];
        assert_int_equal(e->group, GROUP_BELIEF);
        assert_false(e->group & GROUP_ALL);
        assert_int_equal(e->rows, k == 0 ? 2 : 3);
        for (int i = 0; i < e->rows; i++)
            assert_true(params_value(&m->params, index)[i] == 0);
    }
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(only_means_know_them),
        cmocka_unit_test(a_new_model_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
