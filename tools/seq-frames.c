/* seq-frames: the images of a stream as one PNG, truth above prediction. */
#include "cli/cli.h"
#include "judge/judge.h"
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    const char *fields, *image, *output;
    int sequences, skip, every, columns, scale;
    struct common common;
};

static const struct option_row rows[] = {
    {"fields", 0, OPT_TEXT, offsetof(struct settings, fields), NULL, 0, 0, NULL, "NAMES",
     "Fields to show, one row each, separated by commas; without it x, and x_pred where the stream has it."},
    {"sequences", 'n', OPT_INT, offsetof(struct settings, sequences), "8", 1, 100000, NULL, "N", "How many sequences to show."},
    {"skip", 0, OPT_INT, offsetof(struct settings, skip), "0", 0, 1000000000, NULL, "N", "Sequences to pass over first."},
    {"every", 0, OPT_INT, offsetof(struct settings, every), "1", 1, 1000000, NULL, "K", "Show every K-th step, beginning with the first."},
    {"columns", 0, OPT_INT, offsetof(struct settings, columns), "40", 1, 1000000, NULL, "N",
     "Frames in a row; a longer sequence goes on in rows below."},
    {"scale", 0, OPT_INT, offsetof(struct settings, scale), "3", 1, 100, NULL, "S", "Pixels of the picture for one of a frame."},
    {"image", 0, OPT_TEXT, offsetof(struct settings, image), NULL, 0, 0, NULL, "HxWxC",
     "Height, width and channels (1 grey, 3 RGB) of a frame, where the header does not say."},
    {"output", 'o', OPT_TEXT, offsetof(struct settings, output), NULL, 0, 0, NULL, "FILE", "Write here, whole or not at all."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Picture", rows, &settings}, {"Common", options_quiet, &settings.common}, {0}};
static const struct program program = {
    .name = "seq-frames",
    .reads_writes = "stream in, PNG out: a contact sheet, sequences as groups of rows, steps side by side",
    .operands = "[STREAM]",
    .operands_max = 1,
    .examples = "gen-pendulum -n 8 --seed 2 | seq-frames -o sheet.png\n"
                "rollout m.npz test.msgpack | seq-frames -n 4 --every 2 -o predicted.png\n"
                "seq-frames --skip 20 -n 1 --scale 8 test.msgpack -o one.png\n",
    .groups = groups,
    .reads_stdin = true,
};

enum { MOST_FIELDS = 16 };

/* What is to be shown. */
struct plan {
    int n;
    char *field[MOST_FIELDS];
    int height, width, channels;
    int frames; /* of the longest sequence, every K-th step */
};

/* Rows of the sheet that one field of the longest sequence takes. */
static int lines_of(const struct plan *p)
{
    return (p->frames - 1) / settings.columns + 1;
}

static void plan_free(struct plan *p)
{
    for (int i = 0; i < p->n; i++)
        free(p->field[i]);
}

static int plan_fields(struct plan *p, const json_t *header, struct error *e)
{
    const char *names = settings.fields ? settings.fields : header_get_field(header, "x_pred") ? "x,x_pred" : "x";
    for (const char *at = names; at;) {
        size_t length = strcspn(at, ",");
        if (!length || p->n == MOST_FIELDS)
            return error_set(e, DSSM_USAGE, "--fields: expected 1 to %d names separated by commas, got '%s'", MOST_FIELDS, names);
        p->field[p->n++] = xasprintf("%.*s", (int)length, at);
        at = at[length] ? at + length + 1 : NULL;
    }
    return DSSM_OK;
}

/* A frame's shape from --image, or from the first field whose description has one. */
static int plan_image(struct plan *p, const json_t *header, struct error *e)
{
    const json_t *image = NULL;
    p->channels = 1;
    if (settings.image) {
        int used = 0, n = sscanf(settings.image, "%5dx%5d%nx%5d%n", &p->height, &p->width, &used, &p->channels, &used);
        if (n < 2 || settings.image[used])
            return error_set(e, DSSM_USAGE, "--image: expected HxW or HxWxC, got '%s'", settings.image);
    } else {
        for (int i = 0; i < p->n && !image; i++)
            image = json_object_get(header_get_field(header, p->field[i]), "image");
        if (json_array_size(image) != 3)
            return error_set(e, DSSM_BAD_INPUT, "header: field %s: no image shape; give --image HxWxC", p->field[0]);
        json_unpack((json_t *)image, "[iii]", &p->height, &p->width, &p->channels);
    }
    if (p->height < 1 || p->width < 1 || p->height > 10000 || p->width > 10000 || (p->channels != 1 && p->channels != 3))
        return error_set(e, settings.image ? DSSM_USAGE : DSSM_BAD_INPUT,
                         "image: expected height and width from 1 to 10000 and 1 or 3 channels, got %dx%dx%d", p->height, p->width,
                         p->channels);
    return DSSM_OK;
}

/* Reads up to n records after those that are skipped; *got of them. */
static int collect(struct reader *in, const char *name, struct record *kept, int n, int *got, struct error *e)
{
    struct record rec;
    int more = 1;
    record_init(&rec);
    *got = 0;
    for (int i = 0; *got < n && (more = reader_next(in, &rec, e)) > 0; i++)
        if (i >= settings.skip)
            record_move(&kept[(*got)++], &rec);
    record_clear(&rec);
    if (more < 0)
        return e->code;
    return *got ? DSSM_OK
                : error_set(e, DSSM_BAD_INPUT, "%s: %llu sequences, none left to show", name, (unsigned long long)reader_count(in));
}

/* Frames of field k of sequence i. Steps that the mask of x hides stay missing. */
static int show_field(struct sheet *sheet, const struct plan *p, const struct record *rec, int i, int k, struct error *e)
{
    const char *name = p->field[k];
    const struct array *a = judge_field(rec, name, e), *mask = strcmp(name, "x") ? NULL : record_get(rec, "mask");
    size_t size = (size_t)p->height * (size_t)p->width * (size_t)p->channels;
    if (!a)
        return e->code;
    if (array_step(a) != size)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu numbers a step (%dx%dx%d), got %zu", name, size, p->height, p->width,
                         p->channels, array_step(a));
    if (mask && array_count(mask) != a->shape[0])
        return error_set(e, DSSM_BAD_INPUT, "field mask: expected %zu numbers, got %zu", a->shape[0], array_count(mask));
    double *values = xmalloc(array_count(a) * sizeof *values);
    judge_values(a, values);
    for (size_t t = 0; t < a->shape[0]; t += (size_t)settings.every) {
        int frame = (int)(t / (size_t)settings.every), line = frame / settings.columns;
        if (!mask || array_get(mask, t) != 0)
            sheet_frame(sheet, (i * lines_of(p) + line) * p->n + k, frame % settings.columns, values + t * size);
    }
    free(values);
    return DSSM_OK;
}

/* Frames that the longest of the records has to show. */
static int frames_of(const struct plan *p, const struct record *rec, int n)
{
    size_t most = 1;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < p->n; k++) {
            const struct array *a = record_get(&rec[i], p->field[k]);
            if (a && a->dims && a->shape[0] > most)
                most = a->shape[0];
        }
    most = (most - 1) / (size_t)settings.every + 1;
    return most > SHEET_MAX_PIXELS ? SHEET_MAX_PIXELS : (int)most;
}

static struct sheet *draw(struct plan *p, const struct record *rec, int n, const char *name, struct error *e)
{
    p->frames = frames_of(p, rec, n);
    double high = (double)n * lines_of(p) * p->n;
    struct sheet_layout layout = {.height = p->height,
                                  .width = p->width,
                                  .channels = p->channels,
                                  .rows = high > SHEET_MAX_PIXELS ? SHEET_MAX_PIXELS : (int)high, /* which sheet_new refuses */
                                  .columns = p->frames < settings.columns ? p->frames : settings.columns,
                                  .scale = settings.scale};
    layout.group = lines_of(p) * p->n;
    struct sheet *sheet = sheet_new(&layout, e);
    for (int i = 0; i < n && sheet; i++)
        for (int k = 0; k < p->n && sheet; k++)
            if (show_field(sheet, p, &rec[i], i, k, e) != DSSM_OK) {
                error_prefix(e, "%s: record %d", name, settings.skip + i + 1);
                sheet_free(sheet);
                sheet = NULL;
            }
    return sheet;
}

/* The sheet of a stream; NULL with e. */
static struct sheet *make(struct reader *in, const char *name, struct error *e)
{
    struct plan plan = {0};
    struct record *rec = xcalloc((size_t)settings.sequences, sizeof *rec);
    struct sheet *sheet = NULL;
    int n = 0, code = plan_fields(&plan, reader_header(in), e);
    if (code == DSSM_OK && (code = plan_image(&plan, reader_header(in), e)) == DSSM_BAD_INPUT)
        error_prefix(e, "%s", name);
    for (int i = 0; i < settings.sequences; i++)
        record_init(&rec[i]);
    if (code == DSSM_OK)
        code = collect(in, name, rec, settings.sequences, &n, e);
    if (code == DSSM_OK)
        sheet = draw(&plan, rec, n, name, e);
    for (int i = 0; i < settings.sequences; i++)
        record_clear(&rec[i]);
    free(rec);
    plan_free(&plan);
    return sheet;
}

static int write_sheet(const struct sheet *sheet, struct error *e)
{
    struct output *out = output_open(settings.output, e);
    if (!out)
        return e->code;
    if (sheet_write(sheet, output_file(out), e) == DSSM_OK)
        return output_commit(out, e);
    output_abort(out, e);
    return e->code;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)command;
    const char *path = operands->n ? operands->v[0] : NULL;
    if ((!settings.output || !strcmp(settings.output, "-")) && isatty(STDOUT_FILENO))
        return error_set(e, DSSM_USAGE, "standard output is a terminal: give -o FILE");
    FILE *f = input_open(path, e);
    struct reader *in = f ? reader_open(f, input_name(path), NULL, e) : NULL;
    struct sheet *sheet = in ? make(in, input_name(path), e) : NULL;
    int code = sheet ? write_sheet(sheet, e) : e->code;
    sheet_free(sheet);
    if (in)
        reader_close(in);
    if (f && f != stdin)
        fclose(f);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
