/* What the files of lib/model share among themselves; nobody else includes this. */
#ifndef DSSM_MODEL_PARTS_H
#define DSSM_MODEL_PARTS_H

#include "model/model.h"

/* Beliefs about the states of a batch, made from the B records; with a carry (filtered only) they go on from it. Begins the tape
 * (beliefs.c). */
void beliefs_of_batch(const struct model *m, struct tape *t, const struct batch *b, const struct record *records, enum inference how,
                      struct carry *carry, const struct beliefs_settings *s, struct beliefs *out);

/* The picture that an observation is, of which the header's description of x tells the shape; or one pixel of dx channels (coder.c). */
struct image picture_of(const struct model *m);
/* Can encoder and decoder have the layers that the settings name, for dx observations so described? */
int coder_check(const struct model_settings *s, int dx, const json_t *x_field, struct error *e);

#endif
