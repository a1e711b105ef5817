/* Recurrent recognition: features and GRUs both ways against plain loops, in pieces, and what a filter carries of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "any_model.h"

enum { UNITS = 3, FEATURES = 2 };

struct parts {
    struct model m; /* settings, sizes and parameters alone */
    struct model_settings settings;
    struct recognition r;
};

static void parts_of(struct parts *a, int du, bool back, bool ahead, bool raw)
{
    *a = (struct parts){.settings = {.latent = 2, .encoder.dense = {raw ? 0 : 2, {5, FEATURES}}}};
    a->m = (struct model){.settings = &a->settings, .dx = ANY_DX, .du = du};
    params_init(&a->m.params);
    a->r = recognition_declare(&a->m, back, ahead, UNITS, 3);
    for (int i = 0; i < a->m.params.n; i++)
        params_normal(&a->m.params, i, 8, 0, 0.6);
}

static void parts_open(struct parts *a, int du, bool back, bool ahead)
{
    parts_of(a, du, back, ahead, false);
}

static void near(const char *what, int at, double got, double expected)
{
    if (!(fabs(got - expected) < 1e-13))
        fail_msg("%s, %d: expected %.15g, got %.15g", what, at, expected, got);
}

static void compare(int du, bool back, bool ahead, bool gaps, bool raw)
{
    struct parts a;
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    parts_of(&a, du, back, ahead, raw);
    any_records(r, du, gaps);
    batch_fill(&b, r, any_all, 3, ANY_DX, du, 0, gaps ? 6 : 5);
    tape_begin(t, &a.m.params, NULL, 0);
    var *h = recognition_apply(t, &a.r, &b, (struct recognition_past){0});
    assert_int_equal(h->rows, recognition_rows(&a.r));
    assert_int_equal(h->lanes, 3 * b.T);
    for (int l = 0; l < 3; l++) {
        double plain[PLAIN_STEPS][PLAIN_MOST];
        int steps = (int)record_steps(&r[l]), rows = plain_recognition(&a.m, &r[l], steps, plain);
        assert_int_equal(rows, (raw ? ANY_DX : FEATURES) + UNITS * (back + ahead) + (raw && ahead ? ANY_DX + 1 + du : 0));
        for (int s = 0; s < steps; s++)
            for (int i = 0; i < rows; i++)
                near("h", s, any_number(h, i, s * 3 + l), plain[s][i]);
    }
    tape_free(t);
    batch_free(&b);
    any_records_close(r, 3);
    params_free(&a.m.params);
}

static void values(void **state)
{
    (void)state;
    for (int k = 0; k < 32; k++)
        compare(k & 1 ? 2 : 0, k & 2, k & 4, k & 8, k & 16);
}

static void parameters_are_of_recognition(void **state)
{
    (void)state;
    struct parts a;
    parts_open(&a, 1, true, false);
    assert_true(params_find(&a.m.params, "recognition.back.W") >= 0 && params_find(&a.m.params, "recognition.ahead.W") < 0);
    for (int i = 0; i < a.m.params.n; i++)
        assert_int_equal(a.m.params.entry[i].group, GROUP_PHI);
    params_free(&a.m.params);
}

/* Looking back, a pass goes on from the state and the control that the one before ended with: through the carry, as models do it. */
static void pieces_are_the_whole(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        int du = k & 1 ? 2 : 0, cut = 1 + k / 2;
        struct parts a;
        struct record r[3];
        struct batch whole, part;
        struct tape *t = tape_new();
        parts_open(&a, du, true, false);
        any_records(r, du, false);
        fixture_mask(&r[1], "10110");
        batch_fill(&whole, r, any_all, 3, ANY_DX, du, 0, 5);
        tape_begin(t, &a.m.params, NULL, 0);
        var *all = recognition_apply(t, &a.r, &whole, (struct recognition_past){0});
        struct carry c = {.rows = recurrent_carry_rows(&a.r, 2), .lanes = 3};
        assert_int_equal(c.rows, 2 + UNITS + du);
        c.v = xcalloc((size_t)c.rows * 3, sizeof(real));
        for (int from = 0, steps; from < 5; from += steps) {
            steps = from == 0 ? cut : 5 - cut;
            batch_fill(&part, r, any_all, 3, ANY_DX, du, from, steps);
            struct recognition_past past;
            var *before = recurrent_carry_get(t, &a.r, 2, &c, &past);
            var *z = filled(t, 2, 3 * part.T, 7 + from), *h = recognition_apply(t, &a.r, &part, past);
            assert_int_equal(before != NULL, from > 0);
            if (before)
                near("state", 0, any_number(before, 1, 2), 7);
            recurrent_carry_put(&c, t, &a.r, &part, z, h);
            assert_int_equal(c.steps, from + part.T);
            for (int i = 0; i < h->rows; i++)
                for (int l = 0; l < h->lanes; l++)
                    near("h", l, any_number(h, i, l), any_number(all, i, 3 * from + l));
            batch_free(&part);
        }
        carry_free(&c);
        tape_free(t);
        batch_free(&whole);
        any_records_close(r, 3);
        params_free(&a.m.params);
    }
}

/* Whoever looks ahead cannot carry; nothing comes of no carry, or of one that has seen nothing. */
static void nothing_to_carry(void **state)
{
    (void)state;
    struct parts a;
    struct recognition_past past = {.push = (var *)&past};
    parts_open(&a, 1, true, true);
    assert_int_equal(recurrent_carry_rows(&a.r, 2), 0);
    struct tape *t = tape_new();
    tape_begin(t, &a.m.params, NULL, 0);
    assert_null(recurrent_carry_get(t, &a.r, 2, NULL, &past));
    assert_true(!past.state && !past.push);
    assert_null(recurrent_carry_get(t, &a.r, 2, &(struct carry){.rows = 6, .lanes = 1, .v = (real[6]){0}}, &past));
    recurrent_carry_put(NULL, t, &a.r, NULL, NULL, NULL);
    tape_free(t);
    params_free(&a.m.params);
}

/* u of the step before; into the first step acts what is given, or nothing. */
static void controls_of_the_step_before(void **state)
{
    (void)state;
    struct record r[3];
    struct batch b;
    struct tape *t = tape_new();
    struct params none;
    params_init(&none);
    any_records(r, 2, true);
    for (int steps = 1; steps <= 6; steps += 5) {
        batch_fill(&b, r, any_all, 3, ANY_DX, 2, 0, steps);
        tape_begin(t, &none, NULL, 0);
        for (int pushed = 0; pushed < 2; pushed++) {
            var *u = controls_before(t, &b, pushed ? filled(t, 2, 3, 5) : NULL);
            assert_int_equal(u->lanes, 3 * steps);
            for (int l = 0; l < 3; l++)
                for (int s = 0; s < steps; s++)
                    for (int i = 0; i < 2; i++) {
                        double acts =
                            s > 0 && s < (int)record_steps(&r[l]) ? array_get(record_get(&r[l], "u"), (size_t)(2 * s - 2 + i)) : 0;
                        near("u", s, any_number(u, i, s * 3 + l), s == 0 && pushed ? 5 : acts);
                    }
        }
        batch_free(&b);
    }
    batch_fill(&b, r, any_all, 3, ANY_DX, 0, 0, 6);
    assert_null(controls_before(t, &b, NULL));
    batch_free(&b);
    tape_free(t);
    params_free(&none);
    any_records_close(r, 3);
}

/* Frames may be their own features, but what convolutions make of a picture is not. */
static void convolutions_end_in_a_layer(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(recognition_check(&(struct model_settings){.encoder.dense = {1, {4}}}, 4, 2, &e), DSSM_OK);
    assert_int_equal(recognition_check(&(struct model_settings){.encoder.dense = {0}}, 4, 2, &e), DSSM_OK);
    assert_int_equal(recognition_check(&(struct model_settings){.encoder.convolutions = true}, 4, 2, &e), DSSM_USAGE);
    assert_string_equal(e.text, "--encoder: expected at least one layer behind the convolutions, got none");
}

/* A network beside which there is a linear map, where frames are their own features; it begins as if there were none. */
static void straightened(void **state)
{
    (void)state;
    for (int raw = 0; raw < 2; raw++) {
        struct parts a;
        parts_of(&a, 1, true, true, raw);
        struct mlp head = gauss_declare(&a.m.params, "head", recognition_rows(&a.r), &(struct int_list){1, {4}}, 2, -3, GROUP_PHI, 3);
        recognition_straighten(&a.m, &a.r, "head", &head);
        int map = params_find(&a.m.params, "head.straight");
        assert_int_equal(map >= 0, raw);
        assert_int_equal(head.has_straight, raw);
        if (raw) {
            const struct param *p = &a.m.params.entry[map];
            assert_true(p->rows == 4 && p->cols == recognition_rows(&a.r) && p->group == GROUP_PHI);
            for (int i = 0; i < p->rows * p->cols; i++)
                assert_true(params_value(&a.m.params, map)[i] == 0);
        }
        params_free(&a.m.params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),           cmocka_unit_test(parameters_are_of_recognition), cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(nothing_to_carry), cmocka_unit_test(controls_of_the_step_before),   cmocka_unit_test(convolutions_end_in_a_layer),
        cmocka_unit_test(straightened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
