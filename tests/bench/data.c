/* What it costs to keep observations small: an update of an EKVAE on 50 sequences of 30 RGB frames of 32×32, whose observations are bytes
 * in memory, or bytes in a file (in the system's cache: what a disk takes comes on top), against one whose are <f4 in memory. */
#include "model/model.h"
#include "train/train.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEQUENCES = 50, STEPS = 30, PIXELS = 32 * 32 * 3, ROUNDS = 5 };

/* Writes the sequences to a temporary file, which is gone once it is closed. */
static FILE *stream_of(enum dtype type)
{
    struct error e;
    FILE *f = tmpfile();
    json_t *header = header_new();
    struct writer *w = f ? writer_open(f, header, false, &e) : NULL;
    for (int i = 0; w && i < SEQUENCES; i++) {
        struct record r;
        struct array x = array_new(type, 2, (size_t[]){STEPS, PIXELS}), u = array_new(DT_F4, 2, (size_t[]){STEPS, 1});
        for (size_t k = 0; k < STEPS * PIXELS; k++) {
            uint8_t value = (uint8_t)(k * 7 + (size_t)i * 31);
            array_set(&x, k, type == DT_U1 ? value : (double)((real)value * (real)(1 / 255.0)));
        }
        record_init(&r);
        record_set_id(&r, i % 2 ? "odd" : "even");
        record_put(&r, "x", x);
        record_put(&r, "u", u);
        if (writer_put(w, &r, &e))
            bug("%s", e.text);
        record_clear(&r);
    }
    if (!w || writer_close(w, &e))
        bug("cannot write a temporary file");
    json_decref(header);
    rewind(f);
    return f;
}

static struct dataset data_of(enum dtype type, int place)
{
    struct dataset d;
    struct error e;
    FILE *f = stream_of(type);
    int own = dup(STDIN_FILENO);
    if (dup2(fileno(f), STDIN_FILENO) < 0 || dataset_open(&d, NULL, place, &e))
        bug("%s", e.text);
    dup2(own, STDIN_FILENO);
    close(own);
    fclose(f);
    return d;
}

struct trainee {
    struct dataset d;
    struct gradient_engine *engine;
    double time; /* of the fastest update */
};

static void update(struct trainee *t, const int *pick, real *gradient)
{
    struct batch_result r;
    struct error e;
    double began = seconds_now();
    if (gradient_forward(t->engine, pick, SEQUENCES, NULL, STEPS, GROUP_ALL, &(struct noise){1, 1, false}, &r, &e))
        bug("%s", e.text);
    gradient_backward(t->engine, (struct objective_weights){1, 1}, GROUP_ALL, gradient);
    double took = seconds_now() - began;
    t->time = t->time == 0 || took < t->time ? took : t->time;
}

int main(void)
{
    static const char *const names[] = {"f4_memory", "u1_memory", "u1_file"};
    openblas_set_num_threads(1);
    const struct model_kind *kind = model_kind_find("ekvae");
    void *settings = xcalloc(1, kind->settings_size);
    model_defaults(kind, settings);
    struct error e;
    struct model *m = model_new(kind, settings, PIXELS, 1, NULL, 1, &e);
    if (!m)
        bug("%s", e.text);
    struct pool *pool = pool_new(1);
    struct trainee t[3] = {{.d = data_of(DT_F4, DATA_MEMORY)}, {.d = data_of(DT_U1, DATA_MEMORY)}, {.d = data_of(DT_U1, DATA_FILE)}};
    real *gradient = xcalloc(m->params.size, sizeof *gradient);
    int pick[SEQUENCES];
    for (int i = 0; i < SEQUENCES; i++)
        pick[i] = i;
    for (int i = 0; i < 3; i++)
        t[i].engine = gradient_new(m, &t[i].d, SEQUENCES, pool);
    for (int round = 0; round < ROUNDS; round++) /* in turns, the best of each: other work on the machine disturbs all alike */
        for (int i = 0; i < 3; i++)
            update(&t[i], pick, gradient);
    for (int i = 1; i < 3; i++)
        printf("update_from_%s_over_f4_memory: %.3f (%.0f ms, %.0f ms)\n", names[i], t[i].time / t[0].time, 1e3 * t[i].time,
               1e3 * t[0].time);
    for (int i = 0; i < 3; i++) {
        gradient_free(t[i].engine);
        dataset_free(&t[i].d);
    }
    pool_free(pool);
    model_free(m);
    free(gradient);
    free(settings);
    return 0;
}
