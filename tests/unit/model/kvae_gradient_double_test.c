/* The gradient of the Kalman VAE's distortion and rate by every single parameter, against differences: both priors, gaps and unequal
 * lengths, other sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bound_gradient.h"
#include "kvae_small.h"

static void open_batch(struct batch *b, struct record r[3], int du, bool gaps, int T)
{
    records_open(r, du, gaps);
    batch_fill(b, r, (const int[]){0, 1, 2}, 3, DX, du, 0, T > 0 ? T : longest(r, 3));
}

static void gradient_of(int du, bool vhp, bool gaps, int T, const char *more)
{
    struct model *m = tiny_kvae(du, vhp, more);
    struct record r[3];
    struct batch b;
    const char *name = "";
    int moved;
    open_batch(&b, r, du, gaps, T);
    double worst = bound_worst_gradient(m, &b, &noisy, &name, &moved);
    if (!(worst < 1e-5))
        fail_msg("du %d, vhp %d, gaps %d: %s: error %g", du, vhp, gaps, name, worst);
    if (T == 0)
        assert_int_equal(moved, (int)m->params.size);
    batch_free(&b);
    records_close(r);
    model_free(m);
}

static void whole_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++)
        gradient_of(1, k & 1, k & 2, 0, "");
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    gradient_of(0, true, true, 0, "");
    gradient_of(2, false, false, 1, ""); /* one step: no transition at all */
    gradient_of(1, true, true, 2, "");
    gradient_of(1, true, false, 0, ", \"latent\": 2, \"aux\": 2, \"vhp_latent\": 1");
    gradient_of(1, true, true, 0, ", \"latent\": 4, \"aux\": 1, \"decoder_output\": \"sigmoid\"");
}

/* A wrong number in one place must show: the gradient of another noise. */
static void a_fault_is_caught(void **state)
{
    (void)state;
    struct model *m = tiny_kvae(1, true, "");
    struct record r[3];
    struct batch b;
    double expected[2], sum[2], largest = 0;
    open_batch(&b, r, 1, false, 0);
    real *gradient = xcalloc(m->params.size, sizeof(real));
    b.sequence[1] = 17;
    bound_weighted(m, &b, &noisy, sum, 1, gradient);
    b.sequence[1] = 1;
    for (int i = 0; i < 20; i++) {
        bound_differences(m, &b, &noisy, &m->params.value[i], expected);
        largest = fmax(largest, fabs((double)gradient[i] - expected[1]) / fmax(1, fabs(expected[1])));
    }
    assert_true(largest > 1e-3);
    free(gradient);
    batch_free(&b);
    records_close(r);
    model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_gradient),
        cmocka_unit_test(whole_gradient_of_other_shapes),
        cmocka_unit_test(a_fault_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
