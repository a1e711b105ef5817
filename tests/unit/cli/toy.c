#include "toy.h"

#include <stdlib.h>
#include <unistd.h>

struct toy_settings toy_settings;
struct common toy_common;

const struct option_row toy_rows[] = {
    [TOY_COUNT] = {.name = "count",
                   .letter = 'n',
                   .kind = OPT_INT,
                   .offset = offsetof(struct toy_settings, count),
                   .standard = "500",
                   .low = 1,
                   .high = 1000,
                   .argument = "N",
                   .help = "Number of sequences. Each is drawn alone."},
    [TOY_SIGMA] = {.name = "sigma-x2",
                   .kind = OPT_REAL,
                   .offset = offsetof(struct toy_settings, sigma_x2),
                   .standard = "0.5",
                   .low = 0,
                   .high = 1e300,
                   .argument = "X",
                   .help = "Variance σ² of the noise, which is added to every pixel of an image before "
                           "it is clipped to what a byte holds, in squared units of the brightness."},
    [TOY_PRIOR] = {.name = "prior",
                   .kind = OPT_CHOICE,
                   .offset = offsetof(struct toy_settings, prior),
                   .standard = "vhp",
                   .choices = "normal|vhp|flat",
                   .argument = "KIND",
                   .help = "Prior over the first state."},
    [TOY_NOISE] =
        {.name = "noise", .kind = OPT_FLAG, .offset = offsetof(struct toy_settings, noise), .standard = "yes", .help = "Draw samples."},
    [TOY_HIDDEN] = {.name = "hidden",
                    .kind = OPT_SIZES,
                    .offset = offsetof(struct toy_settings, hidden),
                    .standard = "128-64",
                    .argument = "SIZES",
                    .help = "Hidden layers."},
    [TOY_OUTPUT] = {.name = "output",
                    .letter = 'o',
                    .kind = OPT_TEXT,
                    .offset = offsetof(struct toy_settings, output),
                    .argument = "FILE",
                    .help = "Where the model goes."},
    [TOY_KEY] = {.name = "key",
                 .letter = 'k',
                 .kind = OPT_SEED,
                 .offset = offsetof(struct toy_settings, key),
                 .argument = "N",
                 .help = "Any number of 64 bits."},
    {0},
};

static const struct option_group groups[] = {
    {"Data", toy_rows, &toy_settings},
    {"Common", options_common, &toy_common},
    {0},
};

const struct program toy = {
    .name = "toy",
    .reads_writes = "stream in, model out: learn nothing",
    .operands = "MODEL [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "toy m.npz <train.msgpack\ngen | toy -n 5 m.npz",
    .groups = groups,
    .reads_stdin = true,
};

struct caught catch_start(int descriptor)
{
    fflush(stdout);
    fflush(stderr);
    struct caught c = {.descriptor = descriptor, .original = dup(descriptor), .store = tmpfile()};
    dup2(fileno(c.store), descriptor);
    return c;
}

char *catch_end(struct caught *c)
{
    fflush(stdout);
    fflush(stderr);
    dup2(c->original, c->descriptor);
    close(c->original);
    size_t size = (size_t)lseek(fileno(c->store), 0, SEEK_END);
    char *text = xcalloc(size + 1, 1);
    rewind(c->store);
    if (fread(text, 1, size, c->store) != size)
        bug("the caught text cannot be read");
    fclose(c->store);
    return text;
}

char *printed(void (*print)(const struct program *, FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    print(&toy, out);
    fclose(out);
    return text;
}
