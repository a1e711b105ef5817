/* Snapshots: models of a training in progress, to look at how it learns. */
#include "train/run.h"

#include <stdlib.h>

/* FOLDER/START-UPDATE.npz, in digits that sort. The start is the number that metrics give. */
static char *snapshot_name(const struct run *r)
{
    return xasprintf("%s/%02.0f-%07.0f.npz", r->io->snapshots, r->now.start, r->now.update);
}

int snapshot_save(struct run *r, struct error *e)
{
    if (!r->io->snapshots || (int)r->now.update % r->io->snapshot_every != 0)
        return DSSM_OK;
    char *name = snapshot_name(r);
    json_decref(r->model->training);
    r->model->training = run_summary(r);
    int status = model_save(r->model, name, e);
    free(name);
    return status;
}
