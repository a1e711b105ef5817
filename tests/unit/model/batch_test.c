/* Batches: where every number goes, what counts as observed, and the noise that goes with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

enum { DX = 2, DU = 1 };

static void records_open(struct record r[3])
{
    static const int lengths[] = {4, 2, 5};
    for (int i = 0; i < 3; i++)
        fixture_record(&r[i], i, lengths[i], DX, DU);
}

static void records_close(struct record r[3])
{
    for (int i = 0; i < 3; i++)
        record_clear(&r[i]);
}

static real number(const struct record *r, const char *name, int step, int i)
{
    const struct array *a = record_get(r, name);
    return (real)array_get(a, (size_t)step * array_step(a) + (size_t)i);
}

/* Lane t·B+b of row i is number i of step t of sequence pick[b]; what is beyond a sequence's end is 0. */
static void layout(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    static const int pick[] = {2, 0, 1, 0};
    records_open(r);
    batch_fill(&b, r, pick, 4, DX, DU, 0, 5);
    assert_int_equal(b.T, 5);
    assert_int_equal(b.B, 4);
    assert_false(b.all_seen);
    for (int l = 0; l < 4; l++) {
        int length = (int)record_steps(&r[pick[l]]);
        assert_int_equal(b.sequence[l], pick[l]);
        for (int t = 0; t < 5; t++) {
            int at = t * 4 + l;
            bool alive = t < length;
            assert_true(b.alive[at] == alive && b.seen[at] == alive);
            for (int i = 0; i < DX; i++)
                assert_true(b.x[i * 20 + at] == (alive ? number(&r[pick[l]], "x", t, i) : 0));
            assert_true(b.u[at] == (t < length - 1 ? number(&r[pick[l]], "u", t, 0) : 0)); /* the last control is NaN and acts on nothing */
        }
    }
    batch_free(&b);
    assert_null(b.x);
    records_close(r);
}

static void all_seen_only_if_all_are(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    records_open(r);
    batch_fill(&b, r, (const int[]){0, 2}, 2, DX, DU, 0, 4);
    assert_true(b.all_seen);
    batch_free(&b);
    batch_fill(&b, r, (const int[]){0, 2}, 2, DX, DU, 0, 5);
    assert_false(b.all_seen);
    batch_free(&b);
    records_close(r);
}

/* Steps from..from+T-1, and a last control that does act because the sequence goes on. */
static void a_part_of_the_steps(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    records_open(r);
    batch_fill(&b, r, (const int[]){2, 0}, 2, DX, DU, 2, 2);
    assert_int_equal(b.first_step, 2);
    for (int t = 0; t < 2; t++)
        for (int l = 0; l < 2; l++) {
            const struct record *s = &r[l ? 0 : 2];
            for (int i = 0; i < DX; i++)
                assert_true(b.x[i * 4 + t * 2 + l] == number(s, "x", 2 + t, i));
            assert_true(b.u[t * 2 + l] == (l && t == 1 ? 0 : number(s, "u", 2 + t, 0)));
        }
    batch_free(&b);
    records_close(r);
}

static void missing_frames(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    records_open(r);
    fixture_mask(&r[0], "1011");
    ((double *)record_get(&r[2], "x")->data)[2 * DX + 1] = NAN;
    ((double *)record_get(&r[2], "x")->data)[3 * DX] = INFINITY;
    batch_fill(&b, r, (const int[]){0, 1, 2}, 3, DX, 0, 0, 4);
    static const char *const seen[] = {"1011", "1100", "1100"};
    for (int l = 0; l < 3; l++)
        for (int t = 0; t < 4; t++) {
            bool is = seen[l][t] == '1';
            assert_true(b.seen[t * 3 + l] == is);
            assert_true(b.alive[t * 3 + l] == (t < (int)record_steps(&r[l])));
            for (int i = 0; i < DX; i++)
                assert_true(b.x[i * 12 + t * 3 + l] == (is ? number(&r[l], "x", t, i) : 0));
        }
    assert_false(b.all_seen);
    assert_null(b.u);
    batch_free(&b);
    records_close(r);
}

/* Images are value/255; other types are what they say. */
static void number_types(void **state)
{
    (void)state;
    for (int type = DT_F4; type <= DT_U1; type++) {
        struct record r;
        struct batch b;
        record_init(&r);
        struct array x = array_new((enum dtype)type, 2, (const size_t[]){2, 2});
        for (size_t i = 0; i < 4; i++) {
            int v = (int)i * 60 + 7;
            void *to = (char *)x.data + i * dtype_size(x.type);
            if (x.type == DT_F4)
                *(float *)to = (float)v;
            else if (x.type == DT_F8)
                *(double *)to = v;
            else if (x.type == DT_I4)
                *(int32_t *)to = v;
            else if (x.type == DT_I8)
                *(int64_t *)to = v;
            else if (x.type == DT_U2)
                *(uint16_t *)to = (uint16_t)v;
            else
                *(uint8_t *)to = (uint8_t)v;
        }
        record_put(&r, "x", x);
        batch_fill(&b, &r, (const int[]){0}, 1, 2, 0, 0, 2);
        for (int t = 0; t < 2; t++)
            for (int i = 0; i < 2; i++) {
                double v = (t * 2 + i) * 60 + 7;
                assert_true(fabs((double)b.x[i * 2 + t] - (type == DT_U1 ? v / 255 : v)) < 1e-6);
            }
        batch_free(&b);
        record_clear(&r);
    }
}

/* ---- noise ---- */

static void noise_depends_on_sequence_and_step(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    struct noise n = {77, 3, false};
    struct batch whole = {.T = 5, .B = 3, .sequence = (uint32_t[]){10, 11, 12}};
    struct batch part = {.T = 2, .B = 2, .sequence = (uint32_t[]){12, 10}, .first_step = 3};
    tape_begin(t, NULL, NULL, 0);
    var *a = noise_steps(t, &n, NOISE_STATE, &whole, 2, 0, 5), *b = noise_steps(t, &n, NOISE_STATE, &part, 2, 0, 2);
    var *late = noise_steps(t, &n, NOISE_STATE, &whole, 2, 3, 2);
    for (int i = 0; i < 2; i++)
        for (int s = 0; s < 2; s++) {
            assert_true(b->v[i * b->ld + s * 2] == a->v[i * a->ld + (3 + s) * 3 + 2]);
            assert_true(b->v[i * b->ld + s * 2 + 1] == a->v[i * a->ld + (3 + s) * 3]);
            for (int l = 0; l < 3; l++)
                assert_true(late->v[i * late->ld + s * 3 + l] == a->v[i * a->ld + (3 + s) * 3 + l]);
        }
    tape_free(t);
}

static void noise_depends_on_purpose_update_and_seed(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    struct batch b = {.T = 1, .B = 1, .sequence = (uint32_t[]){0}};
    tape_begin(t, NULL, NULL, 0);
    var *base = noise_steps(t, &(struct noise){1, 1, false}, NOISE_STATE, &b, 1, 0, 1);
    var *other[] = {noise_steps(t, &(struct noise){2, 1, false}, NOISE_STATE, &b, 1, 0, 1),
                    noise_steps(t, &(struct noise){1, 2, false}, NOISE_STATE, &b, 1, 0, 1),
                    noise_steps(t, &(struct noise){1, 1, false}, NOISE_AUX, &b, 1, 0, 1)};
    for (int i = 0; i < 3; i++)
        assert_true(other[i]->v[0] != base->v[0]);
    assert_null(noise_steps(t, &(struct noise){1, 1, true}, NOISE_STATE, &b, 1, 0, 1));
    assert_null(noise_steps(t, NULL, NOISE_STATE, &b, 1, 0, 1));
    tape_free(t);
}

/* A batch's array is used where it stands, without a gradient. */
static void batch_values_are_constants(void **state)
{
    (void)state;
    struct tape *t = tape_new();
    real values[6] = {1, 2, 3, 4, 5, 6};
    tape_begin(t, NULL, NULL, 0);
    var *a = batch_value(t, values, 2, 3);
    assert_ptr_equal(a->v, values);
    assert_false(a->needs);
    assert_int_equal(a->ld, 3);
    assert_true(step_of(t, a, 1, 1)->v[0] == 2);
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),
        cmocka_unit_test(all_seen_only_if_all_are),
        cmocka_unit_test(a_part_of_the_steps),
        cmocka_unit_test(missing_frames),
        cmocka_unit_test(number_types),
        cmocka_unit_test(noise_depends_on_sequence_and_step),
        cmocka_unit_test(noise_depends_on_purpose_update_and_seed),
        cmocka_unit_test(batch_values_are_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
