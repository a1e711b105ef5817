/* --complete-bash: the program's completion script. */
#include "cli/cli_private.h"

#include <string.h>

/* "--count|-n" as a pattern of case. */
static void put_pattern(FILE *out, const struct option_row *row)
{
    fprintf(out, "    --%s", row->name);
    if (row->letter)
        fprintf(out, " | -%c", row->letter);
    fputs(")\n", out);
}

/* What may stand after one option: its choices, a file, or nothing that could be guessed. */
static void put_value(FILE *out, const struct option_row *row)
{
    char choice[64];
    if (row->kind == OPT_FLAG)
        return;
    put_pattern(out, row);
    if (row->kind == OPT_CHOICE) {
        fputs("        mapfile -t COMPREPLY < <(compgen -W '", out);
        for (int i = 0; option_choice(row, i, choice, sizeof choice); i++)
            fprintf(out, "%s%s", i ? " " : "", choice);
        fputs("' -- \"$word\")\n", out);
    } else if (row->kind == OPT_TEXT) {
        fputs("        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n", out);
    } else {
        fputs("        COMPREPLY=()\n", out);
    }
    fputs("        return\n        ;;\n", out);
}

static void put_names(FILE *out, const struct option_row *rows)
{
    for (const struct option_row *row = rows; row->name; row++) {
        fprintf(out, " --%s", row->name);
        if (option_negatable(row))
            fprintf(out, " --no-%s", row->name);
    }
}

void complete_bash_print(const struct program *p, FILE *out)
{
    char function[128];
    snprintf(function, sizeof function, "_%s", p->name);
    for (char *c = function; *c; c++)
        if (*c == '-')
            *c = '_';
    fprintf(out, "# bash completion of %s, made by %s --complete-bash\n%s() {\n", p->name, p->name, function);
    fputs("    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    # bash cuts --name=value into three words\n"
          "    if [[ $word == = ]]; then\n"
          "        word=\n"
          "    elif [[ $before == = ]] && ((COMP_CWORD >= 2)); then\n"
          "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    case $before in\n",
          out);
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        for (const struct option_row *row = g->rows; row->name; row++)
            put_value(out, row);
    fputs("    esac\n"
          "    if [[ $word == -* ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W '",
          out);
    for (const struct option_group *g = p->groups; g && g->rows; g++)
        put_names(out, g->rows);
    put_names(out, options_always);
    fprintf(out,
            "' -- \"$word\")\n"
            "    else\n"
            "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
            "    fi\n"
            "}\n"
            "complete -o filenames -F %s %s\n",
            function, p->name);
}
