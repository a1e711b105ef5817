/* Small sequences and models for the tests of lib/model and lib/train. */
#ifndef DSSM_TESTS_FIXTURE_H
#define DSSM_TESTS_FIXTURE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

/* ---- sequences ---- */

static inline double fixture_draw(int sequence, int what, int place)
{
    double x;
    draw_normal(
        (struct draw){.seed = 1234, .purpose = 7, .update = (uint32_t)what, .sequence = (uint32_t)sequence, .step = (uint32_t)place}, 1,
        &x);
    return x;
}

/* An array [T, width] of <f8, values drawn from sequence and `what`. */
static inline struct array fixture_array(int sequence, int what, int T, int width, double scale)
{
    struct array a = array_new(DT_F8, 2, (const size_t[]){(size_t)T, (size_t)width});
    for (int i = 0; i < T * width; i++)
        ((double *)a.data)[i] = scale * fixture_draw(sequence, what, i);
    return a;
}

/* A record with x [T, dx] and, if du > 0, u [T, du], whose last control is NaN (it acts on nothing). */
static inline void fixture_record(struct record *r, int sequence, int T, int dx, int du)
{
    char id[16];
    record_init(r);
    snprintf(id, sizeof id, "%d", sequence);
    record_set_id(r, id);
    record_put(r, "x", fixture_array(sequence, 1, T, dx, 0.5));
    if (du == 0)
        return;
    struct array u = fixture_array(sequence, 2, T, du, 1);
    for (int i = 0; i < du; i++)
        ((double *)u.data)[(T - 1) * du + i] = NAN;
    record_put(r, "u", u);
}

/* Gives a record a mask: step t was seen where pattern[t] is '1'. */
static inline void fixture_mask(struct record *r, const char *pattern)
{
    size_t T = record_steps(r);
    struct array mask = array_new(DT_U1, 1, &T);
    for (size_t t = 0; t < T; t++)
        ((uint8_t *)mask.data)[t] = pattern[t] == '1';
    record_put(r, "mask", mask);
}

/* A data set of n sequences whose lengths go round between shortest and longest. */
static inline struct dataset fixture_dataset(int n, int shortest, int longest, int dx, int du)
{
    struct dataset d = {.n = n, .dx = dx, .du = du, .longest = (size_t)longest, .hash = 0xabcdef01, .header = header_new()};
    d.record = xcalloc((size_t)n, sizeof *d.record);
    for (int i = 0; i < n; i++) {
        fixture_record(&d.record[i], i, longest - i % (longest - shortest + 1), dx, du);
        d.observed += (double)record_seen(&d.record[i]);
    }
    header_field(d.header, "x", DT_F8, 1, (const size_t[]){(size_t)dx}, "numbers", NULL, NULL, NULL);
    return d;
}

/* ---- models ---- */

/* Settings of a kind: defaults, changed by a JSON text like {"latent": 3, "filter": true}. Caller frees. */
static inline void *fixture_settings(const struct model_kind *kind, const char *json)
{
    void *settings = xcalloc(1, kind->settings_size);
    json_t *all = json_loads(json, 0, NULL);
    const char *key;
    json_t *value;
    struct error e;
    if (!all)
        bug("fixture_settings: no JSON: %s", json);
    model_defaults(kind, settings);
    json_object_foreach(all, key, value) {
        json_t *one = json_object();
        json_object_set(one, key, value);
        if (options_from_json(options_model, settings, one, &e) && options_from_json(kind->options, settings, one, &e))
            bug("fixture_settings: %s", e.text);
        json_decref(one);
    }
    json_decref(all);
    return settings;
}

static inline struct model *fixture_model(const char *kind_name, const char *json, int dx, int du, uint64_t seed)
{
    const struct model_kind *kind = model_kind_find(kind_name);
    void *settings = fixture_settings(kind, json);
    struct error e;
    struct model *m = model_new(kind, settings, dx, du, NULL, seed, &e);
    if (!m)
        bug("fixture_model: %s", e.text);
    free(settings);
    return m;
}

/* An EKVAE small enough for finite differences. */
#define FIXTURE_TINY "\"encoder\": [4], \"decoder\": [4], \"bases\": 3, \"transition_hidden\": [3], \"vhp_hidden\": [3], \"sigma_x2\": 0.1"

/* A parameter's numbers by name; a missing name is a mistake of the test. */
static inline real *fixture_param(struct model *m, const char *name)
{
    int index = params_find(&m->params, name);
    if (index < 0)
        bug("fixture_param: there is no %s", name);
    return params_value(&m->params, index);
}

#endif
