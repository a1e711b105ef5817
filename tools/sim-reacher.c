/* sim-reacher: the two-link arm live: a control in, an observation out. */
#include "gen/gen.h"

#include <stdlib.h>

struct settings {
    struct reacher_told told;
    struct live live;
    struct common common;
};

static struct settings settings;
static const struct option_group groups[] = {
    {"Preset", options_reacher_preset, &settings.told}, {"Conversation", options_live, &settings.live},
    {"Plant", options_reacher, &settings.told},         {"Picture", options_reacher_view, &settings.told},
    {"Common", options_common, &settings.common},       {0}};
static const struct program program = {
    .name = "sim-reacher",
    .reads_writes = "stream of controls in, stream of observations out, one by one: a live two-link arm",
    .operands = "",
    .examples = "policy-run arm.npz reach.npz -- sim-reacher --observe sincos | seq-info\n"
                "sim-reacher --steps 1 --start 45,-90 --observe rgb </dev/null | seq-frames -o pose.png\n"
                "sim-reacher --steps 1 --seed 2 </dev/null | seq-convert --to tsv\n",
    .groups = groups,
    .presets = presets_reacher,
    .reads_stdin = true,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)operands;
    struct plant plant;
    if (reacher_plant(&settings.told, &plant, e))
        return e->code;
    settings.live.protocol.seed = settings.common.seed;
    return gen_live(&plant, &settings.live, program.name, command, stdin, input_name(NULL), stdout, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
