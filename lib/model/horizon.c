/* Records made longer than what was observed. */
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct array extended(const struct array *a, size_t more, double fill)
{
    size_t shape[ARRAY_MAX_DIMS];
    memcpy(shape, a->shape, sizeof shape);
    shape[0] += more;
    struct array longer = array_new(a->type, a->dims, shape);
    memcpy(longer.data, a->data, array_bytes(a));
    if (a->type == DT_F4 || a->type == DT_F8)
        for (size_t i = array_count(a); i < array_count(&longer); i++)
            array_set(&longer, i, fill);
    return longer;
}

/* A control that no longer is the last one must be a number. */
static void settle_control(struct array *u, size_t step)
{
    size_t width = array_step(u);
    for (size_t i = step * width; i < (step + 1) * width; i++)
        if (!isfinite(array_get(u, i)))
            array_set(u, i, 0);
}

void record_extend(struct record *r, const json_t *header, size_t more)
{
    size_t steps = record_steps(r);
    if (more == 0)
        return;
    if (!record_get(r, "mask")) {
        struct array mask = array_new(DT_B1, 1, &steps);
        memset(mask.data, 1, steps);
        record_put(r, "mask", mask);
    }
    for (int i = 0; i < r->n; i++) {
        struct field *f = &r->field[i];
        bool is_u = strcmp(f->name, "u") == 0, is_mask = strcmp(f->name, "mask") == 0;
        if (f->raw || f->array.dims < 1 || f->array.shape[0] != steps || !(is_u || is_mask || header_get_field(header, f->name)))
            continue;
        struct array longer = extended(&f->array, more, is_u ? 0 : NAN);
        if (is_u && (longer.type == DT_F4 || longer.type == DT_F8))
            settle_control(&longer, steps - 1);
        free(f->array.data);
        f->array = longer;
    }
}
