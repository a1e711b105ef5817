/* Checkpoints: everything that the next update depends on, in an archive that appears whole or not at all. */
#include "train/run.h"

#include <string.h>

/* ---- what must be equal for a run to go on ---- */

/* Of the parameters that the starts begin with (--from), or null. */
static json_t *from_crc32(const struct run *r)
{
    struct params from = {.size = r->model->params.size, .value = (real *)(uintptr_t)r->io->from};
    return from.value ? json_integer(params_crc32(&from)) : json_null();
}

static json_t *identity(const struct run *r)
{
    json_t *meta = json_pack("{s:s, s:i, s:s, s:s}", "format", "dssm-checkpoint", "version", 1, "program_version", DSSM_VERSION, "kind",
                             r->model->kind->name);
    json_object_set_new(meta, "data_crc32", json_integer(r->data->hash));
    json_object_set_new(meta, "from_crc32", from_crc32(r));
    if (r->io->provenance)
        json_object_set_new(meta, "settings", json_deep_copy(r->io->provenance));
    return meta;
}

/* ---- positions as tensors ---- */

static void put_position(struct archive *a, const struct params *p, const struct position *at, const char *prefix)
{
    double numbers[POSITION_NUMBERS];
    char name[32];
    resume_vectors_put(a, p, prefix, at->value, &at->adam);
    position_numbers(at, numbers);
    snprintf(name, sizeof name, "%s.numbers", prefix);
    resume_numbers_put(a, name, numbers, POSITION_NUMBERS);
}

static int get_position(const struct archive *a, const struct params *p, struct position *at, const char *prefix, struct error *e)
{
    double numbers[POSITION_NUMBERS];
    char name[32];
    snprintf(name, sizeof name, "%s.numbers", prefix);
    if (resume_vectors_get(a, p, prefix, at->value, &at->adam, e) || resume_numbers_get(a, name, numbers, POSITION_NUMBERS, e))
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
    if (r->metrics.file)
        r->metrics_bytes = lines_bytes(&r->metrics);
    run_numbers(r, from, &starts_done, &warned);
    for (int i = 0; i < RUN_NUMBERS; i++)
        numbers[i] = *from[i];
    archive_init(&a);
    json_decref(a.meta);
    a.meta = identity(r);
    put_position(&a, &r->model->params, &r->now, "now");
    if (r->starts_done > 0 && r->starts_done < r->s->starts)
        put_position(&a, &r->model->params, &r->best, "best");
    resume_numbers_put(&a, "run.numbers", numbers, RUN_NUMBERS);
    resume_numbers_put(&a, "run.scores", r->score, (size_t)r->s->starts);
    int status = resume_write(r->io->checkpoint, &a, e);
    archive_clear(&a);
    return status;
}

static int load_archive(struct run *r, const struct archive *a, struct error *e)
{
    double starts_done = 0, warned = 0, *to[RUN_NUMBERS], numbers[RUN_NUMBERS];
    if (resume_numbers_get(a, "run.numbers", numbers, RUN_NUMBERS, e) ||
        resume_numbers_get(a, "run.scores", r->score, (size_t)r->s->starts, e) || get_position(a, &r->model->params, &r->now, "now", e))
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
    struct archive a;
    json_t *want = identity(r);
    int status = resume_read(r->io->checkpoint, want, &a, found, e);
    if (*found && (status = load_archive(r, &a, e)))
        error_prefix(e, "%s", r->io->checkpoint);
    *found = *found && status == DSSM_OK;
    archive_clear(&a);
    json_decref(want);
    return status;
}
