/* A plant in a stream: its fields in the header, and one sequence as a record. */
#include "gen/gen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void gen_describe(json_t *header, const struct plant *p)
{
    const struct plant_kind *k = p->kind;
    struct view v = k->view(p->settings);
    header_field(header, "x", v.height ? DT_U1 : DT_F4, 1, &(size_t){(size_t)v.n}, v.meaning, v.unit, v.kinds, v.names);
    header_field(header, "u", DT_F4, 1, &(size_t){(size_t)k->controls}, k->control_meaning, k->control_unit, NULL, k->control_names);
    header_field(header, "s", DT_F8, 1, &(size_t){(size_t)k->states}, k->state_meaning, k->state_unit, k->state_kinds, k->state_names);
    if (v.height)
        json_object_set_new(json_object_get(json_object_get(header, "fields"), "x"), "image",
                            json_pack("[iii]", v.height, v.width, v.channels));
}

int gen_check_size(const struct plant *p, int steps, struct error *e)
{
    struct view v = p->kind->view(p->settings);
    size_t step = (size_t)v.n * (v.height ? 1 : 4) + (size_t)p->kind->controls * 4 + (size_t)p->kind->states * 8;
    size_t most = stream_limits_default.record_bytes - 65536;
    if ((size_t)steps <= most / step)
        return DSSM_OK;
    return error_set(e, DSSM_USAGE, "a sequence of %d steps takes %zu bytes, more than a record's %zu: at most %zu such steps", steps,
                     (size_t)steps * step, stream_limits_default.record_bytes, most / step);
}

struct array gen_observed(const struct plant *p, const struct protocol *how, uint32_t sequence, int first, int steps, const double *s)
{
    struct view v = p->kind->view(p->settings);
    struct array x = array_new(v.height ? DT_U1 : DT_F4, 2, (size_t[]){(size_t)steps, (size_t)v.n});
    double *frame = xmalloc((size_t)v.n * sizeof *frame);
    for (int t = 0; t < steps; t++) {
        sim_observe(p, how, sequence, (uint32_t)(first + t), s + t * p->kind->states, frame);
        for (int i = 0; i < v.n; i++) {
            if (v.height)
                ((uint8_t *)x.data)[t * v.n + i] = pixel_byte(frame[i]);
            else
                ((float *)x.data)[t * v.n + i] = (float)frame[i];
        }
    }
    free(frame);
    return x;
}

int gen_check_states(const struct plant *p, int first, int steps, const double *s, struct error *e)
{
    for (int i = 0; i < steps * p->kind->states; i++)
        if (!isfinite((float)s[i])) /* as numbers of x hold it */
            return error_set(e, DSSM_DIVERGED, "step %d: the simulated state is not finite", first + i / p->kind->states + 1);
    return DSSM_OK;
}

int gen_simulate(const struct plant *p, const struct protocol *how, uint32_t sequence, const double *start, const float *u, int steps,
                 struct record *rec, struct error *e)
{
    struct array s = array_new(DT_F8, 2, (size_t[]){(size_t)steps, (size_t)p->kind->states});
    memcpy(s.data, start, (size_t)p->kind->states * sizeof *start);
    sim_roll(p, steps, u, s.data);
    if (gen_check_states(p, 0, steps, s.data, e)) {
        free(s.data);
        return DSSM_DIVERGED;
    }
    record_put(rec, "x", gen_observed(p, how, sequence, 0, steps, s.data));
    record_put(rec, "s", s);
    return DSSM_OK;
}
