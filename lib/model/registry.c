/* The kinds of model: a line each. */
#include "model/model.h"

#include <string.h>

extern const struct model_kind model_ekvae;
extern const struct model_kind model_dks;
extern const struct model_kind model_dvbs;
extern const struct model_kind model_kvae;
extern const struct model_kind model_rssm;

const struct model_kind *const model_kinds[] = {
    &model_ekvae, &model_dks, &model_dvbs, &model_kvae, &model_rssm, NULL,
};

const struct model_kind *model_kind_find(const char *name)
{
    for (int i = 0; model_kinds[i]; i++)
        if (strcmp(model_kinds[i]->name, name) == 0)
            return model_kinds[i];
    return NULL;
}
