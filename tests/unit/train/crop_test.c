/* Sub-sequences: which updates have them, and draws that stay in their ranges, reach all of them, and depend on what they are for. */
#include "spy.h"

static void every_nth_update(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        assert_false(crop_due(&(struct train_settings){.crop_every = 0}, i));
        assert_int_equal(crop_due(&(struct train_settings){.crop_every = 2}, i), i % 2 == 1);
        assert_int_equal(crop_due(&(struct train_settings){.crop_every = 5}, i), i == 4 || i == 9);
    }
}

/* Each of `n` values from low on comes about equally often in `draws`: within five standard deviations. */
static void assert_even(const int *count, int low, int n, int draws)
{
    double p = 1.0 / n, spread = sqrt(draws * p * (1 - p));
    for (int i = 0; i < n; i++)
        if (fabs(count[low + i] - draws * p) > 5 * spread)
            fail_msg("%d came %d times in %d, expected %.0f", low + i, count[low + i], draws, draws * p);
}

static void lengths_are_even(void **state)
{
    (void)state;
    struct train_settings s = {.crop_shortest = 5};
    int count[20] = {0};
    for (int update = 0; update < 3000; update++) {
        int length = crop_length(&s, 7, update, 15);
        assert_true(length >= 5 && length <= 15);
        assert_int_equal(length, crop_length(&s, 7, update, 15));
        count[length]++;
    }
    assert_even(count, 5, 11, 3000);
}

static void nothing_to_cut(void **state)
{
    (void)state;
    for (int update = 0; update < 50; update++) {
        assert_int_equal(crop_length(&(struct train_settings){.crop_shortest = 5}, 7, update, 5), 5);
        assert_int_equal(crop_length(&(struct train_settings){.crop_shortest = 5}, 7, update, 3), 3);
        assert_int_equal(crop_start(7, update, 4, 6, 6), 0);
        assert_int_equal(crop_start(7, update, 4, 2, 6), 0);
    }
}

static void starts_are_even(void **state)
{
    (void)state;
    int count[20] = {0}, as_before = 0;
    for (int update = 0; update < 300; update++)
        for (int sequence = 0; sequence < 10; sequence++) {
            int start = crop_start(7, update, sequence, 15, 6);
            assert_true(start >= 0 && start <= 9);
            assert_int_equal(start, crop_start(7, update, sequence, 15, 6));
            as_before += start == crop_start(7, update, sequence + 1, 15, 6);
            count[start]++;
        }
    assert_even(count, 0, 10, 3000);
    assert_true(as_before < 500); /* 300 expected of sequences that are independent */
}

static void another_seed_draws_otherwise(void **state)
{
    (void)state;
    struct train_settings s = {.crop_shortest = 1};
    int same = 0;
    for (int update = 0; update < 100; update++)
        same += crop_length(&s, 7, update, 1000) == crop_length(&s, 8, update, 1000);
    assert_true(same < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_nth_update),
        cmocka_unit_test(lengths_are_even),
        cmocka_unit_test(nothing_to_cut),
        cmocka_unit_test(starts_are_even),
        cmocka_unit_test(another_seed_draws_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
