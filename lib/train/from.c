/* --from MODEL: a training that begins with another model's parameters. */
#include "train/run.h"

#include <string.h>

/* Has it the parameters of the one that is to be trained? */
static int check(const struct model *from, const struct model *m, const char *path, struct error *e)
{
    if (from->kind != m->kind)
        return error_set(e, DSSM_BAD_INPUT, "--from: %s: expected a model of kind %s, got %s", path, m->kind->name, from->kind->name);
    const struct params *have = &from->params, *want = &m->params;
    for (int i = 0; i < want->n; i++) {
        const struct param *w = &want->entry[i];
        int k = params_find(have, w->name);
        if (k != i || have->entry[k].rows != w->rows || have->entry[k].cols != w->cols)
            return error_set(e, DSSM_BAD_INPUT, "--from: %s: %s: expected %d×%d numbers as the settings ask for, got %d×%d", path, w->name,
                             w->rows, w->cols, k < 0 ? 0 : have->entry[k].rows, k < 0 ? 0 : have->entry[k].cols);
    }
    if (have->n != want->n)
        return error_set(e, DSSM_BAD_INPUT, "--from: %s: expected %d tensors as the settings ask for, got %d", path, want->n, have->n);
    return DSSM_OK;
}

/* What no training moves is a setting's, or fitted to what was trained: the new model's own. */
static void keep_own(struct model *from, const struct model *m)
{
    for (int i = 0; i < m->params.n; i++) {
        const struct param *entry = &m->params.entry[i];
        if (!(entry->group & GROUP_ALL))
            memcpy(params_value(&from->params, i), params_value(&m->params, i), (size_t)(entry->rows * entry->cols) * sizeof(real));
    }
}

int from_load(const char *path, const struct model *m, struct model **from, struct error *e)
{
    *from = NULL;
    if (!path)
        return DSSM_OK;
    if (!(*from = model_load(path, e)))
        return e->code;
    int code = check(*from, m, path, e);
    if (code == DSSM_OK)
        keep_own(*from, m);
    return code;
}
