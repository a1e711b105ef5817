/* seq-mask: drops frames, so that a model must do without them. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stddef.h>
#include <stdlib.h>

struct settings {
    double rate;
    const char *steps, *output;
    struct common common;
};

static const struct option_row rows[] = {
    {.name = "rate",
     .kind = OPT_REAL,
     .offset = offsetof(struct settings, rate),
     .standard = "1",
     .low = 0,
     .high = 1,
     .argument = "P",
     .help = "Drop a frame with probability P, each sequence and step for itself."},
    {.name = "steps",
     .kind = OPT_TEXT,
     .offset = offsetof(struct settings, steps),
     .argument = "A-B",
     .help = "Drop frames of these steps alone, counted from 1: 6-10, 6- (to the end), or 6."},
    {0},
};
static const struct option_row seed_rows[] = {
    {.name = "seed",
     .kind = OPT_SEED,
     .offset = offsetof(struct common, seed),
     .standard = "1",
     .argument = "N",
     .help = "Seed of the draws: same seed, same frames."},
    {.name = "quiet", .letter = 'q', .kind = OPT_FLAG, .offset = offsetof(struct common, quiet), .help = "Say nothing but errors."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"What to drop", rows, &settings},
    {"Output", options_output, &settings.output},
    {"Common", seed_rows, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-mask",
    .reads_writes = "stream in, stream out: frames dropped (mask 0), x as it was",
    .operands = "[STREAM]",
    .operands_max = 1,
    .examples = "seq-mask --rate 0.3 --seed 5 test.msgpack -o gaps.msgpack\n"
                "seq-mask --steps 6- test.msgpack | seq-info\n",
    .groups = groups,
    .reads_stdin = true,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    size_t from, to;
    if (!settings.steps && settings.rate == 1)
        return error_set(e, DSSM_USAGE, "give --rate or --steps (or both)");
    struct passage how = {.in = operands->n ? operands->v[0] : NULL,
                          .out = settings.output,
                          .program = program.name,
                          .command = command,
                          .has_seed = true,
                          .seed = settings.common.seed};
    if (steps_parse(settings.steps, &from, &to, e))
        return e->code;
    return stream_mask(&how, settings.rate, from, to, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
