/* gen-pendulum: simulates the pendulum, draws it, writes a stream. */
#include "cli/cli.h"
#include "sim/sim.h"
#include "stream/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    struct pendulum pendulum;
    struct protocol protocol;
    struct common common;
    int sequences, steps;
    const char *actions, *from_controls, *output;
};

#define PLANT(member) offsetof(struct settings, pendulum.member)
static const struct option_row plant_rows[] = {
    {"dt", 0, OPT_REAL, PLANT(dt), "0.05", 1e-6, 10, NULL, "S", "Control interval, seconds."},
    {"substeps", 0, OPT_INT, PLANT(substeps), "10", 1, 100000, NULL, "N", "Runge-Kutta steps in a control interval."},
    {"friction", 0, OPT_REAL, PLANT(friction), "0.5", 0, 1e12, NULL, "MU", "Friction, N m s."},
    {"gravity", 0, OPT_REAL, PLANT(gravity), "9.81", 0, 1e12, NULL, "G", "Acceleration of gravity, m/s2."},
    {0},
};
static const struct option_row protocol_rows[] = {
    {"sequences", 'n', OPT_INT, offsetof(struct settings, sequences), "500", 0, 2147483647, NULL, "N", "How many sequences."},
    {"steps", 0, OPT_INT, offsetof(struct settings, steps), "15", 1, 1000000, NULL, "T", "Steps of a sequence."},
    {"start", 0, OPT_CHOICE, PLANT(start), "uniform", 0, 0, "uniform|hang|upright", "HOW",
     "Start at any angle with any velocity up to --v0, or at rest hanging or upright."},
    {"v0", 0, OPT_REAL, PLANT(v0), "6.6", 0, 1e12, NULL, "RAD/S", "Largest starting velocity."},
    {"actions", 0, OPT_TEXT, offsetof(struct settings, actions), "iid", 0, 0, NULL, "HOW",
     "Torques: iid (a new one each step), hold:K (each held for K steps) or zero."},
    {"u-max", 0, OPT_REAL, PLANT(u_max), "5", 0, 1e12, NULL, "NM", "Largest torque, N m."},
    {"from-controls", 0, OPT_TEXT, offsetof(struct settings, from_controls), NULL, 0, 0, NULL, "STREAM",
     "Replay the controls u of this stream, from the first true state s where it has one; its other fields are passed on."},
    {0},
};
static const struct option_row view_rows[] = {
    {"observe", 0, OPT_CHOICE, PLANT(observe), "image", 0, 0, "image|angle|sincos", "WHAT", "What x is."},
    {"size", 0, OPT_INT, PLANT(size), "16", 2, 512, NULL, "PX", "Side of the square image, pixels."},
    {"radius", 0, OPT_REAL, PLANT(radius), "5", 0, 100, NULL, "R", "Radius of the bob's circle, in sixteenths of the side."},
    {"blob", 0, OPT_REAL, PLANT(blob), "1.2", 0.01, 100, NULL, "SD", "Standard deviation of the bob, in sixteenths of the side."},
    {"ball", 0, OPT_FLAG, PLANT(ball), NULL, 0, 0, NULL, NULL, "Draw a hard disc with as much light as the blob."},
    {"noise", 0, OPT_REAL, offsetof(struct settings, protocol.noise), "0", 0, 1e12, NULL, "SD",
     "Noise added to every observed number (of an image: values from 0 to 1, then clamped)."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Protocol", protocol_rows, &settings},
    {"Plant", plant_rows, &settings},
    {"Picture", view_rows, &settings},
    {"Output", options_output, &settings.output},
    {"Common", options_common, &settings.common},
    {0},
};
static const struct program program = {
    .name = "gen-pendulum",
    .reads_writes = "nothing in, stream out: simulate a pendulum, draw it",
    .operands = "",
    .examples = "gen-pendulum --seed 1 -o train.msgpack\n"
                "gen-pendulum -n 500 --seed 2 | seq-frames --sequences 8 -o sheet.png\n"
                "gen-pendulum --start hang --actions hold:5 --observe angle --steps 100\n",
    .groups = groups,
};

/* ---- what is written, for any plant ---- */

static void describe(json_t *header, const struct plant *p)
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

static struct array observed(const struct plant *p, const struct protocol *how, uint32_t sequence, int steps, const double *s)
{
    struct view v = p->kind->view(p->settings);
    struct array x = array_new(v.height ? DT_U1 : DT_F4, 2, (size_t[]){(size_t)steps, (size_t)v.n});
    double *frame = xmalloc((size_t)v.n * sizeof *frame);
    for (int t = 0; t < steps; t++) {
        sim_observe(p, how, sequence, (uint32_t)t, s + t * p->kind->states, frame);
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

/* Rolls the plant from s[0] through u and puts x and s into the record, which has u. */
static void simulate(const struct plant *p, const struct protocol *how, uint32_t sequence, const double *start, const float *u, int steps,
                     struct record *rec)
{
    struct array s = array_new(DT_F8, 2, (size_t[]){(size_t)steps, (size_t)p->kind->states});
    memcpy(s.data, start, (size_t)p->kind->states * sizeof *start);
    sim_roll(p, steps, u, s.data);
    record_put(rec, "x", observed(p, how, sequence, steps, s.data));
    record_put(rec, "s", s);
}

/* A block of drawn sequences that threads work on; which of them does which does not matter. */
struct block {
    const struct plant *plant;
    const struct settings *set;
    int first;          /* number of the first sequence */
    struct record *rec; /* one a job */
};

static void draw_sequence(void *arg, int index, int worker)
{
    const struct block *b = arg;
    const struct plant *p = b->plant;
    const struct protocol *how = &b->set->protocol;
    uint32_t i = (uint32_t)(b->first + index);
    struct record *rec = &b->rec[index];
    struct array u = array_new(DT_F4, 2, (size_t[]){(size_t)b->set->steps, (size_t)p->kind->controls});
    double start[SIM_MOST];
    char *id = xasprintf("%s-%llu-%06u", p->kind->name, (unsigned long long)how->seed, i);
    (void)worker;
    sim_start(p, how, i, start);
    sim_controls(p, how, i, b->set->steps, u.data);
    record_clear(rec);
    record_set_id(rec, id);
    simulate(p, how, i, start, u.data, b->set->steps, rec);
    record_put(rec, "u", u);
    free(id);
}

/* A sequence that no reader would take is refused before it is drawn. */
static int check_size(const struct plant *p, int steps, struct error *e)
{
    struct view v = p->kind->view(p->settings);
    size_t step = (size_t)v.n * (v.height ? 1 : 4) + (size_t)p->kind->controls * 4 + (size_t)p->kind->states * 8;
    size_t most = stream_limits_default.record_bytes - 65536;
    if ((size_t)steps <= most / step)
        return DSSM_OK;
    return error_set(e, DSSM_USAGE, "a sequence of %d steps takes %zu bytes, more than a record's %zu: at most %zu such steps", steps,
                     (size_t)steps * step, stream_limits_default.record_bytes, most / step);
}

/* Drawn sequences, a few for each thread at a time, written in their order. */
static int generate(const struct plant *p, const struct settings *set, struct writer *w, struct error *e)
{
    int threads = set->common.threads ? set->common.threads : (int)sysconf(_SC_NPROCESSORS_ONLN), room = 4 * threads;
    struct block b = {p, set, 0, xcalloc((size_t)room, sizeof *b.rec)};
    struct pool *pool = pool_new(threads);
    int code = DSSM_OK;
    for (; b.first < set->sequences && code == DSSM_OK; b.first += room) {
        int n = set->sequences - b.first < room ? set->sequences - b.first : room;
        pool_run(pool, n, draw_sequence, &b);
        for (int i = 0; i < n && code == DSSM_OK; i++)
            code = writer_put(w, &b.rec[i], e);
    }
    for (int i = 0; i < room; i++)
        record_clear(&b.rec[i]);
    free(b.rec);
    pool_free(pool);
    return code;
}

/* "[15,2]", for messages; "nothing" without an array. */
static const char *shape_text(const struct array *a, char text[64])
{
    int n = snprintf(text, 64, a ? "[" : "nothing");
    for (int i = 0; a && i < a->dims && n < 64; i++)
        n += snprintf(text + n, (size_t)(64 - n), "%zu%s", a->shape[i], i + 1 < a->dims ? "," : "]");
    return text;
}

/* The controls of a record as float; NULL with e if they do not fit the plant. Caller frees. */
static float *given_controls(const struct plant *p, const struct record *rec, int *steps, struct error *e)
{
    const struct array *u = record_get(rec, "u");
    size_t width = (size_t)p->kind->controls;
    char text[64];
    if (!u || u->dims != 2 || u->shape[1] != width || u->shape[0] < 1 || u->shape[0] > 1000000) {
        error_set(e, DSSM_BAD_INPUT, "field u: expected shape [T,%zu], T from 1 to 1000000, got %s", width, shape_text(u, text));
        return NULL;
    }
    float *out = xmalloc(u->shape[0] * width * sizeof *out);
    for (size_t i = 0; i < u->shape[0] * width; i++) {
        out[i] = (float)array_get(u, i);
        if (!isfinite(out[i])) {
            error_set(e, DSSM_BAD_INPUT, "field u: step %zu: expected a finite number, got %g", i / width, (double)out[i]);
            free(out);
            return NULL;
        }
    }
    *steps = (int)u->shape[0];
    return out;
}

/* The first true state of a record, or a drawn one if it has no s. */
static int given_start(const struct plant *p, const struct protocol *how, uint32_t sequence, const struct record *rec, double *start,
                       struct error *e)
{
    const struct array *s = record_get(rec, "s");
    size_t width = (size_t)p->kind->states;
    char text[64];
    sim_start(p, how, sequence, start);
    if (!s)
        return DSSM_OK;
    if (s->dims != 2 || s->shape[0] < 1 || s->shape[1] != width)
        return error_set(e, DSSM_BAD_INPUT, "field s: expected shape [T,%zu] (%s), got %s", width, p->kind->state_names,
                         shape_text(s, text));
    for (size_t i = 0; i < width; i++) {
        start[i] = array_get(s, i);
        if (!isfinite(start[i]))
            return error_set(e, DSSM_BAD_INPUT, "field s: step 0: expected finite numbers, got %g", start[i]);
    }
    return DSSM_OK;
}

/* Controls of another stream's records, replayed. */
static int replay(const struct plant *p, const struct settings *set, struct reader *in, struct writer *w, struct error *e)
{
    struct record rec;
    int more, code = DSSM_OK;
    record_init(&rec);
    while ((more = reader_next(in, &rec, e)) > 0) {
        uint32_t sequence = (uint32_t)(reader_count(in) - 1);
        double start[SIM_MOST];
        int steps = 0;
        float *u = given_controls(p, &rec, &steps, e);
        code = u ? check_size(p, steps, e) : e->code;
        if (code == DSSM_OK)
            code = given_start(p, &set->protocol, sequence, &rec, start, e);
        if (code == DSSM_OK) {
            simulate(p, &set->protocol, sequence, start, u, steps, &rec);
            code = writer_put(w, &rec, e);
        } else {
            error_prefix(e, "%s: record %llu", input_name(set->from_controls), (unsigned long long)reader_count(in));
        }
        free(u);
        if (code != DSSM_OK)
            break;
    }
    record_clear(&rec);
    return more < 0 ? e->code : code;
}

/* ---- the program ---- */

static int write_stream(const struct plant *p, const char *command, struct reader *in, FILE *f, struct error *e)
{
    json_t *header = in ? header_copy(reader_header(in)) : header_new();
    describe(header, p);
    header_history(header, program.name, command, true, settings.protocol.seed);
    struct writer *w = writer_open(f, header, false, e);
    json_decref(header);
    if (!w)
        return e->code;
    int code = in ? replay(p, &settings, in, w, e) : generate(p, &settings, w, e);
    if (code != DSSM_OK) {
        writer_abandon(w);
        return code;
    }
    return writer_close(w, e);
}

static int run(const char *command, struct error *e)
{
    struct plant plant = {&plant_pendulum, &settings.pendulum};
    FILE *controls = NULL;
    struct reader *in = NULL;
    int code = actions_parse(settings.actions, &settings.protocol.actions, e);
    settings.protocol.seed = settings.common.seed;
    if (code == DSSM_OK && !settings.from_controls)
        code = check_size(&plant, settings.steps, e);
    if (code != DSSM_OK)
        return code;
    if (settings.from_controls) {
        controls = input_open(settings.from_controls, e);
        in = controls ? reader_open(controls, input_name(settings.from_controls), NULL, e) : NULL;
    }
    struct output *out = settings.from_controls && !in ? NULL : output_open(settings.output, e);
    code = out ? write_stream(&plant, command, in, output_file(out), e) : e->code;
    if (out && code == DSSM_OK)
        code = output_commit(out, e);
    else
        output_abort(out, e);
    if (in)
        reader_close(in);
    if (controls && controls != stdin)
        fclose(controls);
    return code;
}

int main(int argc, char **argv)
{
    struct operands operands;
    struct error e = {0};
    int status;
    if (!program_start(&program, argc, argv, &operands, &status))
        return status;
    char *command = command_line(argc, argv);
    int code = run(command, &e);
    free(command);
    return code == DSSM_OK ? program_end(&program) : program_fail(&program, &e);
}
