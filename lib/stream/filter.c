/* One stream in, one out; and which sequence a record belongs to. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stdlib.h>
#include <string.h>

int filter_open(struct filter *f, const struct passage *how, struct error *e)
{
    *f = (struct filter){.how = how};
    f->file = input_open(how->in, e);
    if (!f->file)
        return e->code;
    f->reader = reader_open(f->file, input_name(how->in), NULL, e);
    if (!f->reader)
        return e->code;
    f->header = header_copy(reader_header(f->reader));
    header_history(f->header, how->program, how->command, how->has_seed, how->seed);
    return DSSM_OK;
}

int filter_begin(struct filter *f, struct error *e)
{
    f->output = output_open(f->how->out, e);
    if (!f->output)
        return e->code;
    f->writer = writer_open(output_file(f->output), f->header, f->how->bin_keys, e);
    return f->writer ? DSSM_OK : e->code;
}

int filter_end(struct filter *f, struct error *e)
{
    int code = writer_close(f->writer, e);
    f->writer = NULL;
    if (code != DSSM_OK)
        return code;
    code = output_commit(f->output, e);
    f->output = NULL;
    return code;
}

int filter_can_cut(const struct filter *f, const struct record *rec, struct error *e)
{
    if (json_object_size(json_object_get(f->header, "fields")) > 0 || record_get(rec, "mask"))
        return DSSM_OK;
    return error_set(e, DSSM_BAD_INPUT, "%s: record %llu: the header describes no field, so nothing is known of steps",
                     input_name(f->how->in), (unsigned long long)reader_count(f->reader));
}

void filter_close(struct filter *f, struct error *e)
{
    writer_abandon(f->writer);
    output_abort(f->output, e);
    json_decref(f->header);
    reader_close(f->reader);
    if (f->file && f->file != stdin)
        fclose(f->file);
    *f = (struct filter){0};
}

void follow(struct follower *f, const struct record *rec)
{
    f->goes_on = f->id && strcmp(f->id, rec->id) == 0;
    if (!f->goes_on) {
        free(f->id);
        f->id = xstrdup(rec->id);
        f->sequences++;
        f->next = 0;
    }
    f->first = f->next;
    f->next += record_steps(rec);
}

void follow_end(struct follower *f)
{
    free(f->id);
    *f = (struct follower){0};
}
