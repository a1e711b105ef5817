/* The run of a gen- program: its options, its sequences, the stream. */
#include "gen/gen.h"

#include <stdlib.h>

#define INTO(member) offsetof(struct generation, member)
const struct option_row options_generation[] = {
    {"sequences", 'n', OPT_INT, INTO(sequences), "500", 0, 2147483647, NULL, "N", "How many sequences."},
    {"steps", 0, OPT_INT, INTO(steps), "15", 1, 1000000, NULL, "T", "Steps of a sequence."},
    {"actions", 0, OPT_TEXT, INTO(actions), "iid", 0, 0, NULL, "HOW",
     "Controls, each number for itself: iid (a new uniform one each step), hold:K (each held for K steps), geometric:K (a new one with "
     "probability 1/K), ar:RHO (autoregressive, RHO times the last one and normal noise, standard deviation 0.6 of the largest control), "
     "bang:K (largest to either side, the other with probability 1/K) or zero."},
    {"burn-in", 0, OPT_INT, INTO(protocol.burn_in), "0", 0, 1000000, NULL, "N",
     "Steps that the plant has moved, by such controls, before a drawn sequence begins."},
    {"from-controls", 0, OPT_TEXT, INTO(from_controls), NULL, 0, 0, NULL, "STREAM",
     "Replay the controls u of this stream, from the first true state s where it has one; its other fields are passed on. Not with "
     "--sequences, --steps and --actions."},
    {"start-from", 0, OPT_TEXT, INTO(start_from), NULL, 0, 0, NULL, "FIELD",
     "With --from-controls: start from the first state in this field instead, for instance from what ols-predict made of a belief."},
    {"noise", 0, OPT_REAL, INTO(protocol.noise), "0", 0, 1e12, NULL, "SD",
     "Noise added to every observed number (of an image: values from 0 to 1, then clamped)."},
    {0},
};

/* A block of drawn sequences that threads work on; which of them does which does not matter. */
struct block {
    const struct plant *plant;
    const struct protocol *how;
    int first, steps;   /* number of the first sequence; T */
    struct record *rec; /* one a job */
    struct error *lost; /* likewise: what went wrong */
};

static void draw_sequence(void *arg, int index, int worker)
{
    const struct block *b = arg;
    const struct plant *p = b->plant;
    uint32_t i = (uint32_t)(b->first + index);
    struct record *rec = &b->rec[index];
    struct array u = array_new(DT_F4, 2, (size_t[]){(size_t)b->steps, (size_t)p->kind->controls});
    double start[SIM_MOST];
    char *id = xasprintf("%s-%llu-%06u", p->kind->name, (unsigned long long)b->how->seed, i);
    (void)worker;
    sim_start(p, b->how, i, start);
    sim_controls(p, b->how, i, b->steps, u.data);
    record_clear(rec);
    record_set_id(rec, id);
    b->lost[index].code = DSSM_OK;
    if (gen_simulate(p, b->how, i, start, u.data, b->steps, rec, &b->lost[index]))
        error_prefix(&b->lost[index], "%s", id);
    record_put(rec, "u", u);
    free(id);
}

/* Drawn sequences, a few for each thread at a time, written in their order. */
static int generate(const struct plant *p, const struct generation *g, const struct protocol *how, struct writer *w, struct error *e)
{
    struct pool *pool = pool_new(g->common.threads);
    int room = 4 * pool_threads(pool);
    struct block b = {p, how, 0, g->steps, xcalloc((size_t)room, sizeof *b.rec), xcalloc((size_t)room, sizeof *b.lost)};
    int code = DSSM_OK;
    for (; b.first < g->sequences && code == DSSM_OK; b.first += room) {
        int n = g->sequences - b.first < room ? g->sequences - b.first : room;
        pool_run(pool, n, draw_sequence, &b);
        for (int i = 0; i < n && code == DSSM_OK; i++)
            code = b.lost[i].code ? (*e = b.lost[i]).code : writer_put(w, &b.rec[i], e);
    }
    for (int i = 0; i < room; i++)
        record_clear(&b.rec[i]);
    free(b.rec);
    free(b.lost);
    pool_free(pool);
    return code;
}

/* What the run works with; `in` is NULL for drawn sequences. */
struct run {
    const struct program *program;
    const struct plant *plant;
    const struct generation *g;
    struct protocol how;
    const char *command;
    struct reader *in;
};

static int write_stream(const struct run *r, FILE *f, struct error *e)
{
    json_t *header = r->in ? header_copy(reader_header(r->in)) : header_new();
    gen_describe(header, r->plant);
    header_history(header, r->program->name, r->command, true, r->how.seed);
    struct writer *w = writer_open(f, header, false, e);
    json_decref(header);
    if (!w)
        return e->code;
    int code = r->in ? gen_replay(r->plant, &r->how, r->in, input_name(r->g->from_controls), r->g->start_from, w, e)
                     : generate(r->plant, r->g, &r->how, w, e);
    if (code != DSSM_OK) {
        writer_abandon(w);
        return code;
    }
    return writer_close(w, e);
}

static int write_output(const struct run *r, struct error *e)
{
    struct output *out = output_open(r->g->output, e);
    int code = out ? write_stream(r, output_file(out), e) : e->code;
    if (out && code == DSSM_OK)
        return output_commit(out, e);
    output_abort(out, e);
    return code;
}

/* What only drawn sequences have is refused for others. */
static int check_options(const struct generation *g, const struct operands *operands, struct error *e)
{
    static const char *const of_drawn[] = {"sequences", "steps", "actions"};
    if (g->start_from && !g->from_controls)
        return error_set(e, DSSM_USAGE, "--start-from: only with --from-controls");
    for (int i = 0; g->from_controls && i < 3; i++)
        if (option_given(operands, of_drawn[i]))
            return error_set(e, DSSM_USAGE, "--%s: not together with --from-controls", of_drawn[i]);
    return DSSM_OK;
}

int gen_run(const struct program *program, const struct plant *p, const struct generation *g, const struct operands *operands,
            const char *command, struct error *e)
{
    struct run r = {program, p, g, g->protocol, command, NULL};
    r.how.seed = g->common.seed;
    int code = actions_parse(g->actions, &r.how.actions, e);
    if (code == DSSM_OK)
        code = check_options(g, operands, e);
    if (code == DSSM_OK && !g->from_controls)
        code = gen_check_size(p, g->steps, e);
    if (code != DSSM_OK)
        return code;
    if (!g->from_controls)
        return write_output(&r, e);
    FILE *controls = input_open(g->from_controls, e);
    r.in = controls ? reader_open(controls, input_name(g->from_controls), NULL, e) : NULL;
    code = r.in ? write_output(&r, e) : e->code;
    if (r.in)
        reader_close(r.in);
    if (controls && controls != stdin)
        fclose(controls);
    return code;
}
