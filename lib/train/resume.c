/* Archives that a learning run goes on from: they appear whole or not at all, and belong to one command and its data. */
#include "train/train.h"

#include <errno.h>
#include <string.h>

void resume_numbers_put(struct archive *a, const char *name, const double *numbers, size_t n)
{
    struct array array = array_new(DT_F8, 1, &n);
    memcpy(array.data, numbers, n * sizeof *numbers);
    archive_put(a, name, array);
}

int resume_numbers_get(const struct archive *a, const char *name, double *numbers, size_t n, struct error *e)
{
    const struct array *array = archive_get(a, name);
    if (!array || array->type != DT_F8 || array_count(array) != n)
        return error_set(e, DSSM_BAD_INPUT, "checkpoint: tensor %s: expected %zu numbers of type <f8", name, n);
    memcpy(numbers, array->data, n * sizeof *numbers);
    return DSSM_OK;
}

void resume_vectors_put(struct archive *a, const struct params *p, const char *prefix, const real *value, const struct adam *adam)
{
    const real *vector[3] = {value, adam->m, adam->v};
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s/", prefix, (const char *[]){"value", "adam_m", "adam_v"}[i]);
        params_to_archive(p, vector[i], name, a);
    }
}

int resume_vectors_get(const struct archive *a, const struct params *p, const char *prefix, real *value, struct adam *adam, struct error *e)
{
    real *vector[3] = {value, adam->m, adam->v};
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s/", prefix, (const char *[]){"value", "adam_m", "adam_v"}[i]);
        if (params_from_archive(p, vector[i], name, a, e))
            return e->code;
    }
    return DSSM_OK;
}

int resume_write(const char *path, const struct archive *a, struct error *e)
{
    struct output *out = output_open(path, e);
    int status = !out ? e->code : archive_write(a, output_file(out), e);
    if (status == DSSM_OK)
        return output_commit(out, e);
    output_abort(out, e);
    return status;
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

int resume_read(const char *path, const json_t *identity, struct archive *a, bool *found, struct error *e)
{
    *found = false;
    *a = (struct archive){0};
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (!f && path && errno != ENOENT)
        return error_set(e, DSSM_FAILURE, "%s: cannot open: %m", path);
    if (!f)
        return DSSM_OK;
    int status = archive_read(a, f, path, 0, e);
    if (status == DSSM_OK && (status = compare(a->meta, identity, "", e)))
        error_prefix(e, "%s", path);
    *found = status == DSSM_OK;
    fclose(f);
    return status;
}
