/* seq-cat: joins streams with the same fields. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stddef.h>
#include <stdlib.h>

struct settings {
    bool renumber, bin_keys;
    const char *output;
    struct common common;
};

static const struct option_row rows[] = {
    {.name = "renumber",
     .kind = OPT_FLAG,
     .offset = offsetof(struct settings, renumber),
     .help = "Give the sequences new ids: 0, 1, 2 and so on."},
    {0},
};
static const struct option_row output_rows[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPT_TEXT,
     .offset = offsetof(struct settings, output),
     .argument = "FILE",
     .help = "Write here, whole or not at all."},
    {.name = "bin-keys",
     .kind = OPT_FLAG,
     .offset = offsetof(struct settings, bin_keys),
     .help = "Write the keys of arrays as bin, as the default decoder of msgpack-numpy wants them."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"How to join", rows, &settings},
    {"Output", output_rows, &settings},
    {"Common", options_quiet, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-cat",
    .reads_writes = "streams in, stream out: one after the other, the history of all in the header",
    .operands = "[STREAM...]",
    .operands_max = 1 << 20,
    .examples = "seq-cat monday.msgpack tuesday.msgpack -o both.msgpack\n"
                "seq-cat --renumber a.msgpack b.msgpack | seq-info\n"
                "seq-cat --bin-keys test.msgpack > for-numpy.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    static char dash[] = "-", *standard_input[] = {dash};
    struct passage how = {.out = settings.output, .program = program.name, .command = command, .bin_keys = settings.bin_keys};
    return stream_join(&how, operands->n ? operands->n : 1, operands->n ? operands->v : standard_input, settings.renumber, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
