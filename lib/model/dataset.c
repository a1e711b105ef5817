/* Sequences as they came from a stream: all in memory, or with their observations left in the file. */
#include "model/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define DATA_SHARE "a quarter of the memory"
static const double UNIT_SIZE = 100; /* numbers so many times larger or smaller than 1 are doubtful */
enum { DATA_SHARE_OF_MEMORY = 4 };   /* DATA_AUTO: a file of more than one part in so many is left where it is */

const struct option_row options_data[] = {
    {"data-in", 0, OPT_CHOICE, 0, "auto", 0, 0, "auto|memory|file", "PLACE",
     "Where the observations are kept: in memory, or in the stream's file, from which they are read when they are wanted (it must be a "
     "file, "
     "not a pipe, and must not change meanwhile); auto: in the file if it is larger than " DATA_SHARE ". Results are the same."},
    {0},
};

/* The array `name` of a record, [T, width]; width is set by the first record that has it and checked in all others. */
static int check_array(const struct record *r, const char *name, int *width, struct error *e)
{
    const struct array *a = record_get(r, name);
    if (!a)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected an array, got nothing", name);
    if (a->dims < 1 || a->shape[0] < 1)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected at least one step", name);
    size_t step = array_step(a);
    if (step < 1 || step > 1 << 24)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected 1 to %d numbers a step, got %zu", name, 1 << 24, step);
    if (*width < 0)
        *width = (int)step;
    if (step != (size_t)*width)
        return error_set(e, DSSM_BAD_INPUT, "field %s: expected %d numbers a step, got %zu", name, *width, step);
    return DSSM_OK;
}

/* u must be finite wherever it acts: at every step but the last. */
static int check_controls(const struct array *u, size_t steps, struct error *e)
{
    if (u->shape[0] != steps)
        return error_set(e, DSSM_BAD_INPUT, "field u: expected %zu steps as in x, got %zu", steps, u->shape[0]);
    for (size_t i = 0; i < (steps - 1) * array_step(u); i++)
        if (!isfinite(array_get(u, i)))
            return error_set(e, DSSM_BAD_INPUT, "field u: step %zu: expected a finite number", i / array_step(u) + 1);
    return DSSM_OK;
}

static int check_record(struct dataset *d, const struct record *r, struct error *e)
{
    if (check_array(r, "x", &d->dx, e))
        return e->code;
    size_t steps = record_get(r, "x")->shape[0];
    const struct array *mask = record_get(r, "mask");
    if (mask && (mask->dims != 1 || mask->shape[0] != steps)) /* the stream's rules do not see an x that its header is silent about */
        return error_set(e, DSSM_BAD_INPUT, "field mask: expected %zu steps as in x", steps);
    if (record_steps(r) != steps)
        return error_set(e, DSSM_BAD_INPUT, "field x: expected %zu steps as other fields have, got %zu", record_steps(r), steps);
    if (d->n == 0 && !record_get(r, "u"))
        d->du = 0;
    if (d->du != 0 && (check_array(r, "u", &d->du, e) || check_controls(record_get(r, "u"), steps, e)))
        return e->code;
    if (steps > d->longest)
        d->longest = steps;
    return DSSM_OK;
}

static uint32_t hash_array(uint32_t hash, const struct array *a, uint32_t crc)
{
    hash = (uint32_t)crc32(hash, (const Bytef *)a->shape, (uInt)((size_t)a->dims * sizeof *a->shape));
    return (uint32_t)crc32_combine(hash, crc, (z_off_t)array_bytes(a));
}

static uint32_t crc_of(const struct array *a)
{
    return (uint32_t)crc32_z(0, a->data, array_bytes(a));
}

/* Fields that nobody asks a data set for need no memory. */
static void drop_fields(const struct dataset *d, struct record *r)
{
    for (int i = r->n - 1; i >= 0; i--) {
        const char *name = r->field[i].name;
        bool wanted =
            strcmp(name, "x") == 0 || (strcmp(name, "u") == 0 && d->du > 0) || strcmp(name, "mask") == 0 || strcmp(name, "s") == 0;
        if (!wanted || r->field[i].raw)
            record_remove(r, name);
    }
}

/* Forgets the numbers of x, which stay in the file. */
static void leave_in_file(struct record *r)
{
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->field[i].name, "x") == 0) {
            if (r->field[i].at == 0)
                bug("dataset: record %s: x stands nowhere", r->id);
            free(r->field[i].array.data);
            r->field[i].array.data = NULL;
        }
}

/* Bytes, which mean 0 to 1, need no watching. */
static void add_moments(struct moments *m, const struct array *a)
{
    size_t n = a->type == DT_U1 ? 0 : array_count(a);
    for (size_t i = 0; i < n; i++) {
        double v = array_get(a, i);
        if (isfinite(v)) {
            m->n++;
            m->sum += v;
            m->square += v * v;
        }
    }
}

static void add_record(struct dataset *d, struct record *r)
{
    if ((d->n & (d->n - 1)) == 0) {
        size_t room = (size_t)(d->n ? 2 * d->n : 1);
        d->record = xrealloc(d->record, sizeof *d->record * room);
        d->x_crc = xrealloc(d->x_crc, sizeof *d->x_crc * room);
    }
    const struct array *x = record_get(r, "x"), *u = record_get(r, "u"), *mask = record_get(r, "mask");
    d->x_crc[d->n] = crc_of(x);
    d->hash = hash_array((uint32_t)crc32(d->hash, (const Bytef *)r->id, (uInt)strlen(r->id)), x, d->x_crc[d->n]);
    if (d->du > 0)
        d->hash = hash_array(d->hash, u, crc_of(u));
    if (mask)
        d->hash = hash_array(d->hash, mask, crc_of(mask));
    d->observed += (double)record_seen(r);
    add_moments(&d->x_moments, x);
    if (d->du > 0)
        add_moments(&d->u_moments, u);
    drop_fields(d, r);
    if (d->backing)
        leave_in_file(r);
    record_init(&d->record[d->n]);
    record_move(&d->record[d->n++], r);
}

/* backing: the file that x is left in, or NULL; d's from now on. */
static int read_all(struct dataset *d, FILE *f, const char *name, struct backing *backing, struct error *e)
{
    *d = (struct dataset){.dx = -1, .du = -1, .backing = backing};
    struct reader *reader = reader_open(f, name, NULL, e);
    if (!reader) {
        dataset_free(d);
        return e->code;
    }
    d->header = json_deep_copy(reader_header(reader));
    struct record r;
    record_init(&r);
    int got;
    while ((got = reader_next(reader, &r, e)) > 0) {
        if (begins_sequence(&r, d->n > 0 ? d->record[d->n - 1].id : NULL, e) || check_record(d, &r, e)) {
            error_prefix(e, "%s: record %d", name, d->n + 1);
            got = -1;
            break;
        }
        add_record(d, &r);
    }
    record_clear(&r);
    reader_close(reader);
    if (got == 0 && d->n == 0)
        got = -error_set(e, DSSM_BAD_INPUT, "%s: expected at least one sequence, got none", name);
    if (got < 0)
        dataset_free(d);
    return got < 0 ? e->code : DSSM_OK;
}

/* Is the stream in a file that is better left where it is? */
static bool too_large(FILE *f)
{
    struct stat about;
    return fstat(fileno(f), &about) == 0 && S_ISREG(about.st_mode) && (size_t)about.st_size > memory_there() / DATA_SHARE_OF_MEMORY;
}

int dataset_open(struct dataset *d, const char *path, int place, struct error *e)
{
    *d = (struct dataset){0};
    FILE *f = input_open(path, e);
    if (!f)
        return e->code;
    struct backing *backing = NULL;
    int status = DSSM_OK;
    if (place == DATA_FILE || (place == DATA_AUTO && too_large(f))) {
        backing = backing_open(f, input_name(path), e);
        status = backing ? DSSM_OK : error_prefix(e, "--data-in file");
    }
    if (status == DSSM_OK)
        status = read_all(d, f, input_name(path), backing, e);
    if (f != stdin)
        fclose(f);
    return status;
}

char *dataset_remark(const struct dataset *d, int place)
{
    if (place != DATA_AUTO || !d->backing)
        return NULL;
    return xasprintf("%s: larger than " DATA_SHARE ", so observations stay in the file, which must not change meanwhile (--data-in)",
                     backing_name(d->backing));
}

/* What is wrong with the size of a field's numbers, or NULL: networks start for numbers of about unit size. */
static char *doubt_size(const char *name, const struct moments *m, double least)
{
    if (m->n == 0)
        return NULL;
    double mean = m->sum / m->n, deviation = sqrt(fmax(m->square / m->n - mean * mean, 0));
    if (sqrt(m->square / m->n) < UNIT_SIZE && deviation >= least)
        return NULL;
    return xasprintf("field %s has mean %.3g and standard deviation %.3g; models learn numbers of about unit size: shift and scale it",
                     name, mean, deviation);
}

char *dataset_doubt(const struct dataset *d)
{
    if (d->longest < 2)
        return xasprintf("no sequence has two steps, so there are no dynamics to learn");
    char *text = doubt_size("x", &d->x_moments, 1 / UNIT_SIZE);
    return text ? text : doubt_size("u", &d->u_moments, 0); /* controls may rest */
}

int dataset_longest(const struct dataset *d, const int *pick, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++)
        if (record_steps(&d->record[pick[i]]) > most)
            most = record_steps(&d->record[pick[i]]);
    return (int)most;
}

void dataset_free(struct dataset *d)
{
    for (int i = 0; i < d->n; i++)
        record_clear(&d->record[i]);
    free(d->record);
    free(d->x_crc);
    backing_close(d->backing);
    json_decref(d->header);
    *d = (struct dataset){0};
}
