/* rollout: predicts sequences from their first steps, or generates them from the learned prior. */
#include "cli/cli.h"
#include "model/model.h"
#include "stream/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum from { FROM_SMOOTHED, FROM_FILTERED };
enum start { START_SAMPLE, START_MEAN };
enum controls { CONTROLS_AUTO, CONTROLS_GIVEN, CONTROLS_ZERO, CONTROLS_UNIFORM };
struct settings {
    int context, from, start, horizon, draws;
    int generate, steps;
    double u_max;
    int controls;
    bool sample, mean;
    const char *output;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row predict_rows[] = {
    {"context", 'k', OPT_INT, AT(context), "5", 1, 1000000, NULL, "K", "Steps at the start of each sequence that the model may look at."},
    {"from", 0, OPT_CHOICE, AT(from), "smoothed", 0, 0, "smoothed|filtered", "STATE",
     "Roll from the first state given these steps, or from the K-th given the steps up to it."},
    {"z1", 0, OPT_CHOICE, AT(start), "sample", 0, 0, "sample|mean", "HOW", "Draw that state from its belief, or take the mean."},
    {"horizon", 0, OPT_INT, AT(horizon), "0", 0, 100000, NULL, "H", "Predict so many steps beyond the end; fields grow, mask is 0 there."},
    {"draws", 0, OPT_INT, AT(draws), "1", 1, 1000, NULL, "N",
     "Predict each sequence N times, from draws of their own: records ID#1 to ID#N, the first as without this option."},
    {0},
};
static const struct option_row generate_rows[] = {
    {"generate", 'g', OPT_INT, AT(generate), "0", 0, 100000000, NULL, "N", "Make N sequences from the learned prior."},
    {"steps", 0, OPT_INT, AT(steps), "15", 1, 1000000, NULL, "T", "Their length; with --controls given it is that of the controls."},
    {"u-max", 0, OPT_REAL, AT(u_max), "1", 0, 1e9, NULL, "U", "Largest control of --controls uniform."},
    {0},
};
static const struct option_row both_rows[] = {
    {"sample", 0, OPT_FLAG, AT(sample), NULL, 0, 0, NULL, NULL, "Draw each transition from its distribution."},
    {"mean", 0, OPT_FLAG, AT(mean), NULL, 0, 0, NULL, NULL, "Take the mean of each transition; so it is without --sample."},
    {"controls", 0, OPT_CHOICE, AT(controls), "auto", 0, 0, "auto|given|zero|uniform", "WHICH",
     "from the stream while it has some, then 0 (given); always 0 (zero); with --generate drawn up to --u-max (uniform); auto: given, with "
     "--generate zero"},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Prediction", predict_rows, &settings},      {"Generation", generate_rows, &settings},
                                             {"Transitions", both_rows, &settings},        {"Output", options_output, &settings.output},
                                             {"Common", options_common, &settings.common}, {0}};
static struct program program = {
    .name = "rollout",
    .reads_writes = "model and stream in, stream out: predict from first steps, or generate",
    .operands = "MODEL [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "gen-pendulum -n 500 --seed 2 | rollout m.npz | seq-mse\n"
                "rollout --from filtered --z1 mean --horizon 30 m.npz test.msgpack -o predicted.msgpack\n"
                "rollout --draws 20 --sample m.npz test.msgpack | seq-mse --per-step\n"
                "rollout --generate 8 --steps 30 --controls uniform --u-max 5 m.npz | seq-frames -o generated.png\n",
    .groups = groups,
    .reads_stdin = true,
};

/* What a run works with. */
struct job {
    const struct model *m;
    struct passage how;
    struct pool *pool;
    struct noise noise;
    json_t *header; /* of generated sequences, else NULL */
};

/* ---- headers ---- */

static void describe_prediction(json_t *header, const struct model *m)
{
    size_t dz = (size_t)model_settings(m)->latent;
    json_t *fields = json_object_get(header, "fields");
    json_object_set_new(fields, "x_pred", model_made_x(m, json_object_get(fields, "x"), "predicted mean of x"));
    header_field(header, "z_pred", DT_F4, 1, &dz, "predicted latent state", NULL, NULL, NULL);
    if (settings.horizon > 0 && !json_object_get(fields, "mask"))
        header_field(header, "mask", DT_B1, 0, NULL, "1 where x was observed", NULL, NULL, NULL);
}

static json_t *generated_header(const struct job *j)
{
    size_t dz = (size_t)model_settings(j->m)->latent, du = (size_t)j->m->du;
    json_t *header = header_new();
    json_object_set(header, "history", j->m->history);
    json_t *own = header_copy(header);
    json_decref(header);
    header_history(own, program.name, j->how.command, true, settings.common.seed);
    json_object_set_new(json_object_get(own, "fields"), "x", model_made_x(j->m, j->m->x_field, "generated mean of x"));
    if (du > 0)
        header_field(own, "u", DT_F4, 1, &du, "control that acts from step t to t+1", NULL, NULL, NULL);
    header_field(own, "z", DT_F4, 1, &dz, "latent state", NULL, NULL, NULL);
    return own;
}

/* ---- prediction ---- */

/* Are all numbers from this step on finite? */
static bool finite_from(const struct array *a, size_t step)
{
    size_t width = array_step(a), n = array_count(a);
    for (size_t i = step * width; i < n; i++)
        if (!isfinite(array_get(a, i)))
            return false;
    return true;
}

/* Says once that a prediction, which begins at step `first`, is no number; the record goes out with what there is. */
static void look_at(const char *id, const struct prediction *p, size_t first)
{
    static bool said;
    if (said || (finite_from(&p->x, first) && finite_from(&p->z, first)))
        return;
    said = true;
    program_say(&program, settings.common.quiet, "warning: record %s: the prediction has numbers that are not finite", id);
}

/* A record with its predictions, which begin at step `first`: one a draw, at p[0], p[stride], …. It is
 * written with each, and takes it. */
static int put_predictions(struct filter *f, struct record *rec, struct prediction *p, int stride, int first, struct error *e)
{
    char *id = xstrdup(rec->id);
    int code = DSSM_OK;
    record_extend(rec, f->header, (size_t)settings.horizon);
    for (int draw = 0; draw < settings.draws && code == DSSM_OK; draw++, p += stride) {
        if (settings.draws > 1) {
            char *own = xasprintf("%s#%d", id, draw + 1);
            record_set_id(rec, own);
            free(own);
        }
        look_at(rec->id, p, (size_t)first);
        header_shape(f->header, "x_pred", &p->x);
        record_put(rec, "x_pred", p->x);
        record_put(rec, "z_pred", p->z);
        *p = (struct prediction){0};
        code = writer_put(f->writer, rec, e);
    }
    record_set_id(rec, id); /* by which the block tells whether the next one goes on with it */
    free(id);
    return code;
}

/* Predictions of a block's records, b->room of them a draw. */
static void predict_draws(const struct job *j, const struct block *b, const struct predict_settings *how, struct prediction *p)
{
    for (int draw = 0; draw < settings.draws; draw++) {
        struct noise own = j->noise;
        own.update = (uint32_t)draw;
        predict_run(j->m, b->record, b->n, (uint32_t)b->first, how, &own, j->pool, p + (ptrdiff_t)draw * b->room);
    }
}

static int predict_blocks(const struct job *j, struct filter *f, struct error *e)
{
    struct predict_settings how = {settings.context, settings.from == FROM_FILTERED,     settings.start == START_SAMPLE,
                                   settings.sample,  settings.controls == CONTROLS_ZERO, settings.horizon};
    struct block b = block_new(pool_threads(j->pool));
    struct prediction *p = xcalloc((size_t)b.room * (size_t)settings.draws, sizeof *p);
    int got, code = DSSM_OK;
    while (code == DSSM_OK && (got = block_read(&b, f->reader, input_name(f->how->in), j->m, e)) != 0) {
        if (got < 0) {
            code = e->code;
            break;
        }
        predict_draws(j, &b, &how, p);
        for (int i = 0; i < b.n && code == DSSM_OK; i++)
            code = put_predictions(f, &b.record[i], &p[i], b.room, predict_first(&how, (int)record_steps(&b.record[i])), e);
    }
    for (int i = 0; i < b.room * settings.draws; i++)
        prediction_free(&p[i]);
    free(p);
    block_free(&b);
    return code;
}

static int predict(const struct job *j, struct error *e)
{
    struct filter f = {0};
    int code = filter_open(&f, &j->how, e);
    if (code == DSSM_OK) {
        describe_prediction(f.header, j->m);
        code = filter_begin(&f, e);
    }
    if (code == DSSM_OK)
        code = predict_blocks(j, &f, e);
    if (code == DSSM_OK)
        code = filter_end(&f, e);
    filter_close(&f, e);
    return code;
}

/* ---- generation ---- */

/* Controls of sequence number i: zeros, or uniform in ±u_max. */
static struct array draw_controls(const struct job *j, uint32_t i)
{
    size_t du = (size_t)j->m->du;
    struct array u = array_new(DT_F4, 2, (const size_t[]){(size_t)settings.steps, du});
    double *draws = xmalloc(du * sizeof *draws);
    for (int t = 0; settings.controls == CONTROLS_UNIFORM && t < settings.steps; t++) {
        draw_uniform((struct draw){j->noise.seed, NOISE_CONTROL, 0, i, (uint32_t)t}, (int)du, draws);
        for (size_t k = 0; k < du; k++)
            array_set(&u, (size_t)t * du + k, settings.u_max * (2 * draws[k] - 1));
    }
    free(draws);
    return u;
}

/* The controls of the next records of a stream, as <f4; fewer than n at its end, -1 on error. */
static int read_controls(const struct job *j, struct reader *in, int n, struct array *u, struct error *e)
{
    struct record rec;
    int got = 1, count = 0;
    record_init(&rec);
    while (count < n && (got = reader_next(in, &rec, e)) > 0) {
        const struct array *from = record_get(&rec, "u");
        if (!from || from->dims < 1 || from->shape[0] < 1 || from->shape[0] > 1 << 24 || array_step(from) != (size_t)j->m->du) {
            error_set(e, DSSM_BAD_INPUT, "%s: record %llu: field u: the model expects %d numbers a step, got %zu", input_name(j->how.in),
                      (unsigned long long)reader_count(in), j->m->du, from && from->dims > 0 ? array_step(from) : 0);
            got = -1;
            break;
        }
        u[count] = array_new(DT_F4, 2, (const size_t[]){from->shape[0], (size_t)j->m->du});
        for (size_t i = 0; i < array_count(from); i++)
            array_set(&u[count], i, array_get(from, i));
        count++;
    }
    record_clear(&rec);
    return got < 0 ? -1 : count;
}

/* Writes one sequence; its record owns u and p's data from here on. */
static int put_generated(const struct job *j, struct writer *w, uint64_t number, struct array u, struct prediction *p, struct error *e)
{
    char id[64];
    struct record rec;
    record_init(&rec);
    snprintf(id, sizeof id, "generated-%llu-%06llu", (unsigned long long)settings.common.seed, (unsigned long long)number);
    record_set_id(&rec, id);
    header_shape(j->header, "x", &p->x);
    look_at(rec.id, p, 0);
    record_put(&rec, "x", p->x);
    if (j->m->du > 0)
        record_put(&rec, "u", u);
    record_put(&rec, "z", p->z);
    int code = writer_put(w, &rec, e);
    record_clear(&rec);
    return code;
}

/* Up to n sequences from number `first` on. Returns how many there were, -1 on error. */
static int generate_some(const struct job *j, struct reader *in, struct writer *w, uint64_t first, int n, struct error *e)
{
    struct array *u = xcalloc((size_t)n, sizeof *u);
    struct prediction *p = xcalloc((size_t)n, sizeof *p);
    int count = in ? read_controls(j, in, n, u, e) : n, code = count < 0 ? e->code : DSSM_OK;
    for (int i = 0; !in && i < n && j->m->du > 0; i++)
        u[i] = draw_controls(j, (uint32_t)first + (uint32_t)i);
    if (count > 0)
        generate_run(j->m, j->m->du > 0 ? u : NULL, count, settings.steps, (uint32_t)first, settings.sample, &j->noise, j->pool, p);
    for (int i = 0; i < n; i++)
        if (code == DSSM_OK && i < count) {
            code = put_generated(j, w, first + (uint64_t)i, u[i], &p[i], e);
        } else {
            free(u[i].data);
            prediction_free(&p[i]);
        }
    free(u);
    free(p);
    return code == DSSM_OK ? count : -1;
}

static int generate_blocks(const struct job *j, struct reader *in, struct writer *w, struct error *e)
{
    int room = MODEL_CHUNK * pool_threads(j->pool), done = 0, got = 1;
    while (done < settings.generate && got > 0) {
        int left = settings.generate - done;
        got = generate_some(j, in, w, (uint64_t)done, left < room ? left : room, e);
        done += got > 0 ? got : 0;
    }
    if (got >= 0 && done < settings.generate)
        program_say(&program, settings.common.quiet, "%s has controls for %d sequences, not %d", input_name(j->how.in), done,
                    settings.generate);
    return got < 0 ? e->code : DSSM_OK;
}

static int generate_to(const struct job *j, struct reader *in, struct error *e)
{
    struct output *out = output_open(j->how.out, e);
    struct writer *w = out ? writer_open(output_file(out), j->header, false, e) : NULL;
    int code = w ? generate_blocks(j, in, w, e) : e->code;
    if (code == DSSM_OK)
        code = writer_close(w, e);
    else
        writer_abandon(w);
    if (code == DSSM_OK)
        return output_commit(out, e);
    output_abort(out, e);
    return code;
}

static int generate(const struct job *j, struct error *e)
{
    if (settings.controls != CONTROLS_GIVEN)
        return generate_to(j, NULL, e);
    if (j->m->du == 0)
        return error_set(e, DSSM_USAGE, "--controls given: the model has no controls");
    FILE *f = input_open(j->how.in, e);
    struct reader *in = f ? reader_open(f, input_name(j->how.in), NULL, e) : NULL;
    int code = in ? generate_to(j, in, e) : e->code;
    reader_close(in);
    if (f && f != stdin)
        fclose(f);
    return code;
}

/* ---- the program ---- */

/* Does the command line ask for sequences that need no stream? Asked before it is parsed, because then a terminal on standard input is no
 * mistake. */
static bool needs_no_stream(int argc, char **argv)
{
    bool generates = false, given = false;
    for (int i = 1; i < argc; i++) {
        generates |= strncmp(argv[i], "--generate", 10) == 0 || strncmp(argv[i], "-g", 2) == 0;
        given |= strcmp(argv[i], "--controls=given") == 0 ||
                 (strcmp(argv[i], "--controls") == 0 && i + 1 < argc && strcmp(argv[i + 1], "given") == 0);
    }
    return generates && !given;
}

/* Options that would have no effect in the mode that is asked for are refused. */
static int check_mode(const struct operands *operands, struct error *e)
{
    const bool generates = settings.generate > 0;
    for (const struct option_row *row = generates ? predict_rows : generate_rows + 1; row->name; row++)
        if (option_given(operands, row->name))
            return error_set(e, DSSM_USAGE, generates ? "--%s: not together with --generate" : "--%s: only with --generate", row->name);
    if (settings.controls == CONTROLS_GIVEN && generates && option_given(operands, "steps"))
        return error_set(e, DSSM_USAGE, "--steps: not together with --controls given, whose length sequences have");
    return DSSM_OK;
}

static int check_settings(const struct operands *operands, struct error *e)
{
    if (settings.sample && settings.mean)
        return error_set(e, DSSM_USAGE, "--sample: not together with --mean");
    if (settings.generate == 0 && settings.controls == CONTROLS_UNIFORM)
        return error_set(e, DSSM_USAGE, "--controls uniform: only with --generate");
    if (check_mode(operands, e))
        return e->code;
    if (settings.draws > 1 && settings.start == START_MEAN && !settings.sample)
        return error_set(e, DSSM_USAGE, "--draws: nothing is drawn with --z1 mean and without --sample");
    if (settings.controls != CONTROLS_UNIFORM && option_given(operands, "u-max"))
        return error_set(e, DSSM_USAGE, "--u-max: only with --controls uniform");
    if (settings.generate > 0 && settings.controls != CONTROLS_GIVEN && operands->n > 1)
        return error_set(e, DSSM_USAGE, "--generate reads a stream with --controls given alone");
    return DSSM_OK;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    blas_start();
    if (check_settings(operands, e))
        return e->code;
    struct model *m = model_load(operands->v[0], e);
    if (!m)
        return e->code;
    struct passage how = {.in = operands->n > 1 ? operands->v[1] : NULL,
                          .out = settings.output,
                          .program = program.name,
                          .command = command,
                          .has_seed = true,
                          .seed = settings.common.seed};
    struct job j = {m, how, pool_new(settings.common.threads), {.seed = settings.common.seed}, NULL};
    if (settings.generate > 0)
        j.header = generated_header(&j);
    int code = j.header ? generate(&j, e) : predict(&j, e);
    json_decref(j.header);
    pool_free(j.pool);
    model_free(m);
    return code;
}

int main(int argc, char **argv)
{
    program.reads_stdin = !needs_no_stream(argc, argv);
    return program_main(&program, argc, argv, run);
}
