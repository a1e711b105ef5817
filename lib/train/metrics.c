/* Metrics as JSON lines (formats/metrics.md): one line of settings, then a line an evaluation. */
#include "train/run.h"

static json_t *settings_line(const struct run *r)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:i, s:i}", "type", "settings", "version", DSSM_VERSION, "model", r->model->kind->name,
                             "sequences", r->data->n, "parameters", (int)r->model->params.size);
    char hash[16];
    snprintf(hash, sizeof hash, "%08x", r->data->hash);
    json_object_set_new(line, "data_crc32", json_string(hash));
    json_object_set_new(line, "d0", metrics_number(r->now.objective.d0));
    json_object_set_new(line, "distortion_constant", metrics_number(distortion_constant(r->numbers, model_settings(r->model)->sigma_x2)));
    if (r->io->provenance)
        json_object_set(line, "settings", (json_t *)(uintptr_t)r->io->provenance);
    json_object_set(line, "history", json_object_get(r->data->header, "history"));
    return line;
}

int metrics_open(struct run *r, struct error *e)
{
    if (lines_open(&r->metrics, r->io->metrics, r->metrics_bytes, e))
        return e->code;
    return r->metrics.goes_on ? DSSM_OK : lines_put(&r->metrics, settings_line(r), e);
}

int metrics_evaluation(struct run *r, struct error *e)
{
    const struct objective_state *o = &r->now.objective;
    double D = r->sum_distortion / r->sum_n, R = r->sum_rate / r->sum_n;
    double constant_part = distortion_constant(r->numbers, model_settings(r->model)->sigma_x2);
    json_t *line = json_pack("{s:s, s:i, s:i, s:s}", "type", "eval", "start", (int)r->now.start, "update", (int)r->now.update, "phase",
                             o->main_phase > 0 ? "main" : "initial");
    json_object_set_new(line, "lambda", metrics_number(o->lambda));
    json_object_set_new(line, "distortion", metrics_number(D));
    json_object_set_new(line, "distortion_excess", metrics_number(D - constant_part));
    json_object_set_new(line, "rate", metrics_number(R));
    json_object_set_new(line, "elbo", metrics_number(-D - R));
    json_object_set_new(line, "skipped", json_integer((json_int_t)r->skipped));
    if (r->validation && r->metrics.file) {
        struct bound b;
        if (dataset_bound(r->model, r->validation, &(struct noise){r->s->seed, UINT32_MAX - 1, false}, r->io->pool, &b, e)) {
            json_decref(line);
            return e->code;
        }
        json_object_set_new(line, "validation_distortion", metrics_number(b.distortion));
        json_object_set_new(line, "validation_rate", metrics_number(b.rate));
        json_object_set_new(line, "validation_elbo", metrics_number(-b.distortion - b.rate));
    }
    json_object_set_new(line, "seconds", metrics_number(seconds_now() - r->began));
    r->sum_distortion = r->sum_rate = r->sum_n = 0;
    return lines_put(&r->metrics, line, e);
}
