/* seq-convert: streams to and from npz, csv, tsv, JSON lines. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stddef.h>
#include <stdlib.h>

struct settings {
    int from, to, type;
    const char *output;
    struct common common;
};

/* The first choice is "by the file's name". */
#define FORMS "name|stream|npz|jsonl|csv|tsv"

static const struct option_row rows[] = {
    {.name = "from",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct settings, from),
     .standard = "name",
     .choices = FORMS,
     .argument = "FORM",
     .help = "Form of the input; name: by the ending of its name, a stream if that tells nothing."},
    {.name = "to",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct settings, to),
     .standard = "name",
     .choices = FORMS,
     .argument = "FORM",
     .help = "Form of the output; name: by the ending of its name, a stream if that tells nothing."},
    {.name = "dtype",
     .kind = OPT_CHOICE,
     .offset = offsetof(struct settings, type),
     .standard = "f4",
     .choices = "f4|f8|i4|i8|u2|u1",
     .argument = "TYPE",
     .help = "Type of numbers that the input tells no type of."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Forms", rows, &settings},
    {"Output", options_output, &settings.output},
    {"Common", options_quiet, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-convert",
    .reads_writes = "sequences in, sequences out: streams to and from npz, csv, tsv, JSON lines",
    .operands = "[FILE]",
    .operands_max = 1,
    .examples = "seq-convert mine.csv -o mine.msgpack\n"
                "seq-convert test.msgpack -o test.npz\n"
                "seq-head -n 1 test.msgpack | seq-convert --to jsonl | jq -c 'select(.id) | .u'\n",
    .groups = groups,
    .reads_stdin = true,
};

static enum form form_of(int choice, const char *path)
{
    enum form form = FORM_STREAM;
    if (choice > 0)
        return (enum form)(choice - 1);
    form_of_name(path, &form);
    return form;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    struct passage how = {.in = operands->n ? operands->v[0] : NULL, .out = settings.output, .program = program.name, .command = command};
    return stream_convert(&how, form_of(settings.from, how.in), form_of(settings.to, how.out), (enum dtype)settings.type, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
