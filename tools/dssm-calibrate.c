/* dssm-calibrate: model and stream in, model out: the noises of beliefs that are made from what an encoder's means show. */
#include "cli/cli.h"
#include "train/train.h"

#include <stdlib.h>

struct settings {
    struct calibrate_settings calibrate;
    const char *output;
    int data_in;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row rows_files[] = {
    {"output", 'o', OPT_TEXT, AT(output), NULL, 0, 0, NULL, "MODEL", "The calibrated model's file (an .npz archive); needed."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Files", rows_files, &settings},
                                             {"Calibration", options_calibrate, &settings.calibrate},
                                             {"Data", options_data, &settings.data_in},
                                             {"Common", options_common, &settings.common},
                                             {0}};
static const struct program program = {
    .name = "dssm-calibrate",
    .reads_writes = "model and stream in, model out: fit the noises of a filter's beliefs",
    .operands = "MODEL [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "gen-pendulum -n 500 --seed 1 | dssm-calibrate m.npz -o calibrated.npz\n"
                "dssm-calibrate --updates 100 m.npz test.msgpack -o calibrated.npz\n",
    .groups = groups,
    .reads_stdin = true,
};

static void say(const struct calibration_told *told)
{
    program_say(&program, settings.common.quiet,
                "-ln p of a step was %.4g and is %.4g nats; a squared innovation %.3g and %.3g times what was expected", told->before.nats,
                told->after.nats, told->before.square, told->after.square);
}

/* A line behind those of the model. */
static void add_history(struct model *m, const char *command)
{
    json_t *holder = json_pack("{s:O}", "history", m->history);
    header_history(holder, program.name, command, true, settings.common.seed);
    json_decref(holder);
}

static int calibrate(struct model *m, const struct dataset *d, const char *name, struct calibration_told *told, struct error *e)
{
    if (model_fits(m, d, name, e))
        return e->code;
    if (d->observed == 0)
        return error_set(e, DSSM_BAD_INPUT, "%s: field x: expected observed steps to fit noises to, got none", name);
    struct pool *pool = pool_new(settings.common.threads);
    struct progress *progress = progress_new(program.name, settings.common.quiet);
    int status = calibrate_run(m, d, &settings.calibrate, progress, pool, told, e);
    progress_end(progress);
    pool_free(pool);
    return status;
}

static int on_stream(struct model *m, const char *path, struct calibration_told *told, struct error *e)
{
    struct dataset d;
    if (dataset_open(&d, path, settings.data_in, e))
        return e->code;
    char *remark = dataset_remark(&d, settings.data_in);
    if (remark)
        program_say(&program, settings.common.quiet, "%s", remark);
    free(remark);
    int status = calibrate(m, &d, input_name(path), told, e);
    dataset_free(&d);
    return status;
}

static int with_model(struct model *m, const struct operands *operands, const char *command, struct error *e)
{
    struct calibration_told told;
    if (!m->kind->surprise)
        return error_set(e, DSSM_USAGE, "%s: expected a model with a Kalman filter (ekvae or kvae), got the %s", operands->v[0],
                         m->kind->title);
    if (on_stream(m, operands->n > 1 ? operands->v[1] : NULL, &told, e))
        return e->code;
    add_history(m, command);
    if (model_save(m, settings.output, e))
        return e->code;
    say(&told);
    return DSSM_OK;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    if (!settings.output)
        return error_set(e, DSSM_USAGE, "--output: expected the name of the model's file");
    if (ready_to_write(settings.output, e))
        return e->code;
    blas_start();
    settings.calibrate.seed = settings.common.seed;
    struct model *m = model_load(operands->v[0], e);
    if (!m)
        return e->code;
    int status = with_model(m, operands, command, e);
    model_free(m);
    return status;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
