/* sim-pendulum: the pendulum live: a control in, an observation out. */
#include "gen/gen.h"

#include <stdlib.h>

struct settings {
    struct pendulum pendulum;
    struct live live;
    struct common common;
};

static struct settings settings;
static const struct option_group groups[] = {{"Conversation", options_live, &settings.live},
                                             {"Plant", options_pendulum, &settings.pendulum},
                                             {"Picture", options_pendulum_view, &settings.pendulum},
                                             {"Common", options_common, &settings.common},
                                             {0}};
static const struct program program = {
    .name = "sim-pendulum",
    .reads_writes = "stream of controls in, stream of observations out, one by one: a live pendulum",
    .operands = "",
    .examples = "policy-run m.npz swing-up.npz -- sim-pendulum --start hang | seq-frames -o episode.png\n"
                "policy-run -n 20 m.npz swing-up.npz -- sim-pendulum --seed {seed} | seq-info\n"
                "sim-pendulum --steps 1 --start upright </dev/null | seq-frames -o upright.png\n",
    .groups = groups,
    .reads_stdin = true,
};

static int run(const struct operands *operands, const char *command, struct error *e)
{
    (void)operands;
    struct plant plant = {&plant_pendulum, &settings.pendulum};
    settings.live.protocol.seed = settings.common.seed;
    return gen_live(&plant, &settings.live, program.name, command, stdin, input_name(NULL), stdout, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
