/* A model's life: made, started again, saved and loaded to the bit; files that are no model are refused with their reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/dssm-model-test-%ld.npz", (long)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void same_seed_same_start(void **state)
{
    (void)state;
    struct model *a = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3), *b = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3);
    struct model *c = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 4);
    size_t bytes = a->params.size * sizeof(real);
    assert_memory_equal(a->params.value, b->params.value, bytes);
    assert_memory_not_equal(a->params.value, c->params.value, bytes);
    model_restart(a, 4);
    assert_int_equal(a->params.size * sizeof(real), bytes);
    assert_memory_equal(a->params.value, c->params.value, bytes);
    model_free(a);
    model_free(b);
    model_free(c);
    model_free(NULL);
}

/* Settings of a kind with defaults of its own: these, and those of the tables elsewhere. Names of the trainer's tables are passed over. */
static void defaults_by_kind(void **state)
{
    (void)state;
    static const struct option_default own[] = {{"latent", "7"}, {"lambda0", "0.5"}, {"vhp-hidden", "9-8"}, {0}};
    struct model_kind kind = *model_kind_find("ekvae");
    struct model_settings *s = xcalloc(1, kind.settings_size);
    model_defaults(&kind, s);
    assert_int_equal(s->latent, 3);
    void *ekvae = memcpy(xmalloc(kind.settings_size), s, kind.settings_size);
    kind.defaults = own;
    model_defaults(&kind, s);
    assert_int_equal(s->latent, 7);
    assert_int_equal(s->vhp_hidden.n, 2);
    assert_int_equal(s->vhp_hidden.v[1], 8);
    assert_true(s->sigma_x2 == 0.0005 && s->prior == PRIOR_VHP);
    assert_memory_equal(s + 1, (struct model_settings *)ekvae + 1, kind.settings_size - sizeof *s); /* the kind's own */
    free(ekvae);
    free(s);
}

/* A model with nothing at its default. */
static struct model *unusual_model(void)
{
    const struct model_kind *kind = model_kind_find("ekvae");
    void *settings =
        fixture_settings(kind, "{" FIXTURE_TINY ", \"latent\": 4, \"aux\": 1, \"prior\": \"vhp\", \"vhp_latent\": 1, \"filter\": true, "
                               "\"decoder_output\": \"sigmoid\", \"base_spread\": 0.3, \"start_variance\": 0.2}");
    json_t *field = json_pack("{s:s, s:[i,i]}", "dtype", "|u1", "shape", 2, 2);
    struct error e;
    struct model *m = model_new(kind, settings, 4, 2, field, 9, &e);
    assert_non_null(m);
    json_array_append_new(m->history, json_pack("{s:s}", "program", "gen-pendulum"));
    m->training = json_pack("{s:i}", "updates", 12);
    json_decref(field);
    free(settings);
    return m;
}

static void saved_and_loaded(void **state)
{
    (void)state;
    struct model *m = unusual_model();
    struct error e;
    assert_int_equal(model_save(m, path, &e), DSSM_OK);
    struct model *back = model_load(path, &e);
    assert_non_null(back);
    assert_ptr_equal(back->kind, m->kind);
    assert_int_equal(back->dx, 4);
    assert_int_equal(back->du, 2);
    assert_int_equal(back->params.n, m->params.n);
    assert_int_equal(back->params.size, m->params.size);
    for (int i = 0; i < m->params.n; i++)
        assert_string_equal(back->params.entry[i].name, m->params.entry[i].name);
    assert_memory_equal(back->params.value, m->params.value, m->params.size * sizeof(real));
    json_t *before = model_meta(m), *after = model_meta(back);
    assert_true(json_equal(before, after));
    assert_string_equal(json_string_value(json_object_get(after, "kind")), "ekvae");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(after, "training"), "updates")), 12);
    assert_int_equal(json_array_size(json_object_get(after, "history")), 1);
    assert_true(json_is_true(json_object_get(json_object_get(after, "settings"), "filter")));
    json_decref(before);
    json_decref(after);
    model_free(m);
    model_free(back);
}

/* The loaded model gives the same bits as the one that was saved. */
static void loaded_model_computes_the_same(void **state)
{
    (void)state;
    struct model *m = unusual_model(), *both[2] = {m, NULL};
    struct error e;
    struct record r;
    struct batch b;
    real loss[2][2];
    assert_int_equal(model_save(m, path, &e), DSSM_OK);
    both[1] = model_load(path, &e);
    fixture_record(&r, 0, 5, 4, 2);
    batch_fill(&b, &r, (const int[]){0}, 1, 4, 2, 0, 5);
    for (int i = 0; i < 2; i++) {
        struct tape *t = tape_new();
        tape_begin(t, &both[i]->params, NULL, 0);
        struct loss l = both[i]->kind->loss(both[i], t, &b, &(struct noise){1, 1, false});
        loss[i][0] = l.distortion->v[0];
        loss[i][1] = l.rate->v[0];
        tape_free(t);
        model_free(both[i]);
    }
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);
    assert_true(isfinite((double)loss[0][0]) && isfinite((double)loss[0][1]));
    batch_free(&b);
    record_clear(&r);
}

static void a_file_that_cannot_be_made(void **state)
{
    (void)state;
    struct model *m = unusual_model();
    struct error e;
    assert_int_equal(model_save(m, "/nonexistent/m.npz", &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, "/nonexistent/m.npz"));
    assert_null(model_load("/nonexistent/m.npz", &e));
    assert_int_equal(e.code, DSSM_FAILURE);
    model_free(m);
}

/* ---- archives that are no model ---- */

static json_t *settings_of(struct archive *a)
{
    return json_object_get(a->meta, "settings");
}

static void other_format(struct archive *a)
{
    json_object_set_new(a->meta, "format", json_string("dssm-policy"));
}
static void no_format(struct archive *a)
{
    json_object_del(a->meta, "format");
}
static void other_version(struct archive *a)
{
    json_object_set_new(a->meta, "version", json_integer(2));
}
static void unknown_kind(struct archive *a)
{
    json_object_set_new(a->meta, "kind", json_string("perceptron"));
}
static void no_kind(struct archive *a)
{
    json_object_del(a->meta, "kind");
}
static void text_dx(struct archive *a)
{
    json_object_set_new(a->meta, "dx", json_string("four"));
}
static void negative_du(struct archive *a)
{
    json_object_set_new(a->meta, "du", json_integer(-1));
}
static void huge_dx(struct archive *a)
{
    json_object_set_new(a->meta, "dx", json_integer((json_int_t)1 << 40));
}
static void other_dx(struct archive *a)
{
    json_object_set_new(a->meta, "dx", json_integer(5));
}
static void unknown_setting(struct archive *a)
{
    json_object_set_new(settings_of(a), "colour", json_integer(5));
}
static void wild_setting(struct archive *a)
{
    json_object_set_new(settings_of(a), "bases", json_integer(0));
}
static void wild_common_setting(struct archive *a)
{
    json_object_set_new(settings_of(a), "latent", json_integer(1000));
}
static void impossible_settings(struct archive *a)
{
    json_object_set_new(settings_of(a), "aux", json_integer(5));
}
static void tensor_renamed(struct archive *a)
{
    strcpy(a->tensor[0].name, "encoder.9.weight");
}
static void tensor_of_other_shape(struct archive *a)
{
    free(a->tensor[0].array.data);
    a->tensor[0].array = array_new(DT_F4, 2, (const size_t[]){4, 5});
}
static void tensor_without_numbers(struct archive *a)
{
    ((float *)a->tensor[1].array.data)[0] = NAN;
}
static void giant_layers(struct archive *a)
{
    json_object_set_new(settings_of(a), "encoder", json_pack("[i,i]", 65536, 65536));
}
static void giant_transition(struct archive *a)
{
    json_object_set_new(settings_of(a), "transition_hidden", json_pack("[i,i]", 65536, 65536));
}
static void only_meta(struct archive *a)
{
    for (int i = 0; i < a->n; i++) {
        free(a->tensor[i].name);
        free(a->tensor[i].array.data);
    }
    a->n = 0;
}

static const struct refusal {
    void (*spoil)(struct archive *a);
    const char *text; /* behind the path */
} refusals[] = {
    {other_format, "meta.json: format: expected \"dssm-model\", got \"dssm-policy\""},
    {no_format, "meta.json: format: expected \"dssm-model\", got nothing"},
    {other_version, "meta.json: version: expected 1, got 2"},
    {unknown_kind, "meta.json: kind: \"perceptron\" is not a model that this version knows"},
    {no_kind, "meta.json: kind: \"\" is not a model that this version knows"},
    {text_dx, "meta.json: dx: expected a whole number from 1 to 16777216"},
    {huge_dx, "meta.json: dx: expected a whole number from 1 to 16777216"},
    {negative_du, "meta.json: du: expected a whole number from 0 to 16777216"},
    {other_dx, "tensor encoder.0.weight: expected shape [4,5], got [4,4]"},
    {unknown_setting, "meta.json: settings: unknown setting colour"},
    {wild_setting, "meta.json: settings: setting bases: "},
    {wild_common_setting, "meta.json: settings: setting latent: "},
    {impossible_settings, "meta.json: settings: --aux: expected at most the latent size 4, got 5"},
    {tensor_renamed, "tensor encoder.0.weight: expected shape [4,4], got nothing"},
    {tensor_of_other_shape, "tensor encoder.0.weight: expected shape [4,4], got [4,5]"},
    {tensor_without_numbers, "tensor encoder.0.bias: expected finite numbers"},
    {giant_layers, "meta.json: settings: --encoder: expected at most 100000000 weights, got 4295491584 with 4 numbers at either end"},
    {giant_transition, "meta.json: settings: --transition-hidden: expected at most 100000000 weights, got "},
    {only_meta, "tensor encoder.0.weight: expected shape [4,4], got nothing"},
};

/* Saves the unusual model, spoilt. */
static void write_spoilt(void (*spoil)(struct archive *a))
{
    struct model *m = unusual_model();
    struct archive a;
    struct error e;
    archive_init(&a);
    json_decref(a.meta);
    a.meta = model_meta(m);
    json_object_set_new(a.meta, "settings", json_deep_copy(json_object_get(a.meta, "settings")));
    params_to_archive(&m->params, m->params.value, "", &a);
    spoil(&a);
    FILE *f = fopen(path, "wb");
    assert_int_equal(archive_write(&a, f, &e), DSSM_OK);
    fclose(f);
    archive_clear(&a);
    model_free(m);
}

static void broken_models_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char expected[300];
        struct error e = {0};
        write_spoilt(refusals[i].spoil);
        assert_null(model_load(path, &e));
        snprintf(expected, sizeof expected, "%s: %s", path, refusals[i].text);
        if (strncmp(e.text, expected, strlen(expected)) != 0 || e.code != DSSM_BAD_INPUT)
            fail_msg("expected \"%s\", got %d \"%s\"", expected, e.code, e.text);
    }
}

static void a_file_that_is_no_archive(void **state)
{
    (void)state;
    struct error e = {0};
    FILE *f = fopen(path, "wb");
    fputs("this is no zip", f);
    fclose(f);
    assert_null(model_load(path, &e));
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    assert_memory_equal(e.text, path, strlen(path));
    assert_string_equal(e.text + strlen(path), ": expected an archive (.npz), got something else");
}

/* ---- vectors in archives, fitting data, carries ---- */

static void vectors_come_back_with_a_prefix(void **state)
{
    (void)state;
    struct model *m = unusual_model();
    struct archive a;
    struct error e;
    real *moments = xcalloc(m->params.size, sizeof(real)), *back = xcalloc(m->params.size, sizeof(real));
    for (size_t i = 0; i < m->params.size; i++)
        moments[i] = (real)i / 7;
    archive_init(&a);
    params_to_archive(&m->params, moments, "adam_m/", &a);
    assert_non_null(archive_get(&a, "adam_m/encoder.0.weight"));
    assert_int_equal(params_from_archive(&m->params, back, "adam_m/", &a, &e), DSSM_OK);
    assert_memory_equal(moments, back, m->params.size * sizeof(real));
    assert_int_equal(params_from_archive(&m->params, back, "adam_v/", &a, &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "tensor adam_v/encoder.0.weight: expected shape [4,4], got nothing");
    archive_clear(&a);
    free(moments);
    free(back);
    model_free(m);
}

static void data_must_fit(void **state)
{
    (void)state;
    struct model *with = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 2, 3),
                 *without = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 0, 3);
    struct error e;
    assert_int_equal(model_fits(with, &(struct dataset){.dx = 4, .du = 2}, "v", &e), DSSM_OK);
    assert_int_equal(model_fits(without, &(struct dataset){.dx = 4, .du = 2}, "v", &e), DSSM_OK);
    assert_int_equal(model_fits(with, &(struct dataset){.dx = 5, .du = 2}, "v.msgpack", &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "v.msgpack: field x: the model expects 4 numbers a step, got 5");
    assert_int_equal(model_fits(with, &(struct dataset){.dx = 4, .du = 0}, "v.msgpack", &e), DSSM_BAD_INPUT);
    assert_string_equal(e.text, "v.msgpack: field u: the model expects 2 numbers a step, got 0");
    model_free(with);
    model_free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_start),
        cmocka_unit_test(defaults_by_kind),
        cmocka_unit_test(saved_and_loaded),
        cmocka_unit_test(loaded_model_computes_the_same),
        cmocka_unit_test(a_file_that_cannot_be_made),
        cmocka_unit_test(broken_models_are_refused),
        cmocka_unit_test(a_file_that_is_no_archive),
        cmocka_unit_test(vectors_come_back_with_a_prefix),
        cmocka_unit_test(data_must_fit),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
