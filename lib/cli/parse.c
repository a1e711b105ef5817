/* The command line: options and operands in any order, by the program's tables. */
#include "cli/cli_private.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One pass over argv. */
struct parse {
    const struct program *program;
    int argc, at; /* at: the next word */
    char **argv;
    struct operands *operands;
    int given; /* options so far */
    struct error error;
};

enum outcome { GO_ON, ANSWERED, REFUSED };

/* An option that was found: its row, where its value goes, and whether it came as --no-NAME. */
struct found {
    const struct option_row *row;
    void *into;
    bool negated;
};

/* Whether the first `length` bytes of word are the name of the row, or its --no- form. */
static bool names_row(const struct option_row *row, const char *word, size_t length, bool *negated)
{
    *negated = false;
    if (strlen(row->name) == length && strncmp(row->name, word, length) == 0)
        return true;
    *negated = option_negatable(row) && length > 3 && strncmp(word, "no-", 3) == 0 && strlen(row->name) == length - 3 &&
               strncmp(row->name, word + 3, length - 3) == 0;
    return *negated;
}

/* Looks a long name up in the program's groups, then in the options that every program has. */
static bool find_long(const struct program *p, const char *word, size_t length, struct found *found)
{
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        for (const struct option_row *row = g->rows; row->name; row++)
            if (names_row(row, word, length, &found->negated)) {
                found->row = row;
                found->into = g->into;
                return true;
            }
    for (const struct option_row *row = options_always; row->name; row++)
        if (names_row(row, word, length, &found->negated)) {
            *found = (struct found){.row = row};
            return true;
        }
    return false;
}

static bool find_letter(const struct program *p, char letter, struct found *found)
{
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        for (const struct option_row *row = g->rows; row->name; row++)
            if (row->letter == letter) {
                *found = (struct found){.row = row, .into = g->into};
                return true;
            }
    for (const struct option_row *row = options_always; row->name; row++)
        if (row->letter == letter) {
            *found = (struct found){.row = row};
            return true;
        }
    return false;
}

/* Offers every long name, also the --no- forms. */
static void offer_rows(struct near *near, const struct option_row *rows)
{
    for (const struct option_row *row = rows; row->name; row++) {
        near_offer(near, row->name);
        if (option_negatable(row)) {
            char negated[64];
            snprintf(negated, sizeof negated, "no-%s", row->name);
            near_offer(near, negated);
        }
    }
}

/* "unknown option WORD; did you mean --this?" where name is the word without dashes and value. */
static int unknown_option(struct parse *parse, const char *dashed, const char *name)
{
    char hint[128];
    struct near near = near_start(name);
    for (const struct option_group *g = parse->program->groups; g && g->rows; g++)
        offer_rows(&near, g->rows);
    offer_rows(&near, options_always);
    const char *operands = parse->program->operands;
    const bool command = strstr(operands, "-- "); /* of another program, whose options these may be */
    return error_set(&parse->error, DSSM_USAGE, "unknown option %s%s%s%s%s", dashed, near_hint(&near, "--", hint, sizeof hint),
                     command ? " (options of the command stand behind --: " : "", command ? operands : "", command ? ")" : "");
}

/* The next word as an option's value. */
static const char *take_word(struct parse *parse, const struct option_row *row)
{
    if (parse->at < parse->argc)
        return parse->argv[parse->at++];
    error_set(&parse->error, DSSM_USAGE, "--%s: expected a value (%s), got the end of the command line", row->name,
              row->argument ? row->argument : "VALUE");
    return NULL;
}

/* An option's value, and a note that it was given. */
static enum outcome set_option(struct parse *parse, const struct found *found, const char *value)
{
    if (!value || option_set(found->row, found->into, value, &parse->error))
        return REFUSED;
    parse->operands->given[parse->given++] = found->row;
    return GO_ON;
}

/* --help or --version: true when it was one, with the status of printing it. */
static bool answered(const struct program *p, const struct option_row *row, int *status)
{
    if (row < options_always || row > options_always + 1)
        return false;
    if (strcmp(row->name, "help") == 0)
        help_print(p, stdout);
    else
        printf("%s (dssm-tools) %s\n", p->name, DSSM_VERSION);
    *status = program_end(p);
    return true;
}

/* The forms that build and install use, not shown by --help. */
static bool answered_hidden(const struct program *p, const char *name, int *status)
{
    if (strcmp(name, "help-mdoc") == 0)
        mdoc_print(p, stdout);
    else if (strcmp(name, "complete-bash") == 0)
        complete_bash_print(p, stdout);
    else
        return false;
    *status = program_end(p);
    return true;
}

/* --name, --no-name, --name=value, --name value. */
static enum outcome parse_long(struct parse *parse, const char *word, int *status)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    struct found found;
    if (answered_hidden(parse->program, name, status))
        return ANSWERED;
    if (!find_long(parse->program, name, length, &found)) {
        char bare[64], dashed[80];
        snprintf(bare, sizeof bare, "%.*s", (int)(length < 63 ? length : 63), name);
        snprintf(dashed, sizeof dashed, "--%s", bare);
        unknown_option(parse, dashed, bare);
        return REFUSED;
    }
    if (found.row->kind == OPT_FLAG && equals) {
        error_set(&parse->error, DSSM_USAGE, "--%.*s takes no value, got \"%s\"", (int)length, name, equals + 1);
        return REFUSED;
    }
    if (answered(parse->program, found.row, status))
        return ANSWERED;
    if (found.row->kind == OPT_FLAG)
        return set_option(parse, &found, found.negated ? "no" : "yes");
    return set_option(parse, &found, equals ? equals + 1 : take_word(parse, found.row));
}

/* -q, -n5, -n 5, -qn5. */
static enum outcome parse_letters(struct parse *parse, const char *word, int *status)
{
    for (const char *letter = word + 1; *letter; letter++) {
        struct found found;
        if (!find_letter(parse->program, *letter, &found)) {
            char dashed[8];
            snprintf(dashed, sizeof dashed, "-%.*s", (int)text_fit(letter, 1), letter);
            unknown_option(parse, dashed, word + 1);
            return REFUSED;
        }
        if (answered(parse->program, found.row, status))
            return ANSWERED;
        if (found.row->kind == OPT_FLAG) {
            if (set_option(parse, &found, "yes") == REFUSED)
                return REFUSED;
            continue;
        }
        return set_option(parse, &found, letter[1] ? letter + 1 : take_word(parse, found.row));
    }
    return GO_ON;
}

/* All words of the command line. */
static enum outcome parse_words(struct parse *parse, int *status)
{
    bool options = true;
    while (parse->at < parse->argc) {
        char *word = parse->argv[parse->at++];
        enum outcome outcome = GO_ON;
        if (!options || word[0] != '-' || word[1] == '\0')
            parse->operands->v[parse->operands->n++] = word;
        else if (strcmp(word, "--") == 0)
            options = false;
        else
            outcome = word[1] == '-' ? parse_long(parse, word, status) : parse_letters(parse, word, status);
        if (outcome != GO_ON)
            return outcome;
    }
    return GO_ON;
}

static int check_operands(const struct program *p, const struct operands *operands, struct error *e)
{
    if (operands->n > p->operands_max && p->operands_max == 0)
        return error_set(e, DSSM_USAGE, "expected no operand, got \"%s\"", operands->v[0]);
    if (operands->n > p->operands_max)
        return error_set(e, DSSM_USAGE, "expected %s, got one operand too many: \"%s\"", p->operands, operands->v[p->operands_max]);
    if (operands->n < p->operands_min)
        return error_set(e, DSSM_USAGE, "expected %s, got %d operand%s", p->operands, operands->n, operands->n == 1 ? "" : "s");
    return DSSM_OK;
}

/* A default of a preset, for an option of any table. */
static void set_default(const struct program *p, const struct option_default *value)
{
    struct found found;
    struct error e;
    if (!find_long(p, value->name, strlen(value->name), &found) || !found.into)
        bug("a preset for --%s, which is no option", value->name);
    if (option_set(found.row, found.into, value->value, &e))
        bug("preset of %s", e.text);
}

static void set_defaults(const struct program *p, const struct option_preset *preset)
{
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        options_defaults(g->rows, g->into);
    for (const struct option_default *value = preset ? preset->defaults : NULL; value && value->name; value++)
        set_default(p, value);
}

/* The preset that was chosen. */
static const struct option_preset *chosen_preset(const struct program *p)
{
    struct found found;
    if (!find_long(p, "preset", strlen("preset"), &found) || found.row->kind != OPT_CHOICE)
        bug("%s has presets, but no option --preset", p->name);
    return &p->presets[*(const int *)(const void *)((const char *)found.into + found.row->offset)];
}

/* The command line; twice where there are presets: what the one that it chooses sets comes before all else. */
static enum outcome parse_all(struct parse *parse, int *status)
{
    set_defaults(parse->program, NULL);
    enum outcome outcome = parse_words(parse, status);
    if (outcome != GO_ON || !parse->program->presets)
        return outcome;
    set_defaults(parse->program, chosen_preset(parse->program));
    parse->at = 1;
    parse->operands->n = parse->given = 0;
    return parse_words(parse, status);
}

/* Whether data will come from standard input: "-" is an operand, or the operand that would name a file is absent. */
static bool uses_stdin(const struct program *p, const struct operands *operands)
{
    if (!p->reads_stdin)
        return false;
    for (int i = 0; i < operands->n; i++)
        if (strcmp(operands->v[i], "-") == 0)
            return true;
    return p->operands_max == 0 || (operands->n == p->operands_min && operands->n < p->operands_max);
}

bool option_given(const struct operands *operands, const char *name)
{
    for (const struct option_row *const *row = operands->given; *row; row++)
        if (strcmp((*row)->name, name) == 0)
            return true;
    return false;
}

/* Operands and options in arrays of their own: argv stays as it was, for command_line. They live as long as the program. */
static void prepare_operands(struct operands *operands, int argc, char **argv)
{
    static char **words;
    static const struct option_row **rows;
    size_t letters = 1; /* a word of letters may hold as many options */
    for (int i = 0; i < argc; i++)
        letters += strlen(argv[i]);
    free(words);
    free(rows);
    words = xcalloc((size_t)argc + 1, sizeof *words);
    rows = xcalloc(letters, sizeof *rows);
    *operands = (struct operands){.n = 0, .v = words, .given = rows};
}

bool program_start(const struct program *p, int argc, char **argv, struct operands *operands, int *status)
{
    struct parse parse = {.program = p, .argc = argc, .at = 1, .argv = argv, .operands = operands};
    signal(SIGPIPE, SIG_DFL);
    prepare_operands(operands, argc, argv);
    enum outcome outcome = parse_all(&parse, status);
    if (outcome == ANSWERED)
        return false;
    if (outcome == REFUSED || check_operands(p, operands, &parse.error)) {
        *status = program_fail(p, &parse.error);
        fprintf(stderr, "Try %s --help\n", p->name);
        return false;
    }
    if (uses_stdin(p, operands) && isatty(STDIN_FILENO)) {
        help_print_short(p, stderr);
        *status = DSSM_USAGE;
        return false;
    }
    return true;
}
