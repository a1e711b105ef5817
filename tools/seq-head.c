/* seq-head: the first records of a stream, and the first steps of each sequence. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stddef.h>
#include <stdlib.h>

struct settings {
    int records, steps;
    const char *output;
    struct common common;
};

static const struct option_row rows[] = {
    {.name = "records",
     .letter = 'n',
     .kind = OPT_INT,
     .offset = offsetof(struct settings, records),
     .standard = "10",
     .low = 0,
     .high = 2147483647,
     .argument = "N",
     .help = "Keep the first N records; 0 keeps all."},
    {.name = "steps",
     .kind = OPT_INT,
     .offset = offsetof(struct settings, steps),
     .standard = "0",
     .low = 0,
     .high = 2147483647,
     .argument = "K",
     .help = "Keep the first K steps of each sequence; 0 keeps all."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"What to keep", rows, &settings},
    {"Output", options_output, &settings.output},
    {"Common", options_quiet, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-head",
    .reads_writes = "stream in, stream out: the first records, and the first steps of each sequence",
    .operands = "[STREAM]",
    .operands_max = 1,
    .examples = "seq-head -n 5 train.msgpack | seq-info\n"
                "seq-head -n 0 --steps 10 train.msgpack -o short.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    struct passage how = {.in = operands->n ? operands->v[0] : NULL, .out = settings.output, .program = program.name, .command = command};
    return stream_head(&how, (uint64_t)settings.records, (size_t)settings.steps, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
