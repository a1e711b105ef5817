/* The gradient of the EKVAE's distortion and rate by every single parameter, against differences: both priors, smoother and filter,
 * gaps and unequal lengths, other sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

#define SMALL "\"latent\": 3, \"encoder\": [4], \"bases\": 3, \"transition_hidden\": [3], \"start_variance\": 0.1"

static void whole_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) /* the transition's softmax does not see a few directions */
        any_gradient(&(struct any){"ekvae", SMALL, 1, k & 1, k & 2}, k & 4, 0, 0.97);
}

static void whole_gradient_of_other_shapes(void **state)
{
    (void)state;
    any_gradient(&(struct any){"ekvae", SMALL, 0, true, false}, true, 0, 0.97);
    any_gradient(&(struct any){"ekvae", SMALL, 2, false, false}, false, 1, 0); /* one step: no transition at all */
    any_gradient(&(struct any){"ekvae", SMALL, 1, true, false}, true, 2, 0);
    any_gradient(&(struct any){"ekvae", SMALL ", \"latent\": 2, \"aux\": 2, \"vhp_latent\": 1", 1, true, false}, false, 0, 0.97);
    any_gradient(&(struct any){"ekvae", SMALL ", \"positions\": 2", 1, true, false}, true, 0, 0.97);
    any_gradient(&(struct any){"ekvae", SMALL ", \"latent\": 4, \"aux\": 1, \"decoder_output\": \"sigmoid\"", 1, true, true}, true, 0,
                 0.97);
}

/* A point on a circle and one on a line, with a chart before the coders; free velocities and motors. */
#define CIRCLE SMALL ", \"latent\": 5, \"aux\": 3, \"positions\": 3, \"circles\": 1"

static void whole_gradient_with_circles(void **state)
{
    (void)state;
    static const char *const settings[] = {CIRCLE, CIRCLE ", \"motors\": 0.2, \"substeps\": 2, \"stops\": 0.8"};
    for (int k = 0; k < 8; k++)
        any_gradient(&(struct any){"ekvae", settings[k & 1], 2, k & 2, k & 4}, k % 3 > 0, 0, 0.97);
    any_gradient(&(struct any){"ekvae", CIRCLE ", \"shared_noise\": true", 0, true, false}, true, 0, 0.97);
    any_gradient(&(struct any){"ekvae", SMALL ", \"positions\": 2, \"circles\": 1, \"motors\": 0.2", 1, true, false}, true, 0, 0.97);
}

/* Where a is the positions, but not with several substeps of motors, whose velocities nobody knows. */
static void gradient_with_frames_before(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++)
        any_gradient_reaching_back(&(struct any){"ekvae", k & 1 ? CIRCLE : SMALL ", \"positions\": 2", 1 + k / 2, k & 2, k & 1}, k & 2);
    any_does_not_reach_back(&(struct any){"ekvae", SMALL, 1, true, false});
    any_does_not_reach_back(&(struct any){"ekvae", SMALL ", \"positions\": 1", 1, true, false});
    any_gradient_reaching_back(&(struct any){"ekvae", CIRCLE ", \"motors\": 0.2", 2, true, false}, true);
    any_does_not_reach_back(&(struct any){"ekvae", CIRCLE ", \"motors\": 0.2, \"substeps\": 2", 2, true, false});
}

static void a_fault_is_caught(void **state)
{
    (void)state;
    any_gradient_fault(&(struct any){"ekvae", SMALL, 1, true, false});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_gradient),
        cmocka_unit_test(whole_gradient_of_other_shapes),
        cmocka_unit_test(whole_gradient_with_circles),
        cmocka_unit_test(gradient_with_frames_before),
        cmocka_unit_test(a_fault_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
