/* --help-mdoc: the option list of the man page, in the mdoc language. */
#include "cli/cli_private.h"

#include <ctype.h>
#include <string.h>

enum { LINE = 78 }; /* bytes of a source line, beyond which mandoc complains */

/* One word in which nothing is a request or an escape. Returns how many bytes it took. */
static int put_word(FILE *out, const char *word, size_t bytes, bool line_start)
{
    int used = 0;
    if (line_start && (word[0] == '.' || word[0] == '\''))
        used += fprintf(out, "\\&");
    for (size_t i = 0; i < bytes; i++)
        used += word[i] == '\\' ? fprintf(out, "\\e") : fprintf(out, "%c", word[i]);
    return used;
}

/* Sentences, each beginning a line, as mdoc wants it. */
static void put_text(FILE *out, const char *text)
{
    int column = 0;
    bool sentence_ended = false;
    for (const char *word = text; *word;) {
        size_t bytes = strcspn(word, " ");
        bool new_line = column + (int)bytes + 1 > LINE || (sentence_ended && isupper((unsigned char)word[0]));
        if (column > 0) {
            fputc(new_line ? '\n' : ' ', out);
            column = new_line ? 0 : column + 1;
        }
        column += put_word(out, word, bytes, column == 0);
        sentence_ended = bytes > 0 && strchr(".?!", word[bytes - 1]) != NULL;
        word += bytes;
        word += strspn(word, " ");
    }
    fputc('\n', out);
}

/* A word as a macro's argument: one that looks like a macro's name, or like punctuation, is guarded. */
static void put_argument(FILE *out, const char *word)
{
    bool macro = isupper((unsigned char)word[0]) && islower((unsigned char)word[1]);
    bool quoted = strchr(word, ' ') != NULL;
    fprintf(out, " Ar %s%s%s%s", quoted ? "\"" : "", macro ? "\\&" : "", word, quoted ? "\"" : "");
}

/* .It Fl n , -count Ar N */
static void put_item(FILE *out, const struct option_row *row)
{
    fputs(".It", out);
    if (row->letter)
        fprintf(out, " Fl %c ,", row->letter);
    fprintf(out, " Fl -%s", row->name);
    if (option_negatable(row))
        fprintf(out, " , Fl -no-%s", row->name);
    if (row->argument)
        put_argument(out, row->argument);
    fputc('\n', out);
}

/* "From 1 to 100; default 5.", or for a choice, whose spelling must stay, "One of a or b; default a." */
static void put_facts(FILE *out, const struct option_row *row)
{
    char facts[700], sentence[720];
    option_facts(row, facts, sizeof facts);
    if (!facts[0])
        return;
    snprintf(sentence, sizeof sentence, "%s%s.", row->kind == OPT_CHOICE ? "One of " : "", facts);
    sentence[0] = (char)toupper((unsigned char)sentence[0]);
    put_text(out, sentence);
}

static void put_group(FILE *out, const char *title, const struct option_row *rows)
{
    fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", title);
    for (const struct option_row *row = rows; row->name; row++) {
        put_item(out, row);
        char sentence[1200];
        put_text(out, option_sentence(row, sentence, sizeof sentence));
        put_facts(out, row);
    }
    fputs(".El\n", out);
}

void mdoc_print(const struct program *p, FILE *out)
{
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        put_group(out, g->title, g->rows);
    put_group(out, "Help", options_always);
}
