/* Checkpoints: everything that the next update depends on, in an archive that appears whole or not at all. */
#include "train/run.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- what must be equal for a run to go on ---- */

static json_t *identity(const struct run *r)
{
    json_t *meta = json_pack("{s:s, s:i, s:s, s:s}", "format", "dssm-checkpoint", "version", 1, "program_version", DSSM_VERSION, "kind",
                             r->model->kind->name);
    json_object_set_new(meta, "data_crc32", json_integer(r->data->hash));
    if (r->io->provenance)
        json_object_set_new(meta, "settings", json_deep_copy(r->io->provenance));
    return meta;
}

/* The first key whose values differ is named. */
static int compare(const json_t *have, const json_t *want, const char *where, struct error *e)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)want, key, value) {
        json_t *other = json_object_get(have, key);
        if (json_is_object(value) && json_is_object(other)) {
            if (compare(other, value, key, e))
                return e->code;
        } else if (!json_equal(value, other)) {
            char *ours = json_dumps(value, JSON_ENCODE_ANY), *theirs = other ? json_dumps(other, JSON_ENCODE_ANY) : NULL;
            error_set(e, DSSM_BAD_INPUT, "checkpoint is of another run: %s%s%s is %s there, %s here", where, *where ? "." : "", key,
                      theirs ? theirs : "absent", ours);
            free(ours);
            free(theirs);
            return e->code;
        }
    }
    return DSSM_OK;
}

/* ---- positions as tensors ---- */

static void put_numbers(struct archive *a, const char *name, const double *numbers, size_t n)
{
    struct array array = array_new(DT_F8, 1, &n);
    memcpy(array.data, numbers, n * sizeof *numbers);
    archive_put(a, name, array);
}

static int get_numbers(const struct archive *a, const char *name, double *numbers, size_t n, struct error *e)
{
    const struct array *array = archive_get(a, name);
    if (!array || array->type != DT_F8 || array_count(array) != n)
        return error_set(e, DSSM_BAD_INPUT, "checkpoint: tensor %s: expected %zu numbers of type <f8", name, n);
    memcpy(numbers, array->data, n * sizeof *numbers);
    return DSSM_OK;
}

static void put_position(struct archive *a, const struct params *p, const struct position *at, const char *prefix)
{
    double numbers[POSITION_NUMBERS];
    char name[3][32];
    const real *vectors[3] = {at->value, at->adam.m, at->adam.v};
    for (int i = 0; i < 3; i++) {
        snprintf(name[i], sizeof name[i], "%s.%s/", prefix, (const char *[]){"value", "adam_m", "adam_v"}[i]);
        params_to_archive(p, vectors[i], name[i], a);
    }
    position_numbers(at, numbers);
    snprintf(name[0], sizeof name[0], "%s.numbers", prefix);
    put_numbers(a, name[0], numbers, POSITION_NUMBERS);
}

static int get_position(const struct archive *a, const struct params *p, struct position *at, const char *prefix, struct error *e)
{
    double numbers[POSITION_NUMBERS];
    char name[32];
    real *vectors[3] = {at->value, at->adam.m, at->adam.v};
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s.%s/", prefix, (const char *[]){"value", "adam_m", "adam_v"}[i]);
        if (params_from_archive(p, vectors[i], name, a, e))
            return e->code;
    }
    snprintf(name, sizeof name, "%s.numbers", prefix);
    if (get_numbers(a, name, numbers, POSITION_NUMBERS, e))
        return e->code;
    position_from_numbers(at, numbers);
    return DSSM_OK;
}

/* ---- saving and loading ---- */

enum { RUN_NUMBERS = 13 };

static void run_numbers(struct run *r, double *numbers[RUN_NUMBERS], double *starts_done, double *warned)
{
    double *all[RUN_NUMBERS] = {starts_done,       warned,      &r->skipped,        &r->skipped_in_row, &r->sum_distortion,
                                &r->sum_rate,      &r->sum_n,   &r->end_distortion, &r->end_rate,       &r->end_n,
                                &r->metrics_bytes, &r->numbers, &r->score_lambda};
    memcpy(numbers, all, sizeof all);
}

int checkpoint_save(struct run *r, struct error *e)
{
    if (!r->io->checkpoint || r->skipped_in_row > 0) /* after a skipped update the last good one stays */
        return DSSM_OK;
    struct archive a;
    double starts_done = r->starts_done, warned = r->warned, *from[RUN_NUMBERS], numbers[RUN_NUMBERS];
    if (r->metrics)
        r->metrics_bytes = (double)ftell(r->metrics);
    run_numbers(r, from, &starts_done, &warned);
    for (int i = 0; i < RUN_NUMBERS; i++)
        numbers[i] = *from[i];
    archive_init(&a);
    json_decref(a.meta);
    a.meta = identity(r);
    put_position(&a, &r->model->params, &r->now, "now");
    if (r->starts_done > 0 && r->starts_done < r->s->starts)
        put_position(&a, &r->model->params, &r->best, "best");
    put_numbers(&a, "run.numbers", numbers, RUN_NUMBERS);
    put_numbers(&a, "run.scores", r->score, (size_t)r->s->starts);
    struct output *out = output_open(r->io->checkpoint, e);
    int status = !out ? e->code : archive_write(&a, output_file(out), e);
    if (status == DSSM_OK)
        status = output_commit(out, e);
    else
        output_abort(out, e);
    archive_clear(&a);
    return status;
}

static int load_archive(struct run *r, const struct archive *a, struct error *e)
{
    json_t *want = identity(r);
    int status = compare(a->meta, want, "", e);
    json_decref(want);
    double starts_done, warned, *to[RUN_NUMBERS], numbers[RUN_NUMBERS];
    if (status || get_numbers(a, "run.numbers", numbers, RUN_NUMBERS, e) ||
        get_numbers(a, "run.scores", r->score, (size_t)r->s->starts, e) || get_position(a, &r->model->params, &r->now, "now", e))
        return e->code;
    run_numbers(r, to, &starts_done, &warned);
    for (int i = 0; i < RUN_NUMBERS; i++)
        *to[i] = numbers[i];
    if (!(starts_done >= 0 && starts_done <= r->s->starts))
        return error_set(e, DSSM_BAD_INPUT, "checkpoint: tensor run.numbers: expected 0 to %d starts, got %g", r->s->starts, starts_done);
    r->starts_done = (int)starts_done;
    r->warned = warned != 0;
    r->epoch = -1;
    if (r->starts_done > 0 && r->starts_done < r->s->starts)
        return get_position(a, &r->model->params, &r->best, "best", e);
    return DSSM_OK;
}

int checkpoint_load(struct run *r, bool *found, struct error *e)
{
    *found = false;
    FILE *f = r->io->checkpoint ? fopen(r->io->checkpoint, "rb") : NULL;
    if (!f && r->io->checkpoint && errno != ENOENT)
        return error_set(e, DSSM_FAILURE, "%s: cannot open: %m", r->io->checkpoint);
    if (!f)
        return DSSM_OK;
    struct archive a;
    int status = archive_read(&a, f, r->io->checkpoint, 0, e);
    if (status == DSSM_OK && (status = load_archive(r, &a, e)))
        error_prefix(e, "%s", r->io->checkpoint);
    *found = status == DSSM_OK;
    archive_clear(&a);
    fclose(f);
    return status;
}
