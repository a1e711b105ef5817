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

struct judged {
    struct quantity *quantity;
    int q;
    size_t d;
    struct r2 *r2; /* made at the first record, which tells d */
};

static int add_record(struct judged *g, const struct record *rec, struct error *e)
{
    size_t limit = settings.cubic ? 30 : 1000, steps, d;
    double *values = judge_pair(rec, settings.from, settings.to, (size_t)g->q, &steps, &d, e);
    if (!values)
        return e->code;
    int code = DSSM_OK;
    if (!g->r2 && (d < 1 || d > limit)) {
        code = error_set(e, DSSM_BAD_INPUT, "field %s: expected 1 to %zu numbers a step, got %zu", settings.from, limit, d);
    } else if (!g->r2) {
        g->d = d;
        g->r2 = r2_new((int)d, g->q, g->quantity, settings.cubic);
    }
    if (code == DSSM_OK && d != g->d)
        code = error_set(e, DSSM_BAD_INPUT, "field %s: expected %zu numbers a step, as before, got %zu", settings.from, g->d, d);
    if (code == DSSM_OK)
        r2_add(g->r2, steps, values, values + steps * d);
    free(values);
    return code;
}

static int add_stream(struct judged *g, struct reader *in, const char *name, struct error *e)
{
    struct record rec;
    int more, code = DSSM_OK;
    g->q = quantities_read(reader_header(in), settings.to, &g->quantity, e);
    if (!g->q)
        return error_prefix(e, "%s", name);
    record_init(&rec);
    while (code == DSSM_OK && (more = reader_next(in, &rec, e)) != 0) {
        if (more < 0)
            code = e->code;
        else if ((code = add_record(g, &rec, e)) != DSSM_OK)
            error_prefix(e, "%s: record %llu", name, (unsigned long long)reader_count(in));
    }
    record_clear(&rec);
    return code != DSSM_OK || g->r2 ? code : error_set(e, DSSM_BAD_INPUT, "%s: no sequences to judge", name);
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

static int report(struct judged *g, struct error *e)
{
    json_t *result = json_pack("{s:I}", "n", (json_int_t)r2_rows(g->r2));
    uint64_t left_out = r2_left_out(g->r2);
    if (left_out) {
        json_object_set_new(result, "left_out", json_integer((json_int_t)left_out));
        program_say(&program, settings.common.quiet, "%llu of %llu steps have numbers that are not finite and were left out",
                    (unsigned long long)left_out, (unsigned long long)(left_out + r2_rows(g->r2)));
    }
    int code = r2_json(g->r2, result, e);
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
    struct judged g = {0};
    FILE *f = input_open(path, e);
    struct reader *in = f ? reader_open(f, input_name(path), NULL, e) : NULL;
    int code = in ? add_stream(&g, in, input_name(path), e) : e->code;
    if (code == DSSM_OK)
        code = report(&g, e);
    if (in)
        reader_close(in);
    if (f && f != stdin)
        fclose(f);
    r2_free(g.r2);
    free(g.quantity);
    return code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
