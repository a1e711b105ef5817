/* --help: what the program does, examples, then every option with its default and range. */
#include "cli/cli_private.h"

#include <ctype.h>
#include <string.h>

enum { WIDTH = 96, WIDEST_OPTION = 30 };

/* "normal or vhp", "a, b or c". */
static void choices_in_words(const struct option_row *row, char *text, size_t size)
{
    char choice[64], next[64];
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; option_choice(row, i, choice, sizeof choice); i++) {
        bool last = !option_choice(row, i + 1, next, sizeof next);
        const char *between = i == 0 ? "" : last ? " or " : ", ";
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", between, choice);
    }
}

const char *option_facts(const struct option_row *row, char *text, size_t size)
{
    char range[512], standard[128] = "";
    if (row->kind == OPT_CHOICE)
        choices_in_words(row, range, sizeof range);
    else
        option_range(row, range, sizeof range);
    if (row->standard)
        snprintf(standard, sizeof standard, "default %s", row->standard);
    snprintf(text, size, "%s%s%s", range, range[0] && standard[0] ? "; " : "", standard);
    return text;
}

/* Whether the text begins with a word, and not with a quantity's name such as x or z_1. */
static bool begins_with_word(const char *text)
{
    return isalpha((unsigned char)text[0]) && (isalpha((unsigned char)text[1]) || strncmp(text, "a ", 2) == 0);
}

const char *option_sentence(const struct option_row *row, char *text, size_t size)
{
    static const char dots[] = "…";
    size_t length = strlen(row->help), dots_length = sizeof dots - 1;
    bool ended = (length > 0 && strchr(".?!", row->help[length - 1])) ||
                 (length >= dots_length && strcmp(row->help + length - dots_length, dots) == 0);
    snprintf(text, size, "%s%s", row->help, ended ? "" : ".");
    if (begins_with_word(text))
        text[0] = (char)toupper((unsigned char)text[0]);
    return text;
}

/* "-n, --count N", "    --seed N", "    --noise, --no-noise". */
static void option_head(const struct option_row *row, char *text, size_t size)
{
    char letter[8] = "    ", negated[80] = "";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    if (option_negatable(row))
        snprintf(negated, sizeof negated, ", --no-%s", row->name);
    snprintf(text, size, "%s--%s%s%s%s", letter, row->name, negated, row->argument ? " " : "", row->argument ? row->argument : "");
}

/* The column where help sentences start: after the widest head that is not too wide. */
static int help_column(const struct program *p)
{
    int column = 16;
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        for (const struct option_row *row = g->rows; row->name; row++) {
            char head[160];
            option_head(row, head, sizeof head);
            int width = text_width(head) + 4;
            if (width > column && width <= WIDEST_OPTION)
                column = width;
        }
    return column;
}

static void print_option(const struct option_row *row, int column, FILE *out)
{
    char head[160], facts[700], sentence[1200], whole[2048];
    option_head(row, head, sizeof head);
    option_facts(row, facts, sizeof facts);
    option_sentence(row, sentence, sizeof sentence);
    snprintf(whole, sizeof whole, "%s%s%s%s", sentence, facts[0] ? " (" : "", facts, facts[0] ? ")" : "");
    int width = text_width(head) + 2;
    fprintf(out, "  %s", head);
    if (width + 2 > column)
        fprintf(out, "\n%*s", column, "");
    else
        fprintf(out, "%*s", column - width, "");
    text_wrap(out, whole, column, WIDTH);
}

static void print_rows(const char *title, const struct option_row *rows, int column, FILE *out)
{
    fprintf(out, "\n%s:\n", title);
    for (const struct option_row *row = rows; row->name; row++)
        print_option(row, column, out);
}

/* The example lines, each indented by two. */
static void print_examples(const struct program *p, FILE *out)
{
    if (!p->examples || !p->examples[0])
        return;
    fputs("\nExamples:\n", out);
    for (const char *line = p->examples; *line;) {
        size_t length = strcspn(line, "\n");
        fprintf(out, "  %.*s\n", (int)length, line);
        line += length;
        line += *line == '\n';
    }
}

static void print_usage(const struct program *p, FILE *out)
{
    bool operands = p->operands && p->operands[0];
    fprintf(out, "\nUsage: %s [OPTION]...%s%s\n", p->name, operands ? " " : "", operands ? p->operands : "");
}

void help_print(const struct program *p, FILE *out)
{
    int column = help_column(p);
    int indent = fprintf(out, "%s: ", p->name);
    text_wrap(out, p->reads_writes, indent, WIDTH);
    print_examples(p, out);
    print_usage(p, out);
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        print_rows(g->title, g->rows, column, out);
    print_rows("Help", options_always, column, out);
}

void help_print_short(const struct program *p, FILE *out)
{
    int indent = fprintf(out, "%s: ", p->name);
    text_wrap(out, p->reads_writes, indent, WIDTH);
    print_examples(p, out);
    print_usage(p, out);
    fprintf(out, "Standard input is a terminal: name a file, or pipe data in. %s --help lists the options.\n", p->name);
}
