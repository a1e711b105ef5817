/* How a program talks: its options from one table, help, completion, progress, files that appear
 * whole or not at all, settings to and from JSON. Uses base only (and jansson). */
#ifndef DSSM_CLI_H
#define DSSM_CLI_H

#include "base/base.h"
#include <jansson.h>

/* ---- options (options.c, parse.c, steps.c) ---- */

enum option_kind {
    OPT_FLAG,   /* bool; --name, and --no-name for one whose default is "yes" */
    OPT_INT,    /* int */
    OPT_SEED,   /* uint64_t */
    OPT_REAL,   /* double */
    OPT_TEXT,   /* const char *, borrowed from argv or from the row's default */
    OPT_CHOICE, /* int: the index into choices */
    OPT_SIZES,  /* struct int_list: "256-128-128" (or commas) */
    OPT_LAYERS  /* struct layer_list: "128-64", "conv", "conv:8-16-32", "conv:8-16-32/128" (layers.c) */
};

struct int_list {
    int n;
    int v[8];
};

/* Layers of a network that has a vector or a picture at one end. */
struct layer_list {
    struct int_list dense;    /* widths; none: no hidden layer */
    bool convolutions;        /* between the picture and the dense layers */
    struct int_list channels; /* theirs, from the picture inwards; none: as suits the picture */
};
/* In the notation of the command line. Returns text. */
const char *layers_text(const struct layer_list *l, char *text, size_t size);

/* One option. A table of them ends with a row whose name is NULL. */
struct option_row {
    const char *name; /* "sigma-x2" for --sigma-x2; the key in JSON is the same with _ for - */
    char letter;      /* 'n' for -n, or 0 */
    enum option_kind kind;
    size_t offset;        /* of the value in the settings struct */
    const char *standard; /* the default, as text in the user's notation; NULL: 0, NULL or false */
    double low, high;     /* inclusive range of a number; both 0: any */
    const char *choices;  /* "normal|vhp", for OPT_CHOICE */
    const char *argument; /* what help calls the value: FILE, N, RAD/S; NULL for a flag */
    const char *help;     /* one sentence, with the unit */
};

/* Another default for a row of a table that several programs share. A list of them ends with a row whose name is NULL. */
struct option_default {
    const char *name;  /* of the row */
    const char *value; /* in the place of its standard; lives as long as settings made from it */
};

/* Defaults under a name: the choices of a program's option --preset. A list of them ends with a row whose name is NULL. */
struct option_preset {
    const char *name;
    const struct option_default *defaults; /* of rows in any of the program's tables; NULL: none */
};

/* A table and where its values go. */
struct option_group {
    const char *title; /* heading in --help: "Model", "Training" */
    const struct option_row *rows;
    void *into; /* the settings struct that offsets refer to */
};

struct program {
    const char *name;
    const char *reads_writes; /* one line: "stream in, model out: learn an extended Kalman VAE" */
    const char *operands;     /* "[STREAM]", "MODEL [STREAM]"; "" for none */
    int operands_min, operands_max;
    const char *examples;              /* shell lines, one a line, shown first by --help */
    const struct option_group *groups; /* ends with a row whose rows is NULL */
    bool reads_stdin;                  /* data come from standard input when no operand names a file: a terminal gets the short help */
    /* The choices of the row "preset" (OPT_CHOICE), in its order: the one that is chosen sets the defaults of other options, so
     * that whatever else stands on the command line, before or after it, overrides it. NULL: no presets. */
    const struct option_preset *presets;
};

/* Options that every program has: --seed, --threads, --quiet are in rows that a program includes as
 * a group (below); --help, --version, --help-mdoc (the option list for the man page) and
 * --complete-bash (the completion script) are always there. */
struct common {
    uint64_t seed;
    int threads; /* 0: one a core */
    bool quiet;
};
extern const struct option_row options_common[]; /* seed, threads, quiet */
extern const struct option_row options_quiet[];  /* quiet alone; into a struct common */
extern const struct option_row options_output[]; /* --output FILE alone; into a const char * */

/* Sets every value of the table to its default. */
void options_defaults(const struct option_row *rows, void *into);
/* A copy of the table with these defaults (may be NULL) in the place of its own. Names of other tables are passed over:
 * options_expect_defaults finds those of none. The caller frees the copy; what its rows point to stays the table's. */
struct option_row *options_with_defaults(const struct option_row *rows, const struct option_default *defaults);
/* A default whose name is in none of the n tables is a mistake of ours: bug(). */
void options_expect_defaults(const struct option_row *const *tables, int n, const struct option_default *defaults);
/* One value from text, with the row's range checked. The error names the option, what came and what was expected. */
int option_set(const struct option_row *row, void *into, const char *text, struct error *e);
/* Settings as a JSON object (caller decrefs), and back: an absent key keeps the value that is there, an
 * unknown key is an error. Texts read from JSON are owned by the json. */
json_t *options_to_json(const struct option_row *rows, const void *from);
int options_from_json(const struct option_row *rows, void *into, const json_t *json, struct error *e);
char *json_text(const json_t *value); /* on one line, for a message; "nothing" for NULL; caller frees */
/* Text as a JSON string, NULL as null. JSON is UTF-8, while a file name or a command line may hold any bytes: others become \xNN. */
json_t *text_json(const char *text);
json_t *seed_json(uint64_t seed); /* an integer, or text where JSON's signed 64 bits do not hold it */

/* The value of an option --steps, counted from 1: "6-10", "6-" (*last is 0: the end) or "6"; NULL is all steps, 1 and 0. */
int steps_parse(const char *text, size_t *first, size_t *last, struct error *e);

/* Sets defaults, parses (options may stand before and after operands, --name=value and --name value,
 * -n5 and -n 5, -- ends options, "-" is an operand), answers --help and its kin.
 * Returns true to go on: then argv_operands[0..n-1] are the operands. False: return *status from main. */
struct operands {
    int n;
    char **v;
    const struct option_row **given; /* the options that the command line has, in its order; ends with NULL */
};
bool option_given(const struct operands *operands, const char *name); /* was it on the command line, even with its default? */
bool program_start(const struct program *p, int argc, char **argv, struct operands *operands, int *status);
/* A program whose work is one function: starts, runs it with the operands and the command line for `history`, and says what went wrong.
 * Returns the exit status, for `return program_main(…)`. */
int program_main(const struct program *p, int argc, char **argv,
                 int (*run)(const struct operands *operands, const char *command, struct error *e));
/* The command line again as one string, quoted for a shell: an entry for `history`. --threads, --data-in and --quiet, which change
 * nothing of what comes out, are left out, so that the same work leaves the same bytes. Caller frees. */
char *command_line(int argc, char **argv);
/* Prints "name: text" to standard error and returns the error's code, for `return program_fail(&p, &e)`. */
int program_fail(const struct program *p, const struct error *e);
/* Prints "name: text" to standard error unless quiet. */
void program_say(const struct program *p, bool quiet, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Flushes standard output and checks it (a full disk is an error, a closed pipe ends quietly): the last
 * thing that a main calls. Returns the exit status. */
int program_end(const struct program *p);

/* ---- files (files.c) ---- */

/* An input: "-" or NULL is standard input. The name for messages is "standard input" or the path. NULL on failure. */
FILE *input_open(const char *path, struct error *e);
const char *input_name(const char *path);

/* An output that appears under its name whole or not at all: written beside (same folder), synced, renamed.
 * path NULL or "-": standard output, flushed by commit. A temporary file is removed by output_abort, at
 * exit, and when SIGINT, SIGTERM or SIGHUP ends the program. A path that is no regular file (/dev/null,
 * /dev/full, a named pipe) is written to as it is. */
struct output;
struct output *output_open(const char *path, struct error *e);
/* Whether two paths of outputs lead to one place: the same file, there or not yet, or both to standard output. Devices such as /dev/null
 * are no place that outputs could mix in. */
bool output_same(const char *a, const char *b);
FILE *output_file(struct output *o);
int output_commit(struct output *o, struct error *e); /* frees o either way */
/* Gives up: no file appears. If writing to it had failed, its name is put before what e says (the writer knew only a FILE). o and e may be
 * NULL. */
void output_abort(struct output *o, struct error *e);

/* ---- progress (progress.c) ---- */

/* A line on a terminal's standard error that is rewritten a few times a second; silent when standard error is no
 * terminal or quiet is set. */
struct progress;
struct progress *progress_new(const char *name, bool quiet);
void progress_show(struct progress *p, double done, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* done in [0,1]; time left is added */
void progress_end(struct progress *p);

#endif
