/* What is in a stream: counts, lengths, and each field's numbers. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lengths of the sequences so far. */
struct lengths {
    size_t n, room;
    size_t *v;
};

static void note_length(struct lengths *l, const struct follower *at)
{
    if (!at->goes_on) {
        if (l->n == l->room) {
            l->room = l->room ? 2 * l->room : 1024;
            l->v = xrealloc(l->v, l->room * sizeof *l->v);
        }
        l->n++;
    }
    l->v[l->n - 1] = at->next;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

static void sum_up_lengths(struct stream_summary *s, struct lengths *l)
{
    if (l->n > 0) {
        qsort(l->v, l->n, sizeof *l->v, compare_sizes);
        s->shortest = l->v[0];
        s->median = l->v[(l->n - 1) / 2];
        s->longest = l->v[l->n - 1];
    }
    free(l->v);
}

static struct field_summary *field_named(struct stream_summary *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->field[i].name, name) == 0)
            return &s->field[i];
    s->field = xrealloc(s->field, (size_t)(s->n + 1) * sizeof *s->field);
    s->field[s->n] = (struct field_summary){.name = xstrdup(name), .min = NAN, .max = NAN, .mean = NAN, .std = NAN};
    return &s->field[s->n++];
}

/* Mean and sum of squared deviations (in std until the end) by Welford's update: numbers far from zero lose nothing. */
static void add_number(struct field_summary *f, double v)
{
    f->count++;
    if (!isfinite(v)) {
        f->missing++;
        return;
    }
    double n = (double)(f->count - f->missing);
    if (n == 1) {
        f->min = f->max = f->mean = v;
        f->std = 0;
    } else {
        double d = v - f->mean;
        f->mean += d / n;
        f->std += d * (v - f->mean);
        f->min = v < f->min ? v : f->min;
        f->max = v > f->max ? v : f->max;
    }
    f->sum += v;
}

static void add_array(struct field_summary *f, const struct array *a)
{
    size_t n = array_count(a);
    for (size_t i = 0; i < n; i++)
        add_number(f, array_get(a, i));
}

static void add_record(struct stream_summary *s, const struct record *rec)
{
    for (int i = 0; i < rec->n; i++)
        if (!rec->field[i].raw && (header_get_field(s->header, rec->field[i].name) || strcmp(rec->field[i].name, "mask") == 0))
            add_array(field_named(s, rec->field[i].name), &rec->field[i].array);
}

static uint64_t count_masked(const struct record *rec)
{
    const struct array *mask = record_get(rec, "mask");
    uint64_t masked = 0;
    for (size_t t = 0; mask && t < mask->shape[0]; t++)
        masked += ((const uint8_t *)mask->data)[t] == 0;
    return masked;
}

static int summarise_records(struct stream_summary *s, struct reader *r, bool numbers, struct error *e)
{
    struct lengths lengths = {0};
    struct follower at = {0};
    struct record rec;
    int more;
    record_init(&rec);
    while ((more = reader_next(r, &rec, e)) > 0) {
        follow(&at, &rec);
        s->steps += record_steps(&rec);
        s->masked += count_masked(&rec);
        if (numbers) {
            note_length(&lengths, &at);
            add_record(s, &rec);
        }
    }
    s->sequences = at.sequences;
    sum_up_lengths(s, &lengths);
    for (int i = 0; i < s->n; i++)
        s->field[i].std = sqrt(s->field[i].std / (double)(s->field[i].count - s->field[i].missing));
    record_clear(&rec);
    follow_end(&at);
    return more < 0 ? e->code : DSSM_OK;
}

int stream_summarise(struct stream_summary *s, const char *path, bool numbers, struct error *e)
{
    *s = (struct stream_summary){0};
    FILE *file = input_open(path, e);
    if (!file)
        return e->code;
    struct reader *r = reader_open(file, input_name(path), NULL, e);
    int code = r ? DSSM_OK : e->code;
    if (r) {
        const char *name;
        json_t *field;
        s->header = header_copy(reader_header(r));
        if (numbers)
            json_object_foreach(json_object_get(s->header, "fields"), name, field)
                field_named(s, name);
        code = summarise_records(s, r, numbers, e);
        s->records = reader_count(r);
        s->bytes = reader_bytes(r);
        s->crc = reader_crc(r);
        reader_close(r);
    }
    if (file != stdin)
        fclose(file);
    return code;
}

void stream_summary_clear(struct stream_summary *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->field[i].name);
    free(s->field);
    json_decref(s->header);
    *s = (struct stream_summary){0};
}
