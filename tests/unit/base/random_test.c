/* Counter-based random numbers: the published Philox vectors, independence of order, moments, permutations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/base.h"

/* The word that a uniform number was made of. */
static uint32_t word_of(double u)
{
    return (uint32_t)(u * 0x1p32);
}

/* Salmon et al. 2011, the known answers of Philox 4x32-10. */
static void known_vectors(void **state)
{
    (void)state;
    static const struct {
        struct draw d;
        uint32_t word[4];
    } known[] = {
        {{0, 0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0x299f31d0a4093822, 0x0370, 0x243f6a88, 0x85a308d3, 0x13198a2e}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    double u[4];
    draw_uniform(known[0].d, 4, u);
    for (int i = 0; i < 4; i++)
        assert_int_equal(word_of(u[i]), known[0].word[i]);
    /* The second vector's counter ends with 0x03707344: purpose 0x0370, block 0x7344. */
    enum { FIRST = 4 * 0x7344 };
    static double many[FIRST + 4];
    draw_uniform(known[1].d, FIRST + 4, many);
    for (int i = 0; i < 4; i++)
        assert_int_equal(word_of(many[FIRST + i]), known[1].word[i]);
}

/* A longer draw begins with a shorter one; strided numbers are the plain ones. */
static void numbers_depend_on_their_place_alone(void **state)
{
    (void)state;
    struct draw d = {42, 3, 7, 11, 13};
    double lengths[4][37], plain[37], again[37];
    for (int n = 1; n <= 37; n++) {
        draw_normal(d, n, lengths[0]);
        draw_uniform(d, n, lengths[1]);
        draw_normal(d, 37, plain);
        draw_uniform(d, 37, again);
        assert_memory_equal(lengths[0], plain, (size_t)n * sizeof(double));
        assert_memory_equal(lengths[1], again, (size_t)n * sizeof(double));
    }
    real strided[37 * 5];
    for (int i = 0; i < 37 * 5; i++)
        strided[i] = -99;
    draw_normal_strided(d, 37, strided, 5);
    for (int i = 0; i < 37 * 5; i++)
        assert_true(strided[i] == (i % 5 ? (real)-99 : (real)plain[i / 5]));
}

/* Any one field of the counter changed gives other numbers. */
static void every_field_counts(void **state)
{
    (void)state;
    struct draw base = {1, 2, 3, 4, 5}, other[] = {base, base, base, base, base, base};
    other[0].seed = 2;
    other[1].seed |= (uint64_t)1 << 40;
    other[2].purpose++;
    other[3].update++;
    other[4].sequence++;
    other[5].step++;
    double a[8], b[8];
    draw_normal(base, 8, a);
    for (int i = 0; i < 6; i++) {
        draw_normal(other[i], 8, b);
        for (int j = 0; j < 8; j++)
            assert_true(a[j] != b[j]);
    }
}

enum { MANY = 200000 };
static double sample[MANY];

/* Mean over the sample of the k-th power. */
static double moment(int k)
{
    double sum = 0;
    for (int i = 0; i < MANY; i++)
        sum += pow(sample[i], k);
    return sum / MANY;
}

static void assert_near(double got, double expected, double six_errors)
{
    if (!(fabs(got - expected) <= six_errors))
        fail_msg("expected %g within %g, got %g", expected, six_errors, got);
}

static void normal_moments(void **state)
{
    (void)state;
    draw_normal((struct draw){.seed = 5, .purpose = 1}, MANY, sample);
    double root = 6 / sqrt(MANY);
    assert_near(moment(1), 0, root);
    assert_near(moment(2), 1, root * sqrt(2));
    assert_near(moment(3), 0, root * sqrt(15));
    assert_near(moment(4), 3, root * sqrt(96));
    double product = 0, below = 0;
    for (int i = 0; i + 1 < MANY; i++) {
        product += sample[i] * sample[i + 1];
        below += sample[i] < -1.959963984540054;
    }
    assert_near(product / MANY, 0, root);
    assert_near(below / MANY, 0.025, root * sqrt(0.025 * 0.975));
}

/* One number at each of many steps: streams beside one another are independent too. */
static void normal_moments_across_counters(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++)
        draw_normal((struct draw){9, 1, 0, (uint32_t)(i / 100), (uint32_t)(i % 100)}, 1, &sample[i]);
    double root = 6 / sqrt(MANY), product = 0;
    assert_near(moment(1), 0, root);
    assert_near(moment(2), 1, root * sqrt(2));
    assert_near(moment(4), 3, root * sqrt(96));
    for (int i = 0; i + 1 < MANY; i++)
        product += sample[i] * sample[i + 1];
    assert_near(product / MANY, 0, root);
}

static void uniform_range_and_moments(void **state)
{
    (void)state;
    draw_uniform((struct draw){.seed = 6, .purpose = 2}, MANY, sample);
    double least = 1, most = 0;
    for (int i = 0; i < MANY; i++) {
        least = fmin(least, sample[i]);
        most = fmax(most, sample[i]);
    }
    assert_true(least > 0 && most < 1 && least < 1e-3 && most > 1 - 1e-3);
    double root = 6 / sqrt(MANY);
    assert_near(moment(1), 0.5, root * sqrt(1 / 12.0));
    assert_near(moment(2), 1 / 3.0, root * sqrt(4 / 45.0));
}

static void shuffle_is_a_permutation(void **state)
{
    (void)state;
    static const int sizes[] = {0, 1, 2, 3, 10, 499};
    int order[499], again[499];
    for (int s = 0; s < 6; s++) {
        int n = sizes[s];
        char seen[499] = {0};
        draw_shuffle((struct draw){3, 4, (uint32_t)s, 0, 0}, n, order);
        draw_shuffle((struct draw){3, 4, (uint32_t)s, 0, 0}, n, again);
        for (int i = 0; i < n; i++) {
            assert_true(order[i] >= 0 && order[i] < n && !seen[order[i]]);
            seen[order[i]] = 1;
        }
        assert_memory_equal(order, again, (size_t)n * sizeof *order);
    }
}

/* All 24 orders of four come up equally often (chi squared with 23 degrees of freedom, far tail). */
static void shuffle_is_fair(void **state)
{
    (void)state;
    int count[256] = {0}, order[4], rounds = 24000, kinds = 0;
    for (int i = 0; i < rounds; i++) {
        draw_shuffle((struct draw){8, 4, (uint32_t)i, 0, 0}, 4, order);
        count[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    double chi2 = 0, expected = rounds / 24.0;
    for (int i = 0; i < 256; i++)
        if (count[i]) {
            kinds++;
            chi2 += (count[i] - expected) * (count[i] - expected) / expected;
        }
    assert_int_equal(kinds, 24);
    assert_true(chi2 < 65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_vectors),
        cmocka_unit_test(numbers_depend_on_their_place_alone),
        cmocka_unit_test(every_field_counts),
        cmocka_unit_test(normal_moments),
        cmocka_unit_test(normal_moments_across_counters),
        cmocka_unit_test(uniform_range_and_moments),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_is_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
