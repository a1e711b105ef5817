/* seq-info: what is in a stream. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

struct settings {
    bool json;
    struct common common;
};

static const struct option_row rows[] = {
    {.name = "json", .kind = OPT_FLAG, .offset = offsetof(struct settings, json), .help = "Print a JSON object instead of text."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Output", rows, &settings},
    {"Common", options_quiet, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-info",
    .reads_writes = "stream in, text or JSON out: counts, lengths, fields and their numbers, history",
    .operands = "[STREAM]",
    .operands_max = 1,
    .examples = "seq-info train.msgpack\n"
                "seq-info --json train.msgpack | jq .fields.x.mean\n",
    .groups = groups,
    .reads_stdin = true,
};

/* A number, or null if it is not finite. */
static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *field_json(const struct field_summary *f, const json_t *description)
{
    json_t *j = description ? json_deep_copy(description) : json_object();
    json_object_set_new(j, "count", json_integer((json_int_t)f->count));
    json_object_set_new(j, "missing", json_integer((json_int_t)f->missing));
    json_object_set_new(j, "min", number(f->min));
    json_object_set_new(j, "max", number(f->max));
    json_object_set_new(j, "mean", number(f->mean));
    json_object_set_new(j, "std", number(f->std));
    json_object_set_new(j, "sum", number(f->sum));
    return j;
}

static void print_json(const struct stream_summary *s, const char *name)
{
    json_t *fields = json_object(), *history = json_object_get(s->header, "history");
    for (int i = 0; i < s->n; i++)
        json_object_set_new(fields, s->field[i].name, field_json(&s->field[i], header_get_field(s->header, s->field[i].name)));
    json_t *j =
        json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:{s:I,s:I,s:I},s:o,s:O*}", "stream", text_json(name), "records", (json_int_t)s->records,
                  "sequences", (json_int_t)s->sequences, "steps", (json_int_t)s->steps, "masked", (json_int_t)s->masked, "bytes",
                  (json_int_t)s->bytes, "crc32", (json_int_t)s->crc, "length", "min", (json_int_t)s->shortest, "median",
                  (json_int_t)s->median, "max", (json_int_t)s->longest, "fields", fields, "history", history);
    json_dumpf(j, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(j);
}

/* "[T,16,16] <f4" of a description. */
static void shape_text(const json_t *description, char *out, size_t size)
{
    json_t *shape = json_object_get(description, "shape"), *n;
    size_t i, at = 0;
    at += (size_t)snprintf(out, size, "[T");
    json_array_foreach(shape, i, n)
        at += (size_t)snprintf(out + at, size - at, ",%lld", (long long)json_integer_value(n));
    snprintf(out + at, size - at, "] %s", json_string_value(json_object_get(description, "dtype")));
}

static const char *text_of(const json_t *description, const char *key)
{
    const char *text = json_string_value(json_object_get(description, key));
    return text ? text : "";
}

static void print_field(const struct field_summary *f, const json_t *description)
{
    char shape[256] = "[T], not declared";
    if (description)
        shape_text(description, shape, sizeof shape);
    double share = f->count ? 100 * (double)f->missing / (double)f->count : 0;
    printf("%-8s %-16s %11.5g %11.5g %11.5g %11.5g %8.2f%%  %s%s%s\n", f->name, shape, f->min, f->max, f->mean, f->std, share,
           text_of(description, "meaning"), *text_of(description, "unit") ? ", " : "", text_of(description, "unit"));
}

static void print_text(const struct stream_summary *s, const char *name)
{
    json_t *line;
    size_t i;
    printf("%s: %llu records, %llu sequences, %llu steps, %llu bytes\n", name, (unsigned long long)s->records,
           (unsigned long long)s->sequences, (unsigned long long)s->steps, (unsigned long long)s->bytes);
    printf("steps of a sequence: %zu to %zu, median %zu\n", s->shortest, s->longest, s->median);
    if (s->masked)
        printf("masked steps: %llu (%.2f%%)\n", (unsigned long long)s->masked, 100 * (double)s->masked / (double)s->steps);
    printf("\n%-8s %-16s %11s %11s %11s %11s %9s  %s\n", "field", "shape", "min", "max", "mean", "std", "missing", "meaning, unit");
    for (int k = 0; k < s->n; k++)
        print_field(&s->field[k], header_get_field(s->header, s->field[k].name));
    printf("\nhistory\n");
    json_array_foreach(json_object_get(s->header, "history"), i, line)
        printf("  %s\n", *text_of(line, "command") ? text_of(line, "command") : text_of(line, "program"));
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)command;
    struct stream_summary s;
    const char *path = operands->n ? operands->v[0] : NULL;
    int status = stream_summarise(&s, path, true, e);
    if (status == DSSM_OK && settings.json)
        print_json(&s, input_name(path));
    else if (status == DSSM_OK)
        print_text(&s, input_name(path));
    stream_summary_clear(&s);
    return status;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
