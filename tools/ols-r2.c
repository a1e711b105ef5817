/* ols-r2: how much of the true states the latent states of a stream tell. */
#include "cli/cli.h"
#include "grad/grad.h"
#include "judge/judge.h"
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    const char *from, *to;
    bool cubic, table;
    struct common common;
};

static const struct option_row rows[] = {
    {"from", 0, OPT_TEXT, offsetof(struct settings, from), "z", 0, 0, NULL, "FIELD", "Latent states."},
    {"to", 0, OPT_TEXT, offsetof(struct settings, to), "s", 0, 0, NULL, "FIELD",
     "True states; the header tells which are angles on a circle, and their names."},
    {"cubic", 0, OPT_FLAG, offsetof(struct settings, cubic), NULL, 0, 0, NULL, NULL,
     "Also regress on all monomials of the latent state up to degree 3: tells a folded quantity from a missing one."},
    {"table", 0, OPT_FLAG, offsetof(struct settings, table), NULL, 0, 0, NULL, NULL, "A table to read instead of a line of JSON."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Regression", rows, &settings}, {"Common", options_quiet, &settings.common}, {0}};
static const struct program program = {
    .name = "ols-r2",
    .reads_writes = "stream in, JSON line out: R2 of true states given latent states, by ordinary least squares",
    .operands = "[STREAM]",
    .operands_max = 1,
    .examples = "gen-pendulum -n 500 --seed 2 | dssm-infer m.npz | ols-r2\n"
                "ols-r2 --cubic --table beliefs.msgpack\n"
                "ols-r2 --from x --to s angles.msgpack | jq .r2_velocity\n",
    .groups = groups,
    .reads_stdin = true,
};

static void begin(void *arg, int d, int q, const struct quantity *quantity)
{
    *(struct r2 **)arg = r2_new(d, q, quantity, settings.cubic);
}

static void add_steps(void *arg, size_t steps, const double *z, const double *y)
{
    r2_add(*(struct r2 **)arg, steps, z, y);
}

static void print_table(const json_t *result)
{
    const char *key;
    json_t *value;
    printf("%-20s %9s%s\n", "quantity", "R2", settings.cubic ? "  R2 cubic" : "");
    json_object_foreach((json_t *)result, key, value) {
        char cubic[128];
        size_t length = strlen(key);
        if (strncmp(key, "r2_", 3) || (length > 6 && !strcmp(key + length - 6, "_cubic")))
            continue;
        snprintf(cubic, sizeof cubic, "%s_cubic", key);
        const json_t *second = json_object_get(result, cubic);
        printf(json_is_null(value) ? "%-20s         -" : "%-20s %9.6f", key + 3, json_real_value(value));
        if (settings.cubic)
            printf(json_is_null(second) ? "         -" : " %9.6f", json_real_value(second));
        putchar('\n');
    }
}

static int report(struct r2 *r2, struct error *e)
{
    json_t *result = json_pack("{s:I}", "n", (json_int_t)r2_rows(r2));
    uint64_t left_out = r2_left_out(r2);
    if (left_out) {
        json_object_set_new(result, "left_out", json_integer((json_int_t)left_out));
        program_say(&program, settings.common.quiet, "%llu of %llu steps have numbers that are not finite and were left out",
                    (unsigned long long)left_out, (unsigned long long)(left_out + r2_rows(r2)));
    }
    int code = r2_json(r2, result, e);
    if (code == DSSM_OK && settings.table) {
        print_table(result);
    } else if (code == DSSM_OK) {
        json_dumpf(result, stdout, JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(result);
    return code;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)command;
    blas_start(); /* small matrices; and the same bits on every machine of a kind */
    const char *path = operands->n ? operands->v[0] : NULL;
    struct r2 *r2 = NULL; /* made at the first record */
    const struct pair_fields fields = {settings.from, settings.to, settings.cubic};
    int code = pairs_read(path, &fields, &(struct pair_taker){begin, add_steps, &r2}, e);
    if (code == DSSM_OK)
        code = r2 ? report(r2, e) : error_set(e, DSSM_BAD_INPUT, "%s: no sequences to judge", input_name(path));
    r2_free(r2);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
