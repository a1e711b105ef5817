/* R² of true quantities given latent states: features, targets, and the names of the results. */
#include "judge/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct r2 {
    int d, q, targets, cubic_features;
    struct quantity *quantity;
    struct ols *linear, *cubic; /* cubic: NULL if not asked for */
    double *y, *features;       /* one row */
    uint64_t rows, left_out;
};

struct r2 *r2_new(int d, int q, const struct quantity *quantity, bool cubic)
{
    struct r2 *r = xcalloc(1, sizeof *r);
    if (cubic && d > CUBIC_MOST)
        bug("r2: cubic features of %d latent dimensions, at most %d", d, CUBIC_MOST);
    r->d = d;
    r->q = q;
    r->quantity = xmalloc((size_t)q * sizeof *quantity);
    memcpy(r->quantity, quantity, (size_t)q * sizeof *quantity);
    for (int i = 0; i < q; i++)
        r->targets += quantity[i].circle ? 3 : 1;
    r->cubic_features = cubic ? cubic_count(d) : 0;
    r->linear = ols_new(d, r->targets);
    r->cubic = cubic ? ols_new(r->cubic_features, r->targets) : NULL;
    r->y = xmalloc((size_t)r->targets * sizeof *r->y);
    r->features = xmalloc((size_t)(r->cubic_features + 1) * sizeof *r->features);
    return r;
}

void r2_free(struct r2 *r)
{
    if (!r)
        return;
    ols_free(r->linear);
    ols_free(r->cubic);
    free(r->quantity);
    free(r->y);
    free(r->features);
    free(r);
}

/* A row's quantities as regression targets. */
static void targets(const struct r2 *r, const double *y, double *out)
{
    for (int i = 0; i < r->q; i++) {
        if (r->quantity[i].circle) {
            *out++ = sin(y[i]);
            *out++ = cos(y[i]);
        }
        *out++ = y[i];
    }
}

void r2_add(struct r2 *r, size_t n, const double *z, const double *y)
{
    for (size_t i = 0; i < n; i++, z += r->d, y += r->q) {
        if (!all_finite(r->d, z) || !all_finite(r->q, y)) {
            r->left_out++;
            continue;
        }
        r->rows++;
        targets(r, y, r->y);
        ols_add(r->linear, z, r->y);
        if (r->cubic) {
            cubic_features(r->d, z, r->features);
            ols_add(r->cubic, r->features, r->y);
        }
    }
}

uint64_t r2_rows(const struct r2 *r)
{
    return r->rows;
}

uint64_t r2_left_out(const struct r2 *r)
{
    return r->left_out;
}

static int scores(const struct r2 *r, struct ols *fit, struct r2_score *out, struct error *e)
{
    double *r2 = xmalloc((size_t)r->targets * sizeof *r2), *next = r2;
    int code = ols_r2(fit, r2, e);
    for (int i = 0; i < r->q && code == DSSM_OK; i++) {
        if (r->quantity[i].circle) {
            out[i] = (struct r2_score){(next[0] + next[1]) / 2, next[0], next[1], next[2]};
            next += 3;
        } else {
            out[i] = (struct r2_score){*next++, NAN, NAN, NAN};
        }
    }
    free(r2);
    return code;
}

int r2_scores(struct r2 *r, struct r2_score *linear, struct r2_score *cubic, struct error *e)
{
    int code = scores(r, r->linear, linear, e);
    if (code == DSSM_OK && cubic && !r->cubic)
        bug("r2: no cubic regression was asked for");
    return code == DSSM_OK && cubic ? scores(r, r->cubic, cubic, e) : code;
}

/* ---- names ---- */

static void put(json_t *object, const char *name, const char *part, const char *suffix, double value)
{
    char *key = xasprintf("r2_%s%s%s%s", name, *name && *part ? "_" : "", part, suffix);
    json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
    free(key);
}

static void put_scores(const struct r2 *r, json_t *object, const struct r2_score *score, const char *suffix)
{
    int circles = (r->targets - r->q) / 2;
    for (int i = 0; i < r->q; i++) {
        const char *name = r->quantity[i].name, *prefix = circles > 1 ? name : "";
        put(object, name, "", suffix, score[i].r2);
        if (r->quantity[i].circle) {
            put(object, prefix, "sin", suffix, score[i].sin);
            put(object, prefix, "cos", suffix, score[i].cos);
            put(object, prefix, "unwrapped", suffix, score[i].unwrapped);
        }
    }
}

int r2_json(struct r2 *r, json_t *object, struct error *e)
{
    struct r2_score *score = xmalloc(2 * (size_t)r->q * sizeof *score), *cubic = r->cubic ? score + r->q : NULL;
    int code = r2_scores(r, score, cubic, e);
    if (code == DSSM_OK) {
        put_scores(r, object, score, "");
        if (cubic)
            put_scores(r, object, cubic, "_cubic");
    }
    free(score);
    return code;
}

int quantities_read(const json_t *header, const char *field, struct quantity **out, struct error *e)
{
    const json_t *f = header_get_field(header, field), *names = json_object_get(f, "names"), *kinds = json_object_get(f, "kinds");
    const json_t *shape = json_object_get(f, "shape");
    json_int_t q =
        json_array_size(shape) == 1 ? json_integer_value(json_array_get(shape, 0)) : json_is_array(shape) && !json_array_size(shape);
    *out = NULL;
    if (q < 1 || q > 1000) {
        error_set(e, DSSM_BAD_INPUT, "header: field %s: %s", field, f ? "expected a shape [] or [Q], Q from 1 to 1000" : "not described");
        return 0;
    }
    *out = xcalloc((size_t)q, sizeof **out);
    for (size_t i = 0; i < (size_t)q; i++) {
        const char *name = json_string_value(json_array_get(names, i)), *kind = json_string_value(json_array_get(kinds, i));
        if (name)
            snprintf((*out)[i].name, sizeof(*out)[i].name, "%s", name);
        else
            snprintf((*out)[i].name, sizeof(*out)[i].name, "s%zu", i + 1);
        (*out)[i].circle = kind && !strcmp(kind, "circle");
    }
    return (int)q;
}
