/* Metrics of a learning run as JSON lines (formats/metrics.md), cut back to where a checkpoint goes on from. */
#include "train/train.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

json_t *metrics_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

int lines_open(struct lines *l, const char *path, double bytes, struct error *e)
{
    *l = (struct lines){.path = path};
    if (!path)
        return DSSM_OK;
    bool printed = strcmp(path, "-") == 0;
    l->goes_on = bytes > 0 && !printed;
    l->file = printed ? stdout : fopen(path, l->goes_on ? "r+" : "w");
    if (!l->file)
        return error_set(e, DSSM_FAILURE, "%s: cannot open: %m", path);
    if (!l->goes_on)
        return DSSM_OK;
    if (fseek(l->file, 0, SEEK_END) || (double)ftell(l->file) < bytes)
        return error_set(e, DSSM_BAD_INPUT, "%s: is not the file that the checkpoint goes with: expected %.0f bytes or more", path, bytes);
    /* Lines behind the checkpoint will be written again. */
    if (ftruncate(fileno(l->file), (off_t)bytes) || fseek(l->file, 0, SEEK_END))
        return error_set(e, DSSM_FAILURE, "%s: cannot go on: %m", path);
    return DSSM_OK;
}

int lines_put(struct lines *l, json_t *line, struct error *e)
{
    if (!l->file) {
        json_decref(line);
        return DSSM_OK;
    }
    int bad = json_dumpf(line, l->file, JSON_COMPACT | JSON_REAL_PRECISION(9)) || fputc('\n', l->file) == EOF || fflush(l->file);
    json_decref(line);
    return bad ? error_set(e, DSSM_FAILURE, "%s: cannot write: %m", l->path) : DSSM_OK;
}

double lines_bytes(const struct lines *l)
{
    return l->file ? (double)ftell(l->file) : 0;
}

void lines_close(struct lines *l)
{
    if (l->file && l->file != stdout)
        fclose(l->file);
    *l = (struct lines){0};
}
