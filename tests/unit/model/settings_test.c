/* Settings that every model has: the defaults that the manual names, there and back through JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static void defaults(void **state)
{
    (void)state;
    struct model_settings s;
    memset(&s, 0xff, sizeof s);
    options_defaults(options_model, &s);
    assert_int_equal(s.latent, 3);
    assert_true(s.sigma_x2 == 0.0005);
    assert_int_equal(s.output, OUTPUT_AUTO);
    assert_int_equal(s.prior, PRIOR_VHP);
    assert_int_equal(s.vhp_latent, 2);
    assert_int_equal(s.encoder.dense.n, 2);
    assert_int_equal(s.encoder.dense.v[0], 128);
    assert_int_equal(s.decoder.dense.v[1], 128);
    assert_int_equal(s.vhp_hidden.v[0], 64);
    assert_false(s.filter);
}

static void choices_have_the_order_of_their_enum(void **state)
{
    (void)state;
    struct model_settings s;
    struct error e;
    static const char *const prior[] = {"normal", "vhp"}, *const output[] = {"auto", "sigmoid", "linear"};
    static const int priors[] = {PRIOR_NORMAL, PRIOR_VHP}, outputs[] = {OUTPUT_AUTO, OUTPUT_SIGMOID, OUTPUT_LINEAR};
    for (int i = 0; i < 2; i++) {
        json_t *json = json_pack("{s:s}", "prior", prior[i]);
        assert_int_equal(options_from_json(options_model, &s, json, &e), DSSM_OK);
        assert_int_equal(s.prior, priors[i]);
        json_decref(json);
    }
    for (int i = 0; i < 3; i++) {
        json_t *json = json_pack("{s:s}", "decoder_output", output[i]);
        assert_int_equal(options_from_json(options_model, &s, json, &e), DSSM_OK);
        assert_int_equal(s.output, outputs[i]);
        json_decref(json);
    }
}

static void there_and_back(void **state)
{
    (void)state;
    struct model_settings s, back;
    struct error e;
    options_defaults(options_model, &s);
    options_defaults(options_model, &back);
    s.latent = 5, s.sigma_x2 = 0.1 + 0.2, s.filter = true, s.encoder.dense = (struct int_list){3, {7, 6, 5}};
    json_t *json = options_to_json(options_model, &s);
    assert_int_equal(options_from_json(options_model, &back, json, &e), DSSM_OK);
    assert_int_equal(back.latent, 5);
    assert_true(back.sigma_x2 == 0.1 + 0.2 && back.filter);
    assert_int_equal(back.encoder.dense.n, 3);
    assert_int_equal(back.encoder.dense.v[2], 5);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(choices_have_the_order_of_their_enum),
        cmocka_unit_test(there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
