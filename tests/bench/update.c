/* One training update of each model (batch 50 × 15 frames of 16×16, default sizes) against the matrix products that it
 * consists of, and two threads against one. The products are those that the update itself asks of BLAS: this program's
 * cblas_sgemm notes their shapes and hands on; then they are run alone, in the same order, each on memory of its own. */
#include "trainee.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 15, PIXELS = 256, ROUNDS = 12, UPDATES = 20, PRODUCTS_MAX = 4096 };

struct product {
    CBLAS_TRANSPOSE ta, tb;
    int m, n, k, lda, ldb, ldc;
    float beta, *A, *B, *C;
};
static struct product product[PRODUCTS_MAX];
static int products, noting;

typedef void gemm_function(CBLAS_LAYOUT, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, float, const float *, blasint,
                           const float *, blasint, float, float *, blasint);
static gemm_function *real_gemm;

void cblas_sgemm(CBLAS_LAYOUT order, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, blasint m, blasint n, blasint k, float alpha, const float *A,
                 blasint lda, const float *B, blasint ldb, float beta, float *C, blasint ldc)
{
    if (noting && products < PRODUCTS_MAX)
        product[products++] = (struct product){ta, tb, m, n, k, lda, ldb, ldc, beta, NULL, NULL, NULL};
    real_gemm(order, ta, tb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}

static float *numbers(size_t n)
{
    float *a = xmalloc(n * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = 1e-3F * (float)(i % 97);
    return a;
}

/* Memory for every product, as wide as the update's own. */
static void prepare_products(void)
{
    for (struct product *p = product; p < product + products; p++) {
        p->A = numbers((size_t)p->lda * (size_t)(p->ta == CblasNoTrans ? p->m : p->k));
        p->B = numbers((size_t)p->ldb * (size_t)(p->tb == CblasNoTrans ? p->k : p->n));
        p->C = numbers((size_t)p->ldc * (size_t)p->m);
    }
}

static double time_products(void)
{
    double began = seconds_now();
    for (int u = 0; u < UPDATES; u++)
        for (const struct product *p = product; p < product + products; p++)
            real_gemm(CblasRowMajor, p->ta, p->tb, p->m, p->n, p->k, 1, p->A, p->lda, p->B, p->ldb, p->beta, p->C, p->ldc);
    return (seconds_now() - began) / UPDATES;
}

/* Sequences of moving spots: what is seen does not matter for the time. */
static struct dataset make_data(void)
{
    struct dataset d = {.n = SEQUENCES, .dx = PIXELS, .du = 1, .longest = STEPS, .record = xcalloc(SEQUENCES, sizeof *d.record)};
    for (int i = 0; i < SEQUENCES; i++) {
        struct array x = array_new(DT_U1, 2, (size_t[]){STEPS, PIXELS}), u = array_new(DT_F4, 2, (size_t[]){STEPS, 1});
        for (int t = 0; t < STEPS; t++) {
            ((uint8_t *)x.data)[t * PIXELS + (37 * i + 5 * t) % PIXELS] = 255;
            ((float *)u.data)[t] = (float)((i + t) % 5 - 2);
        }
        record_init(&d.record[i]);
        record_set_id(&d.record[i], "spot");
        record_put(&d.record[i], "x", x);
        record_put(&d.record[i], "u", u);
    }
    return d;
}

static struct trainee trainee_of(const struct model_kind *kind, const struct dataset *d, struct pool *pool)
{
    void *settings = xcalloc(1, kind->settings_size);
    model_defaults(kind, settings);
    struct trainee t = trainee_new(kind, settings, NULL, d, pool);
    free(settings);
    return t;
}

static double time_updates(struct trainee *t)
{
    double began = seconds_now();
    for (int u = 0; u < UPDATES; u++)
        trainee_update(t, STEPS, u);
    return (seconds_now() - began) / UPDATES;
}

static void forget_products(void)
{
    for (int i = 0; i < products; i++) {
        free(product[i].A);
        free(product[i].B);
        free(product[i].C);
    }
    products = 0;
}

static void bench(const struct model_kind *kind, const struct dataset *d, struct pool *one, struct pool *two)
{
    struct trainee alone = trainee_of(kind, d, one), both = trainee_of(kind, d, two);
    trainee_update(&alone, STEPS, 0);
    noting = 1;
    trainee_update(&alone, STEPS, 1);
    noting = 0;
    prepare_products();
    double products_time = 1e9, update_time = 1e9, two_time = 1e9;
    for (int r = 0; r < ROUNDS; r++) { /* in turns, the best of each: other work on the machine disturbs all alike */
        products_time = least(products_time, time_products());
        update_time = least(update_time, time_updates(&alone));
        two_time = least(two_time, time_updates(&both));
    }
    printf("%s_update_over_gemms: %.2f (update %.2f ms, its %d matrix products alone %.2f ms, one thread)\n", kind->name,
           update_time / products_time, 1e3 * update_time, products, 1e3 * products_time);
    printf("%s_two_threads_over_one: %.2f times as fast (%.2f ms)\n", kind->name, update_time / two_time, 1e3 * two_time);
    trainee_free(&alone);
    trainee_free(&both);
    forget_products();
}

int main(void)
{
    real_gemm = (gemm_function *)dlsym(RTLD_NEXT, "cblas_sgemm");
    openblas_set_num_threads(1);
    struct dataset d = make_data();
    struct pool *one = pool_new(1), *two = pool_new(2);
    for (int i = 0; model_kinds[i]; i++)
        bench(model_kinds[i], &d, one, two);
    pool_free(one);
    pool_free(two);
    dataset_free(&d);
    return 0;
}
