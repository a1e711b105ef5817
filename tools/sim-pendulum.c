/* sim-pendulum: the pendulum live: a control in, an observation out. */
#include "gen/gen.h"

#include <stdlib.h>

struct settings {
    struct pendulum pendulum;
    struct live live;
    int sequence;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {"sequence", 0, OPT_INT, AT(sequence), "0", 0, 2147483647, NULL, "I",
     "Start as sequence number I of gen-pendulum does, with the same seed and options."},
    {"steps", 0, OPT_INT, AT(live.steps), "0", 0, 2147483647, NULL, "T", "End by itself after T observations; 0: when the controls end."},
    {"noise", 0, OPT_REAL, AT(live.protocol.noise), "0", 0, 1e12, NULL, "SD",
     "Noise added to every observed number (of an image: values from 0 to 1, then clamped)."},
    {"truth", 0, OPT_FLAG, AT(live.truth), "yes", 0, 0, NULL, NULL, "Tell the true state s with every observation; --no-truth: do not."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Conversation", rows, &settings},
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
    settings.live.sequence = (uint32_t)settings.sequence;
    return gen_live(&plant, &settings.live, program.name, command, stdin, input_name(NULL), stdout, e);
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
