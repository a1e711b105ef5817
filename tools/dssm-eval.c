/* dssm-eval: how good a model is on a stream: bound, R2 of true states, errors of predictions. */
#include "cli/cli.h"
#include "judge/judge.h"
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

enum report_form { REPORT_JSON, REPORT_TABLE };
struct settings {
    struct evaluation_settings evaluation;
    int report, data_in;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {"context", 'k', OPT_INT, AT(evaluation.context), "5", 1, 1000000, NULL, "K",
     "Steps at the start of each sequence that predictions are made from."},
    {"samples", 0, OPT_INT, AT(evaluation.samples), "1", 1, 1000000, NULL, "N",
     "Draws that the bound and the sampled predictions are means over."},
    {"filtered", 0, OPT_FLAG, AT(evaluation.filtered), NULL, 0, 0, NULL, NULL,
     "Take R2 on filtered beliefs (as a filter version does anyway), not on smoothed ones."},
    {"no-noise", 0, OPT_FLAG, AT(evaluation.no_noise), NULL, 0, 0, NULL, NULL,
     "Replace every sample by its mean, so that another implementation can be compared digit by digit."},
    {"report", 0, OPT_CHOICE, AT(report), "json", 0, 0, "json|table", "FORM", "One line of JSON, or a table to read."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Evaluation", rows, &settings}, {"Data", options_data, &settings.data_in}, {"Common", options_common, &settings.common}, {0}};
static const struct program program = {
    .name = "dssm-eval",
    .reads_writes = "model and stream in, JSON line out: bound, R2 of true states, prediction errors",
    .operands = "MODEL [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "gen-pendulum -n 500 --seed 2 | dssm-eval m.npz | jq .r2_velocity\n"
                "dssm-eval --report table m.npz test.msgpack\n"
                "dssm-eval --no-noise m.npz test.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

static void print_table(const json_t *result)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)result, key, value) {
        printf("%-28s ", key);
        if (json_is_integer(value))
            printf("%12lld\n", (long long)json_integer_value(value));
        else if (json_is_null(value))
            printf("%12s\n", "-");
        else
            printf(strncmp(key, "mse_", 4) ? "%12.5f\n" : "%12.4e\n", json_real_value(value));
    }
}

static int print_report(json_t *result, struct error *e)
{
    if (!result)
        return e->code;
    if (settings.report == REPORT_TABLE) {
        print_table(result);
    } else {
        json_dumpf(result, stdout, JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(result);
    return DSSM_OK;
}

static int evaluate(const struct model *m, const char *path, struct error *e)
{
    struct dataset d;
    int code = dataset_open(&d, path, settings.data_in, e);
    if (code)
        return code;
    char *remark = dataset_remark(&d, settings.data_in);
    if (remark)
        program_say(&program, settings.common.quiet, "%s", remark);
    free(remark);
    if ((code = model_fits(m, &d, input_name(path), e)) == DSSM_OK) {
        struct pool *pool = pool_new(settings.common.threads);
        code = print_report(evaluate_model(m, &d, &settings.evaluation, pool, e), e);
        pool_free(pool);
    }
    dataset_free(&d);
    return code;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)command;
    blas_start();
    settings.evaluation.seed = settings.common.seed;
    struct model *m = model_load(operands->v[0], e);
    if (!m)
        return e->code;
    int code = evaluate(m, operands->n > 1 ? operands->v[1] : NULL, e);
    model_free(m);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
