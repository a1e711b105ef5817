/* Tables of text, comma- or tab-separated: a line a step, columns id, step, and a column a component: u, x.0, x.1, … */
#include "convert.h"
#include "wire.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MOST = 1 << 20 };

/* A field of the table and its columns. */
struct column_group {
    char *name;
    size_t n;    /* columns */
    bool scalar; /* one column without a number: steps have shape [] */
};

static void groups_free(struct column_group *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(g[i].name);
    free(g);
}

/* ---- writing ---- */

struct table_sink {
    struct sink sink;
    FILE *file;
    char separator;
    struct column_group *group;
    size_t groups;
    struct follower at;
};

/* A cell of text, quoted where a comma-separated table needs it. False if a tab-separated one cannot hold it. */
static bool print_cell(FILE *f, const char *text, char separator)
{
    if (separator == '\t') {
        fputs(text, f);
        return !strpbrk(text, "\t\n\r");
    }
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, f);
        return true;
    }
    putc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', f);
        putc(*text, f);
    }
    putc('"', f);
    return true;
}

static void print_step(const struct table_sink *s, const struct record *rec, size_t t)
{
    for (size_t g = 0; g < s->groups; g++) {
        const struct array *a = record_get(rec, s->group[g].name);
        for (size_t i = 0; i < s->group[g].n; i++) {
            putc(s->separator, s->file);
            number_print(s->file, a, t * s->group[g].n + i, "nan");
        }
    }
    putc('\n', s->file);
}

static int table_put(struct sink *sink, const struct record *rec, struct error *e)
{
    struct table_sink *s = (struct table_sink *)sink;
    follow(&s->at, rec);
    for (size_t t = 0; t < s->at.next - s->at.first; t++) {
        if (!print_cell(s->file, rec->id, s->separator) || strchr(rec->id, '\n'))
            return error_set(e, DSSM_BAD_INPUT, "id %.100s: a table cannot hold tabs and ends of lines", rec->id);
        fprintf(s->file, "%c%zu", s->separator, s->at.first + t + 1);
        print_step(s, rec, t);
    }
    return DSSM_OK;
}

static int table_end(struct sink *sink, struct error *e)
{
    return ferror(((struct table_sink *)sink)->file) ? error_set(e, DSSM_FAILURE, "cannot write") : DSSM_OK;
}

static void table_sink_close(struct sink *sink)
{
    struct table_sink *s = (struct table_sink *)sink;
    groups_free(s->group, s->groups);
    follow_end(&s->at);
    free(s);
}

/* A group for each field that the header describes. */
static void describe_columns(struct table_sink *s, const json_t *header)
{
    const char *name;
    json_t *field, *n, *fields = json_object_get(header, "fields");
    size_t i;
    s->group = xcalloc(json_object_size(fields) + 1, sizeof *s->group);
    json_object_foreach(fields, name, field) {
        struct column_group *g = &s->group[s->groups++];
        json_t *shape = json_object_get(field, "shape");
        *g = (struct column_group){.name = xstrdup(name), .n = 1, .scalar = json_array_size(shape) == 0};
        json_array_foreach(shape, i, n)
            g->n *= (size_t)json_integer_value(n);
    }
}

struct sink *sink_table(FILE *f, const json_t *header, char separator, struct error *e)
{
    struct table_sink *s = xcalloc(1, sizeof *s);
    s->sink = (struct sink){table_put, table_end, table_sink_close};
    s->file = f;
    s->separator = separator;
    describe_columns(s, header);
    for (size_t g = 0; g < s->groups; g++)
        if (s->group[g].n > COLUMNS_MOST) {
            error_set(e, DSSM_BAD_INPUT, "field %.200s: %zu numbers a step, at most %d columns", s->group[g].name, s->group[g].n,
                      COLUMNS_MOST);
            table_sink_close(&s->sink);
            return NULL;
        }
    fprintf(f, "id%cstep", separator);
    for (size_t g = 0; g < s->groups; g++)
        for (size_t i = 0; i < s->group[g].n; i++) {
            putc(separator, f);
            print_cell(f, s->group[g].name, separator);
            if (!s->group[g].scalar)
                fprintf(f, ".%zu", i);
        }
    putc('\n', f);
    return &s->sink;
}

/* ---- reading ---- */

struct table_source {
    struct source source;
    FILE *file;
    const char *name;
    char separator;
    enum dtype type;
    char *line;
    size_t room, number, columns;
    char **cell;        /* the cells of the line at hand, in it */
    long id, step;      /* their columns, or -1 */
    json_t *seen;       /* ids of the sequences so far, as keys */
    double step_before; /* the column step in the sequence's row before */
    size_t *first;      /* a group's first column */
    struct column_group *group;
    size_t groups;
    bool pending;   /* the line at hand begins the next sequence */
    double *values; /* the sequence's numbers, a line after the other */
    size_t steps, space;
    size_t width; /* numbers of a line */
};

/* Ends a quoted cell: moves its text to the front. Returns what follows it, or NULL if the quote is not closed. */
static char *unquote(char *p)
{
    char *to = p;
    for (char *from = p + 1; *from; from++) {
        if (*from == '"' && from[1] != '"') {
            *to = '\0';
            return from + 1;
        }
        from += *from == '"';
        *to++ = *from;
    }
    return NULL;
}

/* Cuts the line's text into cells. Returns how many, or 0 with e. */
static size_t cut_line(struct table_source *s, char *text, struct error *e)
{
    size_t n = 0;
    for (char *p = text;;) {
        s->cell = xrealloc(s->cell, (n + 1) * sizeof *s->cell);
        s->cell[n++] = p;
        char *end = s->separator == ',' && *p == '"' ? unquote(p) : p + strcspn(p, (char[]){s->separator, 0});
        if (!end || (*end && *end != s->separator))
            return error_set(e, DSSM_BAD_INPUT, "column %zu: a quoted cell that does not end", n), 0;
        if (!*end)
            return n;
        *end = '\0';
        p = end + 1;
    }
}

/* The bytes before the text of the file's first line: those of a byte order mark, which some programs write. */
static size_t mark_length(const char *line)
{
    return strncmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The next line's cells: 1, 0 at the end, -1 on error. Empty lines are passed over. */
static int next_row(struct table_source *s, struct error *e)
{
    size_t length = 0, mark = 0;
    int more;
    do {
        more = text_line(s->file, &s->line, &s->room, &length, e);
        mark = more > 0 && s->number == 0 ? mark_length(s->line) : 0;
        s->number++;
    } while (more > 0 && length == mark);
    if (more > 0 && !wire_is_text(s->line, length))
        more = (error_set(e, DSSM_BAD_INPUT, "no UTF-8 text"), -1);
    if (more > 0) {
        size_t n = cut_line(s, s->line + mark, e);
        if (n > 0 && s->columns > 0 && n != s->columns)
            n = (error_set(e, DSSM_BAD_INPUT, "expected %zu columns, got %zu", s->columns, n), 0);
        if (n == 0)
            more = -1;
        s->columns = n;
    }
    return more < 0 ? (error_prefix(e, "%s: line %zu", s->name, s->number), -1) : more;
}

/* "x.3": the number behind the last point, and the name's length. False for "x". */
static bool component(const char *cell, size_t *name, unsigned long *index)
{
    const char *point = strrchr(cell, '.');
    char *end;
    *name = strlen(cell);
    if (!point || point[1] < '0' || point[1] > '9')
        return false;
    *index = strtoul(point + 1, &end, 10);
    if (*end)
        return false;
    *name = (size_t)(point - cell);
    return true;
}

/* Adds a column to the field that it belongs to. Components stand side by side, from 0. */
static int add_column(struct table_source *s, size_t column, struct error *e)
{
    const char *cell = s->cell[column];
    size_t length;
    unsigned long index = 0;
    bool numbered = component(cell, &length, &index);
    struct column_group *last = s->groups ? &s->group[s->groups - 1] : NULL;
    bool goes_on = last && numbered && !last->scalar && strlen(last->name) == length && strncmp(last->name, cell, length) == 0;
    if (length == 0 || (goes_on && index != last->n) || (numbered && !goes_on && index != 0))
        return error_set(e, DSSM_BAD_INPUT, "%s: line 1: column %zu: %.100s: expected NAME, or NAME.0, NAME.1, … side by side", s->name,
                         column + 1, cell);
    if (goes_on) {
        last->n++;
        return DSSM_OK;
    }
    s->first[s->groups] = column;
    s->group[s->groups++] = (struct column_group){.name = xasprintf("%.*s", (int)length, cell), .n = 1, .scalar = !numbered};
    for (size_t g = 0; g + 1 < s->groups; g++)
        if (strcmp(s->group[g].name, s->group[s->groups - 1].name) == 0)
            return error_set(e, DSSM_BAD_INPUT, "%s: line 1: field %.100s: its columns do not stand side by side", s->name,
                             s->group[g].name);
    return DSSM_OK;
}

/* A cell without the spaces around its text, which is cut short where it stands. */
static char *trimmed(char *cell)
{
    cell += strspn(cell, " ");
    for (size_t n = strlen(cell); n > 0 && cell[n - 1] == ' '; n--)
        cell[n - 1] = '\0';
    return cell;
}

static int read_names(struct table_source *s, struct error *e)
{
    s->first = xcalloc(s->columns, sizeof *s->first);
    s->group = xcalloc(s->columns, sizeof *s->group);
    for (size_t c = 0; c < s->columns; c++) {
        s->cell[c] = trimmed(s->cell[c]);
        if (strcmp(s->cell[c], "id") == 0)
            s->id = (long)c;
        else if (strcmp(s->cell[c], "step") == 0)
            s->step = (long)c;
        else if (add_column(s, c, e))
            return e->code;
    }
    if (s->groups == 0)
        return error_set(e, DSSM_BAD_INPUT, "%s: line 1: no column of numbers", s->name);
    s->source.header = header_new();
    for (size_t g = 0; g < s->groups; g++) {
        const struct column_group *group = &s->group[g];
        header_field(s->source.header, group->name, strcmp(group->name, "mask") == 0 ? DT_B1 : s->type, !group->scalar, &group->n, NULL,
                     NULL, NULL, NULL);
        s->width += group->n;
    }
    return DSSM_OK;
}

/* A number, or NaN for an empty cell and for NA. */
static bool read_number(char *cell, double *v)
{
    char *end;
    cell = trimmed(cell);
    *v = NAN;
    if (!*cell || strcmp(cell, "NA") == 0)
        return true;
    *v = strtod(cell, &end);
    return *end == '\0' && end > cell;
}

static const char *id_of(const struct table_source *s)
{
    return s->id >= 0 ? s->cell[s->id] : "0";
}

/* Steps count up by one within a sequence, from whatever number. */
static int check_step(struct table_source *s, struct error *e)
{
    double step, before = s->step_before;
    if (s->step < 0)
        return DSSM_OK;
    if (!read_number(s->cell[s->step], &step) || !(fabs(step) < 0x1p53) || step != floor(step))
        return error_set(e, DSSM_BAD_INPUT, "column step: expected a whole number, got %.100s",
                         s->cell[s->step][0] ? s->cell[s->step] : "an empty cell");
    if (s->steps > 0 && step > before + 1)
        return error_set(e, DSSM_BAD_INPUT, "column step: expected %.0f, got %.0f (a step that was not observed is a row with empty x)",
                         before + 1, step);
    if (s->steps > 0 && step != before + 1)
        return error_set(e, DSSM_BAD_INPUT, "column step: expected %.0f, got %.0f", before + 1, step);
    s->step_before = step;
    return DSSM_OK;
}

/* Appends the line's numbers to the sequence. */
static int add_row(struct table_source *s, struct error *e)
{
    if (check_step(s, e))
        return error_prefix(e, "%s: line %zu: sequence %.100s", s->name, s->number, id_of(s));
    if ((s->steps + 1) * s->width > s->space) {
        s->space = 2 * (s->steps + 1) * s->width;
        s->values = xrealloc(s->values, s->space * sizeof *s->values);
    }
    double *to = s->values + s->steps * s->width;
    for (size_t g = 0; g < s->groups; g++)
        for (size_t i = 0; i < s->group[g].n; i++)
            if (!read_number(s->cell[s->first[g] + i], to++))
                return error_set(e, DSSM_BAD_INPUT, "%s: line %zu: column %zu: expected a number, got %.100s", s->name, s->number,
                                 s->first[g] + i + 1, s->cell[s->first[g] + i]);
    s->steps++;
    return DSSM_OK;
}

/* The sequence's numbers as a record. */
static int make_record(struct table_source *s, struct record *rec, struct error *e)
{
    size_t from = 0;
    for (size_t g = 0; g < s->groups; g++) {
        const struct column_group *group = &s->group[g];
        struct array a =
            array_new(strcmp(group->name, "mask") == 0 ? DT_B1 : s->type, group->scalar ? 1 : 2, (size_t[]){s->steps, group->n});
        record_put(rec, group->name, a);
        for (size_t t = 0; t < s->steps; t++)
            for (size_t i = 0; i < group->n; i++)
                if (number_set(&a, t * group->n + i, s->values[t * s->width + from + i], e))
                    return error_prefix(e, "%s: sequence %.100s: step %zu: field %.100s", s->name, rec->id, t + 1, group->name);
        from += group->n;
    }
    return DSSM_OK;
}

/* The line at hand is the first of a sequence, whose id must be new. */
static int begin_sequence(struct table_source *s, struct error *e)
{
    if (json_object_get(s->seen, id_of(s)))
        return error_set(e, DSSM_BAD_INPUT, "%s: line %zu: sequence %.100s: its rows do not stand together", s->name, s->number, id_of(s));
    json_object_set_new(s->seen, id_of(s), json_true());
    s->steps = 0;
    return DSSM_OK;
}

static int table_next(struct source *source, struct record *rec, struct error *e)
{
    struct table_source *s = (struct table_source *)source;
    int more = s->pending ? 1 : next_row(s, e);
    record_clear(rec);
    if (more <= 0)
        return more;
    record_set_id(rec, id_of(s));
    if (begin_sequence(s, e))
        return -1;
    do {
        if (add_row(s, e))
            return -1;
        more = next_row(s, e);
    } while (more > 0 && strcmp(id_of(s), rec->id) == 0);
    s->pending = more > 0;
    return more < 0 || make_record(s, rec, e) ? -1 : 1;
}

static void table_source_close(struct source *source)
{
    struct table_source *s = (struct table_source *)source;
    groups_free(s->group, s->groups);
    json_decref(s->source.header);
    json_decref(s->seen);
    free(s->first);
    free(s->cell);
    free(s->line);
    free(s->values);
    free(s);
}

struct source *source_table(FILE *f, const char *name, char separator, enum dtype type, struct error *e)
{
    struct table_source *s = xcalloc(1, sizeof *s);
    *s = (struct table_source){.source = {NULL, table_next, table_source_close},
                               .file = f,
                               .name = name,
                               .separator = separator,
                               .type = type,
                               .id = -1,
                               .step = -1,
                               .seen = json_object()};
    int more = next_row(s, e);
    if (more == 0)
        error_set(e, DSSM_CUT_SHORT, "%s: empty", name);
    if (more <= 0 || read_names(s, e)) {
        table_source_close(&s->source);
        return NULL;
    }
    return &s->source;
}
