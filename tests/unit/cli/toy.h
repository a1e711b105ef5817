/* A small program's tables, and words that are caught on their way out: for the tests of lib/cli. */
#ifndef TESTS_CLI_TOY_H
#define TESTS_CLI_TOY_H

#include "cli/cli_private.h"

struct toy_settings {
    int count;
    double sigma_x2;
    int prior;
    bool noise;
    struct int_list hidden;
    const char *output;
    uint64_t key;
};
enum { TOY_COUNT, TOY_SIGMA, TOY_PRIOR, TOY_NOISE, TOY_HIDDEN, TOY_OUTPUT, TOY_KEY }; /* indices into toy_rows */

extern struct toy_settings toy_settings;
extern struct common toy_common;
extern const struct option_row toy_rows[];
extern const struct program toy; /* "toy": MODEL [STREAM], reads standard input */

/* From catch_start to catch_end, what goes to the descriptor (1 or 2) is kept. catch_end's text is the caller's to free. */
struct caught {
    int descriptor, original;
    FILE *store;
};
struct caught catch_start(int descriptor);
char *catch_end(struct caught *c);

/* What a function prints, as text. Caller frees. */
char *printed(void (*print)(const struct program *, FILE *));

#endif
