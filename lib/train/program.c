/* The body of every trainer: options, data, training, model. */
#include "train/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct trainer_files {
    const char *output, *from, *validation, *checkpoint, *metrics, *snapshots;
    int snapshot_every;
};

#define AT(member) offsetof(struct trainer_files, member)
static const struct option_row options_files[] = {
    {"output", 'o', OPT_TEXT, AT(output), NULL, 0, 0, NULL, "MODEL", "the model's file (an .npz archive); needed"},
    {"from", 0, OPT_TEXT, AT(from), NULL, 0, 0, NULL, "MODEL",
     "begin with the parameters of this model, which has the same layers; every start does"},
    {"validation", 0, OPT_TEXT, AT(validation), NULL, 0, 0, NULL, "STREAM", "sequences to evaluate as training goes"},
    {"metrics", 0, OPT_TEXT, AT(metrics), NULL, 0, 0, NULL, "FILE", "JSON lines: settings first, then a line an evaluation"},
    {"checkpoint", 0, OPT_TEXT, AT(checkpoint), NULL, 0, 0, NULL, "FILE", "state of the training; the same command goes on from it"},
    {"snapshots", 0, OPT_TEXT, AT(snapshots), NULL, 0, 0, NULL, "FOLDER",
     "a folder for models of the training in progress, START-UPDATE.npz each"},
    {"snapshot-every", 0, OPT_INT, AT(snapshot_every), "1000", 1, 1e9, NULL, "N", "updates between two of these models"},
    {0},
};

/* The folder of the snapshots must be there. NULL is none. */
static int check_folder(const char *path, struct error *e)
{
    struct stat about;
    if (!path || (stat(path, &about) == 0 && S_ISDIR(about.st_mode) && access(path, W_OK | X_OK) == 0))
        return DSSM_OK;
    return error_set(e, DSSM_FAILURE, "--snapshots: %s: expected a folder to write to", path);
}

struct job {
    struct program *p;
    struct common *common;
    const struct trainer_files *files;
    int data_in; /* enum data_place */
    struct train_settings *train;
    const struct model_kind *kind;
    const void *settings;
    const json_t *provenance;
    const char *input, *command;
};

static int read_stream(const struct job *j, const char *path, struct dataset *d, struct error *e)
{
    int status = dataset_open(d, path, j->data_in, e);
    char *remark = status == DSSM_OK ? dataset_remark(d, j->data_in) : NULL;
    if (remark)
        program_say(j->p, j->common->quiet, "%s", remark);
    free(remark);
    return status;
}

/* There must be something to learn from; what is doubtful is said. */
static int check_data(const struct job *j, const struct dataset *d, const char *path, struct error *e)
{
    char *doubt = dataset_doubt(d);
    if (doubt)
        program_say(j->p, j->common->quiet, "warning: %s: %s", input_name(path), doubt);
    free(doubt);
    if (d->observed > 0)
        return DSSM_OK;
    return error_set(e, DSSM_BAD_INPUT, "%s: field x: expected observed steps to learn from, got none", input_name(path));
}

/* History of the model: the data's, and this command. */
static void add_history(struct model *m, const struct dataset *d, const char *program, const char *command, uint64_t seed)
{
    json_t *copy = header_copy(d->header);
    header_history(copy, program, command, true, seed);
    json_decref(m->history);
    m->history = json_incref(json_object_get(copy, "history"));
    json_decref(copy);
}

static int train_on(const struct job *j, const struct dataset *d, const struct dataset *validation, struct error *e)
{
    struct model *m = model_new(j->kind, j->settings, d->dx, d->du, header_get_field(d->header, "x"), j->common->seed, e);
    if (!m || (validation && model_fits(m, validation, input_name(j->files->validation), e))) {
        model_free(m);
        return e->code;
    }
    struct model *from;
    if (from_load(j->files->from, m, &from, e)) {
        model_free(from);
        model_free(m);
        return e->code;
    }
    struct pool *pool = pool_new(j->common->threads);
    struct train_io io = {.program = j->p->name,
                          .checkpoint = j->files->checkpoint,
                          .metrics = j->files->metrics,
                          .snapshots = j->files->snapshots,
                          .snapshot_every = j->files->snapshot_every,
                          .quiet = j->common->quiet,
                          .from = from ? from->params.value : NULL,
                          .pool = pool,
                          .provenance = j->provenance,
                          .stop = ready_to_stop()}; /* not before: while data are awaited a signal ends the program at once */
    add_history(m, d, j->p->name, j->command, j->common->seed);
    int status = train_run(m, d, validation, j->train, &io, e);
    if (status == DSSM_OK)
        status = model_save(m, j->files->output, e);
    pool_free(pool);
    model_free(from);
    model_free(m);
    return status;
}

static int run_job(const struct job *j, struct error *e)
{
    struct dataset d, validation = {0};
    if (!j->files->output)
        return error_set(e, DSSM_USAGE, "--output: expected the name of the model's file");
    if (strcmp(j->files->output, "-") == 0 && j->files->metrics && strcmp(j->files->metrics, "-") == 0)
        return error_set(e, DSSM_USAGE, "--metrics: standard output has the model already");
    if (ready_to_write(j->files->output, e) || ready_to_write(j->files->checkpoint, e) || ready_to_write(j->files->metrics, e) ||
        check_folder(j->files->snapshots, e) || read_stream(j, j->input, &d, e))
        return e->code;
    bool validates = j->files->validation != NULL;
    if (validates && !j->files->metrics)
        program_say(j->p, j->common->quiet, "warning: --validation without --metrics: nobody will see its evaluations");
    int status = check_data(j, &d, j->input, e);
    if (status == DSSM_OK && validates)
        status = read_stream(j, j->files->validation, &validation, e);
    if (status == DSSM_OK)
        status = train_on(j, &d, validates ? &validation : NULL, e);
    dataset_free(&validation);
    dataset_free(&d);
    return status;
}

/* The tables that all trainers share, with the kind's defaults. */
struct trainer_tables {
    struct option_row *train, *objective, *model;
};

static struct trainer_tables tables_of(const struct model_kind *kind)
{
    options_expect_defaults((const struct option_row *const[]){options_train, options_objective, options_model}, 3, kind->defaults);
    return (struct trainer_tables){options_with_defaults(options_train, kind->defaults),
                                   options_with_defaults(options_objective, kind->defaults),
                                   options_with_defaults(options_model, kind->defaults)};
}

int train_program(const struct model_kind *kind, int argc, char **argv)
{
    struct trainer_tables tables = tables_of(kind);
    struct common common;
    struct trainer_files files;
    int data_in;
    struct train_settings train;
    void *settings = xcalloc(1, kind->settings_size);
    struct option_group groups[] = {{"Files", options_files, &files},
                                    {"Training", tables.train, &train},
                                    {"Objective", tables.objective, &train.objective},
                                    {"Model", tables.model, settings},
                                    {kind->title, kind->options, settings},
                                    {"Data", options_data, &data_in},
                                    {"General", options_common, &common},
                                    {0}};
    char *name = xasprintf("%s-train", kind->name), *line = xasprintf("stream in, model out: learn the %s from sequences", kind->title);
    char *examples = xasprintf(
        "gen-pendulum -n 500 --seed 1 | %s -o m.npz\n%s -o m.npz --metrics m.jsonl --checkpoint m.ck train.msgpack\n", name, name);
    struct program p = {.name = name,
                        .reads_writes = line,
                        .operands = "[STREAM]",
                        .operands_max = 1,
                        .examples = examples,
                        .groups = groups,
                        .reads_stdin = true};
    struct operands operands;
    int status;
    if (program_start(&p, argc, argv, &operands, &status)) {
        struct error e;
        char *command = command_line(argc, argv);
        train.seed = common.seed;
        json_t *made_with = options_of_groups(groups + 1, 4);
        json_t *general = options_to_json(options_common, &common);
        json_object_set(made_with, "seed", json_object_get(general, "seed"));
        json_decref(general);
        blas_start();
        struct job j = {&p, &common, &files, data_in, &train, kind, settings, made_with, operands.n > 0 ? operands.v[0] : NULL, command};
        status = run_job(&j, &e);
        status = status ? program_fail(&p, &e) : program_end(&p);
        json_decref(made_with);
        free(command);
    }
    free(examples);
    free(line);
    free(name);
    free(settings);
    free(tables.train);
    free(tables.objective);
    free(tables.model);
    return status;
}

int train_main(const char *kind, int argc, char **argv)
{
    return train_program(model_kind_find(kind), argc, argv);
}
