/* The filter, record by record: one lane, one tape, and what it carries from step to step. */
#include "model/parts.h"

#include <stdlib.h>

struct online {
    const struct model *m;
    struct beliefs_settings s;
    struct tape *tape;
    struct carry carry;
    uint32_t sequences; /* begun so far */
};

struct online *online_new(const struct model *m, const struct beliefs_settings *s)
{
    struct online *o = xcalloc(1, sizeof *o);
    o->m = m;
    o->s = s ? *s : (struct beliefs_settings){0};
    o->tape = tape_new();
    o->carry = carry_new(m, 1);
    return o;
}

void online_next(struct online *o, const struct record *r, bool goes_on, struct beliefs *out)
{
    struct batch b;
    if (!goes_on) {
        o->carry.steps = 0;
        o->sequences++;
    }
    batch_fill(&b, r, &(int){0}, 1, o->m->dx, o->m->du, 0, (int)record_steps(r));
    b.sequence[0] = o->sequences - 1;
    b.first_step = o->carry.steps;
    beliefs_of_batch(o->m, o->tape, &b, r, INFER_FILTERED, &o->carry, &o->s, out);
    batch_free(&b);
}

void online_act(struct online *o, const real *u)
{
    for (int i = 0; i < o->m->du; i++) /* a carry's last rows (carry_end) */
        o->carry.v[o->carry.rows - o->m->du + i] = u[i];
}

void online_free(struct online *o)
{
    if (!o)
        return;
    tape_free(o->tape);
    carry_free(&o->carry);
    free(o);
}
