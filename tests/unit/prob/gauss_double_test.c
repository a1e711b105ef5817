/* Gaussians that are diagonal or full: each function against those of the one kind and of the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "prob/prob.h"

enum { N = 3, LANES = 4 };

struct parts {
    struct params none;
    struct tape *t;
    struct gauss q, p; /* diagonal */
    var *noise;
};

static var *drawn(struct tape *t, int seed, double low)
{
    var *a = constant(t, N, LANES);
    for (int i = 0; i < N * LANES; i++)
        a->v[(i / LANES) * a->ld + i % LANES] = (real)(low > 0 ? low + fabs(check_draw(seed, i)) : check_draw(seed, i));
    return a;
}

static struct parts parts_open(void)
{
    struct parts a = {.t = tape_new()};
    params_init(&a.none);
    tape_begin(a.t, &a.none, NULL, 0);
    a.q = (struct gauss){drawn(a.t, 1, 0), drawn(a.t, 2, 0.3)};
    a.p = (struct gauss){drawn(a.t, 3, 0), drawn(a.t, 4, 0.3)};
    a.noise = drawn(a.t, 5, 0);
    return a;
}

static void parts_close(struct parts *a)
{
    tape_free(a->t);
    params_free(&a->none);
}

static void assert_same(const var *one, const var *other)
{
    assert_int_equal(one->rows, other->rows);
    assert_int_equal(one->lanes, other->lanes);
    for (int i = 0; i < one->rows; i++)
        for (int l = 0; l < one->lanes; l++)
            assert_true(fabs((double)(one->v[i * one->ld + l] - other->v[i * other->ld + l])) < 1e-13);
}

static struct gauss filled_up(struct tape *t, struct gauss q)
{
    return (struct gauss){q.mean, diag_matrix(t, q.variance)};
}

/* A covariance without correlations is a variance. */
static void a_full_one_without_correlations(void **state)
{
    (void)state;
    struct parts a = parts_open();
    struct gauss q = filled_up(a.t, a.q), p = filled_up(a.t, a.p);
    assert_true(gauss_is_full(q) && !gauss_is_full(a.q));
    assert_same(gauss_cov(a.t, a.q), q.variance);
    assert_ptr_equal(gauss_cov(a.t, q), q.variance);
    assert_same(gauss_kl(a.t, a.q, a.p), kl_diag(a.t, a.q, a.p));
    assert_same(gauss_kl(a.t, q, p), kl_diag(a.t, a.q, a.p));
    assert_same(gauss_sample(a.t, a.q, a.noise), sample_diag(a.t, a.q, a.noise));
    assert_same(gauss_sample(a.t, q, a.noise), sample_diag(a.t, a.q, a.noise));
    assert_same(gauss_sample(a.t, q, NULL), a.q.mean);
    assert_same(gauss_sample(a.t, a.q, NULL), a.q.mean);
    parts_close(&a);
}

/* With correlations: by the Cholesky factor A, of which the covariance is made here. */
static void a_full_one_with_correlations(void **state)
{
    (void)state;
    struct parts a = parts_open();
    var *A = diag_matrix(a.t, a.q.variance), *unit = filled(a.t, N, 1, 1);
    for (int l = 0; l < LANES; l++)
        A->v[N * A->ld + l] = (real)0.7, A->v[2 * N * A->ld + l] = (real)-0.4, A->v[(2 * N + 1) * A->ld + l] = (real)0.2;
    struct gauss q = {a.q.mean, sandwich_diag(a.t, A, unit, N, N)}, p = filled_up(a.t, a.p);
    var *B = diag_matrix(a.t, v_sqrt(a.t, a.p.variance));
    assert_same(gauss_sample(a.t, q, a.noise), add(a.t, q.mean, mat_vec(a.t, A, a.noise)));
    assert_same(gauss_kl(a.t, q, p), kl_full(a.t, q.mean, A, p.mean, B, N));
    parts_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_one_without_correlations),
        cmocka_unit_test(a_full_one_with_correlations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
