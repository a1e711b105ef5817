/* gen-reacher: simulates the two-link arm, draws it, writes a stream. */
#include "gen/gen.h"

#include <stdlib.h>

/* The published set has 2000 sequences of 30 steps. */
static const struct option_default sequences_of_the_paper[] = {{"sequences", "2000"}, {"steps", "30"}, {0}};
struct settings {
    struct reacher_told told;
    struct generation generation;
};

static struct settings settings;
static struct option_group groups[] = {
    {"Preset", options_reacher_preset, &settings.told},
    {"Protocol", NULL, &settings.generation},
    {"Plant", options_reacher, &settings.told},
    {"Picture", options_reacher_view, &settings.told},
    {"Output", options_output, &settings.generation.output},
    {"Common", options_common, &settings.generation.common},
    {0},
};
static const struct program program = {
    .name = "gen-reacher",
    .reads_writes = "nothing in, stream out: simulate a two-link arm, draw it",
    .operands = "",
    .examples = "gen-reacher --seed 1 -o arm.msgpack\n"
                "gen-reacher -n 5 --observe rgb | seq-frames --every 2 -o sheet.png\n"
                "gen-reacher --preset paper --observe rgb --target random --seed 2 -o arm-test.msgpack\n",
    .groups = groups,
    .presets = presets_reacher,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    struct plant plant;
    if (reacher_plant(&settings.told, &plant, e))
        return e->code;
    return gen_run(&program, &plant, &settings.generation, operands, command, e);
}

int main(int argc, char **argv)
{
    struct option_row *protocol = options_with_defaults(options_generation, sequences_of_the_paper);
    groups[1].rows = protocol;
    int status = program_main(&program, argc, argv, run);
    free(protocol);
    return status;
}
