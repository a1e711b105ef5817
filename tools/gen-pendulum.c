/* gen-pendulum: simulates the pendulum, draws it, writes a stream. */
#include "gen/gen.h"

#include <stdlib.h>

struct settings {
    struct pendulum pendulum;
    struct generation generation;
};

static struct settings settings;
static const struct option_group groups[] = {
    {"Protocol", options_generation, &settings.generation},  {"Plant", options_pendulum, &settings.pendulum},
    {"Picture", options_pendulum_view, &settings.pendulum},  {"Output", options_output, &settings.generation.output},
    {"Common", options_common, &settings.generation.common}, {0},
};
static const struct program program = {
    .name = "gen-pendulum",
    .reads_writes = "nothing in, stream out: simulate a pendulum, draw it",
    .operands = "",
    .examples = "gen-pendulum --seed 1 -o train.msgpack\n"
                "gen-pendulum -n 500 --seed 2 | seq-frames --sequences 8 -o sheet.png\n"
                "gen-pendulum --start hang --actions hold:5 --observe angle --steps 100\n",
    .groups = groups,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    struct plant plant = {&plant_pendulum, &settings.pendulum};
    return gen_run(&program, &plant, &settings.generation, operands, command, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
