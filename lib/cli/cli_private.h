/* What the files of lib/cli share among themselves; nobody else includes this. */
#ifndef DSSM_CLI_PRIVATE_H
#define DSSM_CLI_PRIVATE_H

#include "cli/cli.h"

/* ---- near misses (near.c) ---- */

/* Finds, among names offered one by one, the one that was most likely meant. */
struct near {
    const char *wanted;
    char best[64];   /* "" as long as nothing is near enough */
    size_t distance; /* edits between wanted and best */
};
struct near near_start(const char *wanted);
void near_offer(struct near *n, const char *name);
/* "; did you mean PREFIXbest?" or "", into text. Returns text. */
const char *near_hint(const struct near *n, const char *prefix, char *text, size_t size);

/* ---- options (options.c) ---- */

/* The range of a number in words: "from 1 to 100", "at least 1", "at most 1", "" for any. Returns text. */
const char *option_range(const struct option_row *row, char *text, size_t size);
/* The n-th choice of "a|b|c" into text; false when there is none. */
bool option_choice(const struct option_row *row, int n, char *text, size_t size);
/* As option_set, but the error starts with what was expected: the caller puts the place in front. */
int option_value_set(const struct option_row *row, void *into, const char *text, struct error *e);
/* Sizes such as 256-128, or none (options.c), and layers (layers.c). */
int sizes_set(const struct option_row *row, struct int_list *into, const char *text, struct error *e);
int layers_set(const struct option_row *row, struct layer_list *into, const char *text, struct error *e);
/* Whether --no-NAME exists: a flag whose default is "yes". */
bool option_negatable(const struct option_row *row);
/* --help and its kin, which every program has. */
extern const struct option_row options_always[];

/* ---- the faces of the table (help.c, mdoc.c, complete.c) ---- */

void help_print(const struct program *p, FILE *out);
void help_print_short(const struct program *p, FILE *out);
void mdoc_print(const struct program *p, FILE *out);
void complete_bash_print(const struct program *p, FILE *out);

/* Facts about an option that its help sentence does not repeat: "default 500; from 1 to 1000", or "". Returns text. */
const char *option_facts(const struct option_row *row, char *text, size_t size);
/* The row's help as a sentence: a capital first, a full stop last. Returns text. */
const char *option_sentence(const struct option_row *row, char *text, size_t size);

/* ---- text (text.c) ---- */

/* How many columns a UTF-8 text takes, a code point being one. */
int text_width(const char *text);
/* The number of bytes of the longest beginning of text that takes at most width columns. */
size_t text_fit(const char *text, int width);
/* Prints words, broken before column `width`; the first line goes on at column `indent`, the next ones are indented to it. */
void text_wrap(FILE *out, const char *text, int indent, int width);

/* ---- progress (progress.c) ---- */

/* Takes a progress line off the terminal, so that a message stands alone. */
void progress_hide(void);

#endif
