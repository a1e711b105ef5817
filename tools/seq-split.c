/* seq-split: holds sequences out, or cuts them into pieces. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    int every, pieces;
    double fraction;
    bool new_ids;
    const char *output, *rest;
    struct common common;
};

static const struct option_row rows[] = {
    {.name = "every",
     .kind = OPT_INT,
     .offset = offsetof(struct settings, every),
     .standard = "0",
     .low = 0,
     .high = 2147483647,
     .argument = "K",
     .help = "Hold out every K-th sequence: the K-th, the 2K-th, and so on."},
    {.name = "fraction",
     .kind = OPT_REAL,
     .offset = offsetof(struct settings, fraction),
     .standard = "0",
     .low = 0,
     .high = 1,
     .argument = "F",
     .help = "Hold out each sequence with probability F, drawn from the seed."},
    {.name = "pieces",
     .kind = OPT_INT,
     .offset = offsetof(struct settings, pieces),
     .standard = "0",
     .low = 0,
     .high = 2147483647,
     .argument = "K",
     .help = "Hold nothing out: cut every sequence into records of K steps with the same id."},
    {.name = "new-ids",
     .kind = OPT_FLAG,
     .offset = offsetof(struct settings, new_ids),
     .help = "Pieces are sequences of their own, with ids ID/1, ID/2 and so on: to learn from a long recording."},
    {0},
};
static const struct option_row output_rows[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPT_TEXT,
     .offset = offsetof(struct settings, output),
     .argument = "FILE",
     .help = "Write what is held out, or the pieces, here; whole or not at all."},
    {.name = "rest",
     .kind = OPT_TEXT,
     .offset = offsetof(struct settings, rest),
     .argument = "FILE",
     .help = "Write the other sequences here; without it they are dropped."},
    {0},
};
static const struct option_row seed_rows[] = {
    {.name = "seed",
     .kind = OPT_SEED,
     .offset = offsetof(struct common, seed),
     .standard = "1",
     .argument = "N",
     .help = "Seed of --fraction: same seed, same sequences."},
    {.name = "quiet", .letter = 'q', .kind = OPT_FLAG, .offset = offsetof(struct common, quiet), .help = "Say nothing but errors."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"How to split", rows, &settings},
    {"Output", output_rows, &settings},
    {"Common", seed_rows, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-split",
    .reads_writes = "stream in, one or two streams out: hold sequences out, or cut them into pieces",
    .operands = "[STREAM]",
    .operands_max = 1,
    .examples = "seq-split --every 10 all.msgpack -o test.msgpack --rest train.msgpack\n"
                "seq-split --fraction 0.2 --seed 7 all.msgpack -o test.msgpack --rest train.msgpack\n"
                "seq-split --pieces 1 test.msgpack | seq-info\n"
                "seq-split --pieces 50 --new-ids recording.msgpack -o windows.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

/* Exactly one way to split, and two outputs that are two. */
static int check_settings(struct error *e)
{
    if ((settings.every > 0) + (settings.fraction > 0) + (settings.pieces > 0) != 1)
        return error_set(e, DSSM_USAGE, "give one of --every, --fraction and --pieces");
    if (settings.pieces > 0 && settings.rest)
        return error_set(e, DSSM_USAGE, "--pieces leaves no --rest");
    if (settings.rest && output_same(settings.output, settings.rest))
        return error_set(e, DSSM_USAGE, "--rest: expected another file than --output, got %s for both",
                         strcmp(settings.rest, "-") == 0 ? "standard output" : settings.rest);
    if (settings.new_ids && settings.pieces == 0)
        return error_set(e, DSSM_USAGE, "--new-ids goes with --pieces");
    return DSSM_OK;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    struct passage how = {.in = operands->n ? operands->v[0] : NULL,
                          .out = settings.output,
                          .program = program.name,
                          .command = command,
                          .has_seed = settings.fraction > 0,
                          .seed = settings.common.seed};
    struct holdout which = {.every = (uint64_t)settings.every, .fraction = settings.fraction};
    if (check_settings(e))
        return e->code;
    if (settings.pieces > 0)
        return stream_pieces(&how, &(struct cutting){(size_t)settings.pieces, settings.new_ids}, e);
    return stream_split(&how, &which, settings.rest, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
