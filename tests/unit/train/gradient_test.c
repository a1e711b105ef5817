/* The gradient of a batch: the same bits for any number of threads, the mean over its sequences, weights, groups that move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cblas.h>
#include <cmocka.h>

#include "stored.h"
#include "train/train.h"

enum { COUNT = 70, BATCH = 60, DX = 4, LONGEST = 6 }; /* two chunks and a part */

static const struct noise noisy = {3, 8, false};

struct setup {
    struct dataset d;
    struct model *m;
    int pick[BATCH];
};

static struct setup setup_of(const char *kind, const char *settings)
{
    struct setup s = {.d = fixture_dataset(COUNT, 3, LONGEST, DX, 1), .m = fixture_model(kind, settings, DX, 1, 3)};
    int order[COUNT];
    openblas_set_num_threads(1); /* as a trainer's main does */
    draw_shuffle((struct draw){.seed = 2}, COUNT, order);
    memcpy(s.pick, order, sizeof s.pick);
    return s;
}

static struct setup setup_open(void)
{
    return setup_of("ekvae", "{" FIXTURE_TINY "}");
}

static void setup_close(struct setup *s)
{
    dataset_free(&s->d);
    model_free(s->m);
}

/* Of records in memory: nothing can fail. */
static void forward(struct gradient_engine *g, const int *pick, int n, const int *from, int T, unsigned moving, const struct noise *noise,
                    struct batch_result *out)
{
    struct error e;
    assert_int_equal(gradient_forward(g, pick, n, from, T, moving, noise, out, &e), DSSM_OK);
}

/* One gradient with a pool of its own. Caller frees. */
static real *gradient_of(const struct setup *s, int threads, int n, struct objective_weights w, unsigned moving,
                         struct batch_result *result, double *norm)
{
    struct pool *pool = pool_new(threads);
    struct gradient_engine *g = gradient_new(s->m, &s->d, BATCH, pool);
    real *gradient = xmalloc(s->m->params.size * sizeof(real));
    for (size_t i = 0; i < s->m->params.size; i++)
        gradient[i] = -77;
    forward(g, s->pick, n, NULL, LONGEST, moving, &noisy, result);
    *norm = gradient_backward(g, w, moving, gradient);
    gradient_free(g);
    pool_free(pool);
    return gradient;
}

/* Is number j one that trainings move? The others have no gradient. */
static bool trained(const struct setup *s, size_t j)
{
    const struct param *e = s->m->params.entry;
    while (j >= e->offset + (size_t)e->rows * (size_t)e->cols)
        e++;
    return e->group & GROUP_ALL;
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    struct setup s = setup_open();
    struct batch_result first, other;
    double norm, other_norm;
    real *one = gradient_of(&s, 1, BATCH, (struct objective_weights){0.3, 1}, GROUP_ALL, &first, &norm);
    for (int threads = 2; threads <= 4; threads++) {
        real *more = gradient_of(&s, threads, BATCH, (struct objective_weights){0.3, 1}, GROUP_ALL, &other, &other_norm);
        assert_memory_equal(one, more, s.m->params.size * sizeof(real));
        assert_true(first.distortion == other.distortion && first.rate == other.rate && norm == other_norm);
        free(more);
    }
    free(one);
    setup_close(&s);
}

/* Mean over the batch of each sequence's own gradient, computed one by one on one tape. */
static void is_the_mean_over_sequences(void **state)
{
    (void)state;
    struct setup s = setup_open();
    size_t size = s.m->params.size;
    struct batch_result got;
    double norm, D = 0, R = 0, square = 0, *sum = xcalloc(size, sizeof(double));
    real *gradient = gradient_of(&s, 2, BATCH, (struct objective_weights){0.3, 0.8}, GROUP_ALL, &got, &norm),
         *own = xcalloc(size, sizeof(real));
    struct tape *t = tape_new();
    for (int i = 0; i < BATCH; i++) {
        struct batch b;
        batch_fill(&b, s.d.record, &s.pick[i], 1, DX, 1, 0, (int)record_steps(&s.d.record[s.pick[i]]));
        tape_begin(t, &s.m->params, own, GROUP_ALL);
        struct loss l = s.m->kind->loss(s.m, t, &b, &noisy);
        D += (double)l.distortion->v[0] / BATCH;
        R += (double)l.rate->v[0] / BATCH;
        var_seed(l.distortion, NULL, (real)0.3);
        var_seed(l.rate, NULL, (real)0.8);
        tape_backward(t);
        for (size_t j = 0; j < size; j++)
            sum[j] += (double)own[j] / BATCH;
        batch_free(&b);
    }
    assert_true(fabs(got.distortion - D) < 1e-5 * fabs(D) && fabs(got.rate - R) < 1e-5 * fabs(R));
    for (size_t j = 0; j < size; j++)
        square += sum[j] * sum[j];
    for (size_t j = 0; j < size; j++)
        assert_true(!trained(&s, j) || fabs((double)gradient[j] - sum[j]) < 1e-4 * sqrt(square));
    assert_true(fabs(norm - sqrt(square)) < 1e-4 * norm);
    tape_free(t);
    free(sum);
    free(own);
    free(gradient);
    setup_close(&s);
}

/* The gradient is linear in the weights: 2·𝒟's + 3·ℛ's. */
static void weights_weigh(void **state)
{
    (void)state;
    struct setup s = setup_open();
    struct batch_result r;
    double norm;
    real *D = gradient_of(&s, 1, 30, (struct objective_weights){1, 0}, GROUP_ALL, &r, &norm);
    real *R = gradient_of(&s, 1, 30, (struct objective_weights){0, 1}, GROUP_ALL, &r, &norm);
    real *both = gradient_of(&s, 1, 30, (struct objective_weights){2, 3}, GROUP_ALL, &r, &norm);
    for (size_t j = 0; j < s.m->params.size; j++)
        assert_true(!trained(&s, j) || fabs((double)(both[j] - 2 * D[j] - 3 * R[j])) < 1e-4 * norm);
    free(D);
    free(R);
    free(both);
    setup_close(&s);
}

/* Only the moving groups' ranges are written, with the numbers that they have when all move. */
static void only_moving_groups(void **state)
{
    (void)state;
    struct setup s = setup_open();
    struct batch_result r;
    double norm, part_norm;
    real *all = gradient_of(&s, 1, BATCH, (struct objective_weights){1, 1}, GROUP_ALL, &r, &norm);
    real *part = gradient_of(&s, 1, BATCH, (struct objective_weights){1, 1}, GROUP_THETA | GROUP_PHI, &r, &part_norm);
    double square = 0;
    for (int i = 0; i < s.m->params.n; i++) {
        const struct param *e = &s.m->params.entry[i];
        bool moves = e->group & (GROUP_THETA | GROUP_PHI);
        for (size_t j = e->offset; j < e->offset + (size_t)e->rows * (size_t)e->cols; j++) {
            assert_true(moves ? fabs((double)(part[j] - all[j])) < 1e-5 * norm : part[j] == -77);
            square += moves ? (double)part[j] * (double)part[j] : 0;
        }
    }
    assert_true(fabs(part_norm - sqrt(square)) < 1e-4 * part_norm && part_norm < norm);
    free(all);
    free(part);
    setup_close(&s);
}

/* An engine is used update after update: what was before leaves no trace. */
static void leaves_no_trace(void **state)
{
    (void)state;
    struct setup s = setup_open();
    struct batch_result r;
    double norm;
    real *fresh = gradient_of(&s, 1, 30, (struct objective_weights){1, 1}, GROUP_ALL, &r, &norm),
         *again = xmalloc(s.m->params.size * sizeof(real));
    for (size_t j = 0; j < s.m->params.size; j++)
        again[j] = -77;
    struct pool *pool = pool_new(1);
    struct gradient_engine *g = gradient_new(s.m, &s.d, BATCH, pool);
    struct batch_result other;
    forward(g, s.pick + 3, 50, NULL, LONGEST, GROUP_ALL, &(struct noise){9, 9, false}, &other);
    gradient_backward(g, (struct objective_weights){5, 4}, GROUP_ALL, again);
    forward(g, s.pick, 30, NULL, LONGEST, GROUP_PHI, &noisy, &other);
    forward(g, s.pick, 30, NULL, LONGEST, GROUP_ALL, &noisy, &other); /* twice, as where a batch ends the initial phase */
    gradient_backward(g, (struct objective_weights){1, 1}, GROUP_ALL, again);
    assert_memory_equal(fresh, again, s.m->params.size * sizeof(real));
    gradient_free(g);
    gradient_free(NULL);
    pool_free(pool);
    free(fresh);
    free(again);
    setup_close(&s);
}

/* ---- sub-sequences ---- */

enum { PART = 3 };

/* A data set of the parts themselves, as records of their own. Sequence i of it is steps from[i].. of sequence i of d. */
static struct dataset parts_of(const struct dataset *d, const int *from)
{
    struct dataset parts = {.n = d->n, .dx = d->dx, .du = d->du, .longest = PART, .header = header_new()};
    parts.record = xcalloc((size_t)d->n, sizeof *parts.record);
    for (int i = 0; i < d->n; i++) {
        size_t steps = record_steps(&d->record[i]), first = (size_t)from[i], n = steps - first < PART ? steps - first : PART;
        for (int f = 0; f < d->record[i].n; f++)
            record_put(&parts.record[i], d->record[i].field[f].name, array_steps(&d->record[i].field[f].array, first, n));
    }
    return parts;
}

/* Where each sequence's part begins; some of the parts run over the end, others are the last step alone. */
static void draw_starts(const struct dataset *d, int *from)
{
    for (int i = 0; i < d->n; i++)
        from[i] = i % (int)record_steps(&d->record[i]);
}

/* The mean over the batch of what the parts cut out by hand give, one by one on one tape, each counted as often as it is contained in its
 * sequence; looks_back: each with the frame before it, if there is one. The gradient is added to sum. */
static struct batch_result parts_by_hand(const struct setup *s, const int *from, bool looks_back, double *sum)
{
    struct batch_result r = {0, 0};
    struct dataset parts = parts_of(&s->d, from);
    real *own = xcalloc(s->m->params.size, sizeof(real));
    struct tape *t = tape_new();
    for (int i = 0; i < BATCH; i++) {
        struct batch b, before;
        int pick = s->pick[i], steps = (int)record_steps(&parts.record[pick]), first = from[pick];
        double share = (double)record_steps(&s->d.record[pick]) / steps / BATCH;
        batch_fill(&b, parts.record, &pick, 1, DX, 1, 0, steps);
        batch_fill(&before, s->d.record, &pick, 1, DX, 1, first > 0 ? first - 1 : 0, 1);
        b.before = looks_back && first > 0 ? &before : NULL;
        tape_begin(t, &s->m->params, own, GROUP_ALL);
        struct loss l = s->m->kind->loss(s->m, t, &b, &noisy);
        r.distortion += share * (double)l.distortion->v[0];
        r.rate += share * (double)l.rate->v[0];
        var_seed(l.distortion, NULL, (real)0.3);
        var_seed(l.rate, NULL, (real)0.8);
        tape_backward(t);
        for (size_t j = 0; j < s->m->params.size; j++)
            sum[j] += share * (double)own[j];
        batch_free(&b);
        batch_free(&before);
    }
    tape_free(t);
    dataset_free(&parts);
    free(own);
    return r;
}

/* Masks for each fourth sequence, and where the part of each in the batch begins. */
static void draw_parts(struct setup *s, int *from_all, int *from)
{
    for (int i = 0; i < COUNT; i += 4)
        fixture_mask(&s->d.record[i], "101101");
    draw_starts(&s->d, from_all);
    for (int i = 0; i < BATCH; i++)
        from[i] = from_all[s->pick[i]];
}

/* Losses and gradient are those of the parts cut out by hand. */
static void compare_parts(struct setup *s, bool looks_back)
{
    size_t size = s->m->params.size;
    int from_all[COUNT], from[BATCH];
    double square = 0, *sum = xcalloc(size, sizeof(double));
    real *gradient = xcalloc(size, sizeof(real));
    draw_parts(s, from_all, from);
    struct batch_result expected = parts_by_hand(s, from_all, looks_back, sum), got;
    struct pool *pool = pool_new(2);
    struct gradient_engine *g = gradient_new(s->m, &s->d, BATCH, pool);
    forward(g, s->pick, BATCH, from, PART, GROUP_ALL, &noisy, &got);
    gradient_backward(g, (struct objective_weights){0.3, 0.8}, GROUP_ALL, gradient);
    assert_true(fabs(got.distortion - expected.distortion) < 1e-5 * fabs(expected.distortion));
    assert_true(fabs(got.rate - expected.rate) < 1e-5 * fabs(expected.rate));
    for (size_t j = 0; j < size; j++)
        square += sum[j] * sum[j];
    for (size_t j = 0; j < size; j++)
        assert_true(fabs((double)gradient[j] - sum[j]) < 1e-4 * sqrt(square));
    gradient_free(g);
    pool_free(pool);
    free(sum);
    free(gradient);
}

static void parts_count_as_wholes(void **state)
{
    (void)state;
    struct setup s = setup_open();
    compare_parts(&s, false);
    setup_close(&s);
}

#define TINY_DVBS FIXTURE_TINY ", \"gru_units\": 3, \"fusion_hidden\": [4], \"start_hidden\": [3]"
#define TINY_DKS FIXTURE_TINY ", \"gru_units\": 3, \"combiner_hidden\": [4]"

/* Models with positions explain the frames before parts too, and no others do. */
static void parts_and_the_frames_before(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *settings;
        bool looks_back;
    } models[] = {
        {"dvbs", "{" TINY_DVBS ", \"positions\": 1}", true},
        {"dvbs", "{" TINY_DVBS "}", false},
        {"dks", "{" TINY_DKS ", \"positions\": 2}", true},
        {"dks", "{" TINY_DKS "}", false},
        {"ekvae", "{" FIXTURE_TINY ", \"latent\": 3, \"positions\": 2}", true},
        {"ekvae", "{" FIXTURE_TINY ", \"latent\": 3, \"positions\": 1}", false},
    };
    for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
        struct setup s = setup_of(models[k].kind, models[k].settings);
        compare_parts(&s, models[k].looks_back);
        setup_close(&s);
    }
}

/* An engine that took parts takes whole sequences, and parts that are beginnings, as if there had been none. */
static void frames_before_leave_no_trace(void **state)
{
    (void)state;
    struct setup s = setup_of("dvbs", "{" TINY_DVBS ", \"positions\": 1}");
    int from_all[COUNT], from[BATCH], beginnings[BATCH] = {0};
    struct batch_result whole, again, parts, first, first_again;
    struct pool *pool = pool_new(1);
    struct gradient_engine *g = gradient_new(s.m, &s.d, BATCH, pool);
    draw_parts(&s, from_all, from);
    forward(g, s.pick, BATCH, NULL, LONGEST, GROUP_ALL, &noisy, &whole);
    forward(g, s.pick, BATCH, beginnings, PART, GROUP_ALL, &noisy, &first);
    forward(g, s.pick, BATCH, from, PART, GROUP_ALL, &noisy, &parts);
    forward(g, s.pick, BATCH, NULL, LONGEST, GROUP_ALL, &noisy, &again);
    assert_memory_equal(&whole, &again, sizeof whole);
    forward(g, s.pick, BATCH, from, PART, GROUP_ALL, &noisy, &parts);
    forward(g, s.pick, BATCH, beginnings, PART, GROUP_ALL, &noisy, &first_again);
    assert_memory_equal(&first, &first_again, sizeof first);
    forward(g, s.pick, BATCH, beginnings, LONGEST, GROUP_ALL, &noisy, &again); /* nothing is before what is whole */
    assert_memory_equal(&whole, &again, sizeof whole);
    gradient_free(g);
    pool_free(pool);
    setup_close(&s);
}

static void parts_have_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    struct setup s = setup_open();
    size_t size = s.m->params.size;
    int from_all[COUNT], from[BATCH];
    real *gradient[4] = {NULL};
    struct batch_result result[4];
    draw_starts(&s.d, from_all);
    for (int i = 0; i < BATCH; i++)
        from[i] = from_all[s.pick[i]];
    for (int threads = 1; threads <= 3; threads++) {
        struct pool *pool = pool_new(threads);
        struct gradient_engine *g = gradient_new(s.m, &s.d, BATCH, pool);
        gradient[threads] = xcalloc(size, sizeof(real));
        forward(g, s.pick, BATCH, from, PART, GROUP_ALL, &noisy, &result[threads]);
        gradient_backward(g, (struct objective_weights){0.3, 1}, GROUP_ALL, gradient[threads]);
        assert_memory_equal(gradient[threads], gradient[1], size * sizeof(real));
        assert_memory_equal(&result[threads], &result[1], sizeof *result);
        gradient_free(g);
        pool_free(pool);
    }
    for (int i = 0; i < 4; i++)
        free(gradient[i]);
    setup_close(&s);
}

/* Sums go over the moving groups alone, in order, and are shortened only where they are longer. */
static void sums_and_shortens(void **state)
{
    (void)state;
    struct params p;
    params_init(&p);
    params_add(&p, "a", 2, 1, GROUP_THETA, 1);
    params_add(&p, "b", 1, 1, GROUP_PSI, 1);
    real one[] = {1, 2, 50}, two[] = {2, 2, 60}, sum[] = {-7, -7, -7};
    assert_true(gradient_sum(&p, GROUP_THETA, 2, (real *const[]){one, two}, sum) == 5);
    assert_true(sum[0] == 3 && sum[1] == 4 && sum[2] == -7);
    gradient_shorten(sum, 2, 5, 5);
    assert_true(sum[0] == 3 && sum[1] == 4);
    gradient_shorten(sum, 2, 5, 2.5);
    assert_true(sum[0] == (real)1.5 && sum[1] == 2 && sum[2] == -7);
    params_free(&p);
}

/* ---- sequences in a file ---- */

/* Whole sequences and parts of them, from memory and from the file, with any number of threads: the same bits. */
static void compare_memory_and_file(const char *kind, const char *settings)
{
    struct stored s = stored_open(1);
    struct model *m = fixture_model(kind, settings, 4, 1, 3);
    size_t bytes = m->params.size * sizeof(real);
    int pick[BATCH], start[BATCH];
    for (int i = 0; i < BATCH; i++) {
        pick[i] = (i * 11) % STORED;
        start[i] = i % (int)record_steps(&s.memory.record[pick[i]]);
    }
    for (int parts = 0; parts < 2; parts++) {
        struct batch_result first = {0, 0}, r;
        real *expected = xcalloc(1, bytes), *got = xcalloc(1, bytes);
        for (int threads = 0; threads <= 3; threads++) { /* 0: from memory */
            struct pool *pool = pool_new(threads > 0 ? threads : 1);
            struct gradient_engine *g = gradient_new(m, threads > 0 ? &s.file : &s.memory, BATCH, pool);
            forward(g, pick, BATCH, parts ? start : NULL, parts ? PART : STORED_LONGEST, GROUP_ALL, &noisy, threads > 0 ? &r : &first);
            gradient_backward(g, (struct objective_weights){0.3, 1}, GROUP_ALL, threads > 0 ? got : expected);
            if (threads > 0) {
                assert_memory_equal(&r, &first, sizeof r);
                assert_memory_equal(got, expected, bytes);
            }
            gradient_free(g);
            pool_free(pool);
        }
        free(expected);
        free(got);
    }
    model_free(m);
    stored_close(&s);
}

static void same_bits_from_a_file(void **state)
{
    (void)state;
    compare_memory_and_file("ekvae", "{" FIXTURE_TINY "}");
    compare_memory_and_file("dvbs", "{" TINY_DVBS ", \"positions\": 1}"); /* with the frames before parts */
}

/* A sequence that cannot be read is told, and the engine goes on with the next batch. */
static void a_file_that_changes_is_told(void **state)
{
    (void)state;
    struct stored s = stored_open(0);
    struct model *m = fixture_model("ekvae", "{" FIXTURE_TINY "}", 4, 1, 3);
    struct pool *pool = pool_new(2);
    struct gradient_engine *g = gradient_new(m, &s.file, BATCH, pool);
    struct batch_result before, after;
    struct error e;
    int pick[BATCH];
    for (int i = 0; i < BATCH; i++)
        pick[i] = i;
    forward(g, pick, BATCH, NULL, STORED_LONGEST, GROUP_ALL, &noisy, &before);
    stored_change(&s, 33);
    assert_int_equal(gradient_forward(g, pick, BATCH, NULL, STORED_LONGEST, GROUP_ALL, &noisy, &after, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, ": record 34: field x: the file has changed"));
    stored_change(&s, 33);
    forward(g, pick, BATCH, NULL, STORED_LONGEST, GROUP_ALL, &noisy, &after);
    assert_memory_equal(&before, &after, sizeof before);
    gradient_free(g);
    pool_free(pool);
    model_free(m);
    stored_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(is_the_mean_over_sequences),
        cmocka_unit_test(weights_weigh),
        cmocka_unit_test(only_moving_groups),
        cmocka_unit_test(leaves_no_trace),
        cmocka_unit_test(parts_count_as_wholes),
        cmocka_unit_test(parts_and_the_frames_before),
        cmocka_unit_test(frames_before_leave_no_trace),
        cmocka_unit_test(parts_have_the_same_bits_for_any_threads),
        cmocka_unit_test(sums_and_shortens),
        cmocka_unit_test(same_bits_from_a_file),
        cmocka_unit_test(a_file_that_changes_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
