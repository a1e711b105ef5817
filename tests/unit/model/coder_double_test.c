/* Encoder and decoder: shapes, when the last layer is a sigmoid, and the distortion that leaves unseen frames out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

enum { DX = 4 };

/* What the decoder's last layer is, read off its start: a sigmoid's biases begin at −3. */
static bool is_sigmoid(const char *output, const char *dtype)
{
    char json[100];
    snprintf(json, sizeof json, "{\"decoder_output\": \"%s\"}", output);
    const struct model_kind *kind = model_kind_find("ekvae");
    void *settings = fixture_settings(kind, json);
    json_t *field = dtype ? json_pack("{s:s}", "dtype", dtype) : NULL;
    struct error e;
    struct model *m = model_new(kind, settings, DX, 0, field, 1, &e);
    struct tape *t = tape_new();
    tape_begin(t, &m->params, NULL, 0);
    var *x = m->kind->decode(m, t, (struct latent){filled(t, 3, 1, 50), NULL});
    bool inside = true, bias = fixture_param(m, "decoder.2.bias")[0] == -3;
    for (int i = 0; i < DX; i++)
        inside &= x->v[i] > 0 && x->v[i] < 1;
    assert_int_equal(inside, bias);
    tape_free(t);
    model_free(m);
    json_decref(field);
    free(settings);
    return bias;
}

static void images_get_a_sigmoid(void **state)
{
    (void)state;
    assert_true(is_sigmoid("auto", "|u1"));
    assert_false(is_sigmoid("auto", "<f4"));
    assert_false(is_sigmoid("auto", NULL));
    assert_true(is_sigmoid("sigmoid", "<f4"));
    assert_false(is_sigmoid("linear", "|u1"));
}

static void shapes_and_groups(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{\"encoder\": [7, 6], \"decoder\": [5]}", DX, 0, 1);
    const struct params *p = &m->params;
    static const struct {
        const char *name;
        int rows, cols;
        unsigned group;
    } expected[] = {{"encoder.0.weight", 7, DX, GROUP_PHI},  {"encoder.1.weight", 6, 7, GROUP_PHI},
                    {"encoder.2.weight", 4, 6, GROUP_PHI},   {"encoder.2.bias", 4, 1, GROUP_PHI},
                    {"decoder.0.weight", 5, 2, GROUP_THETA}, {"decoder.1.weight", DX, 5, GROUP_THETA}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct param *e = &p->entry[params_find(p, expected[i].name)];
        assert_int_equal(e->rows, expected[i].rows);
        assert_int_equal(e->cols, expected[i].cols);
        assert_int_equal(e->group, expected[i].group);
    }
    const real *bias = fixture_param(m, "encoder.2.bias");
    assert_true(bias[0] == 0 && bias[1] == 0 && bias[2] == -4 && bias[3] == -4);
    model_free(m);
}

/* ½ Σ (ln 2πσ² + (x − mean)²/σ²) over the frames that were seen. */
static void distortion_of_seen_frames(void **state)
{
    (void)state;
    struct model *m = fixture_model("ekvae", "{\"sigma_x2\": 0.25}", DX, 0, 1);
    struct record r[2];
    struct batch b;
    struct tape *t = tape_new();
    fixture_record(&r[0], 0, 4, DX, 0);
    fixture_record(&r[1], 1, 3, DX, 0);
    fixture_mask(&r[0], "1011");
    batch_fill(&b, r, (const int[]){0, 1}, 2, DX, 0, 0, 4);
    tape_begin(t, &m->params, NULL, 0);
    var *distortion = coder_distortion(t, m, &b, filled(t, DX, 8, 0.2));
    for (int l = 0; l < 2; l++) {
        double sum = 0;
        for (int s = 0; s < (l ? 3 : 4); s++)
            for (int i = 0; i < DX && !(l == 0 && s == 1); i++)
                sum += 0.5 * (log(2 * M_PI * 0.25) + pow(array_get(record_get(&r[l], "x"), (size_t)(s * DX + i)) - 0.2, 2) / 0.25);
        assert_true(fabs((double)distortion->v[l] - sum) < 1e-12 * fabs(sum));
    }
    tape_free(t);
    batch_free(&b);
    record_clear(&r[0]);
    record_clear(&r[1]);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_get_a_sigmoid),
        cmocka_unit_test(shapes_and_groups),
        cmocka_unit_test(distortion_of_seen_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
