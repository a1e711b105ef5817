/* R² of named quantities: circles, cubic features, rows left out, JSON, names from a header. */
#include "judge/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N = 2000 };
static const struct quantity pendulum[2] = {{"angle", true}, {"velocity", false}};

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("expected %.12f, got %.12f", expected, got);
}

/* True states (angle over several turns, velocity), N rows. */
static void truth(double y[N][2])
{
    draw_uniform((struct draw){.seed = 2, .purpose = 1}, 2 * N, y[0]);
    for (int i = 0; i < N; i++) {
        y[i][0] = 30 * (y[i][0] - 0.5);
        y[i][1] = 8 * (y[i][1] - 0.5);
    }
}

/* A barrel: the circle and the velocity, turned and shifted. An unwrapped angle is found by its sine and cosine. */
static void barrel(void **state)
{
    (void)state;
    double y[N][2], z[N][3];
    struct r2_score s[2];
    struct r2 *r = r2_new(3, 2, pendulum, false);
    truth(y);
    for (int i = 0; i < N; i++) {
        double a = sin(y[i][0]), b = cos(y[i][0]), c = y[i][1];
        z[i][0] = a + b + 0.1 * c;
        z[i][1] = a - b + 2;
        z[i][2] = c - 0.2 * a;
    }
    r2_add(r, N / 2, z[0], y[0]);
    r2_add(r, N / 2, z[N / 2], y[N / 2]);
    assert_int_equal(r2_rows(r), N);
    assert_int_equal(r2_scores(r, s, NULL, NULL), DSSM_OK);
    assert_near(s[0].r2, 1, 1e-12);
    assert_near(s[1].r2, 1, 1e-12);
    assert_true(isnan(s[1].sin) && isnan(s[1].cos));
    r2_free(r);
}

/* Only the sine is known: the angle's R² is the mean of 1 and 0. */
static void half_an_angle(void **state)
{
    (void)state;
    double y[N][2];
    struct r2_score s[2];
    struct r2 *r = r2_new(1, 2, pendulum, false);
    truth(y);
    for (int i = 0; i < N; i++)
        r2_add(r, 1, &(double){sin(y[i][0])}, y[i]);
    assert_int_equal(r2_scores(r, s, NULL, NULL), DSSM_OK);
    assert_near(s[0].sin, 1, 1e-12);
    assert_near(s[0].cos, 0, 0.01);
    assert_near(s[0].r2, (s[0].sin + s[0].cos) / 2, 1e-15);
    assert_near(s[1].r2, 0, 0.01);
    r2_free(r);
}

/* An angle that is counted through its turns is on a line: what tells it as it stands tells neither its sine nor its cosine. */
static void unwrapped_angle(void **state)
{
    (void)state;
    double y[N][2];
    struct r2_score s[2];
    struct r2 *r = r2_new(1, 2, pendulum, false);
    truth(y);
    for (int i = 0; i < N; i++)
        r2_add(r, 1, &(double){3 - 2 * y[i][0]}, y[i]);
    assert_int_equal(r2_scores(r, s, NULL, NULL), DSSM_OK);
    assert_near(s[0].unwrapped, 1, 1e-12);
    assert_true(s[0].r2 < 0.2);
    assert_true(isnan(s[1].unwrapped));
    r2_free(r);
}

/* Folded: z_3 = v sin φ. No plane finds the velocity, but v sin²φ + v cos²φ is cubic in (sin, cos, v sin, v cos). */
static void folded(void **state)
{
    (void)state;
    double y[N][2];
    struct r2_score linear[2], cubic[2];
    struct r2 *r = r2_new(4, 2, pendulum, true);
    truth(y);
    for (int i = 0; i < N; i++) {
        double a = sin(y[i][0]), b = cos(y[i][0]), v = y[i][1];
        r2_add(r, 1, (double[]){a, b, v * a, v * b}, y[i]);
    }
    assert_int_equal(r2_scores(r, linear, cubic, NULL), DSSM_OK);
    assert_near(linear[0].r2, 1, 1e-12);
    assert_near(linear[1].r2, 0, 0.02);
    assert_near(cubic[0].r2, 1, 1e-12);
    assert_near(cubic[1].r2, 1, 1e-12);
    r2_free(r);
}

/* Every monomial up to degree 3 is a feature, and none of degree 4: each alone as a target. */
static void monomials(void **state)
{
    (void)state;
    static const int power[][2] = {{1, 0}, {0, 1}, {2, 0}, {1, 1}, {0, 2}, {3, 0}, {2, 1}, {1, 2}, {0, 3}, {4, 0}, {2, 2}, {1, 3}};
    enum { Q = sizeof power / sizeof *power };
    struct quantity q[Q] = {0};
    struct r2_score linear[Q], cubic[Q];
    double z[200][2], y[Q];
    struct r2 *r = r2_new(2, Q, q, true);
    draw_normal((struct draw){.seed = 3, .purpose = 1}, 400, z[0]);
    for (int i = 0; i < 200; i++) {
        for (int k = 0; k < Q; k++)
            y[k] = pow(z[i][0], power[k][0]) * pow(z[i][1], power[k][1]);
        r2_add(r, 1, z[i], y);
    }
    assert_int_equal(r2_scores(r, linear, cubic, NULL), DSSM_OK);
    for (int k = 0; k < Q; k++) {
        assert_true((cubic[k].r2 > 1 - 1e-10) == (power[k][0] + power[k][1] <= 3));
        assert_true((linear[k].r2 > 1 - 1e-10) == (power[k][0] + power[k][1] <= 1));
    }
    r2_free(r);
}

static void left_out(void **state)
{
    (void)state;
    double z[4][1] = {{1}, {NAN}, {3}, {4}}, y[4][2] = {{0, 1}, {0, 2}, {0, INFINITY}, {0, 4}};
    struct r2 *r = r2_new(1, 2, pendulum, false);
    r2_add(r, 4, z[0], y[0]);
    assert_int_equal(r2_rows(r), 2);
    assert_int_equal(r2_left_out(r), 2);
    r2_free(r);
    r2_free(NULL);
}

static double real_of(const json_t *j, const char *key)
{
    const json_t *v = json_object_get(j, key);
    return json_is_real(v) ? json_real_value(v) : NAN;
}

static void json(void **state)
{
    (void)state;
    double y[N][2];
    json_t *j = json_object(), *two = json_object();
    struct r2 *r = r2_new(1, 2, pendulum, true);
    truth(y);
    for (int i = 0; i < N; i++)
        r2_add(r, 1, &y[i][1], y[i]);
    assert_int_equal(r2_json(r, j, NULL), DSSM_OK);
    assert_int_equal(json_object_size(j), 10);
    assert_near(real_of(j, "r2_velocity"), 1, 1e-12);
    assert_near(real_of(j, "r2_velocity_cubic"), 1, 1e-12);
    assert_near(real_of(j, "r2_angle"), (real_of(j, "r2_sin") + real_of(j, "r2_cos")) / 2, 1e-12);
    assert_true(real_of(j, "r2_sin_cubic") >= real_of(j, "r2_sin"));
    assert_near(real_of(j, "r2_unwrapped"), 0, 0.01);
    r2_free(r);

    static const struct quantity arm[3] = {{"shoulder", true}, {"wrist", true}, {"still", false}};
    r = r2_new(1, 3, arm, false);
    for (int i = 0; i < 100; i++)
        r2_add(r, 1, &y[i][1], (double[]){y[i][0], y[i][1], 2});
    assert_int_equal(r2_json(r, two, NULL), DSSM_OK);
    assert_int_equal(json_object_size(two), 9);
    assert_non_null(json_object_get(two, "r2_shoulder_sin"));
    assert_non_null(json_object_get(two, "r2_wrist_cos"));
    assert_non_null(json_object_get(two, "r2_wrist_unwrapped"));
    assert_true(json_is_null(json_object_get(two, "r2_still"))); /* does not vary */
    r2_free(r);
    json_decref(j);
    json_decref(two);
}

static void names_from_header(void **state)
{
    (void)state;
    struct quantity *q;
    struct error e = {0};
    json_t *header = header_new();
    header_field(header, "s", DT_F8, 1, &(size_t){2}, "state", "rad,rad/s", "circle,line", "angle,velocity");
    header_field(header, "bare", DT_F8, 1, &(size_t){3}, "state", NULL, NULL, NULL);
    header_field(header, "matrix", DT_F8, 2, (size_t[]){3, 3}, "state", NULL, NULL, NULL);
    assert_int_equal(quantities_read(header, "s", &q, &e), 2);
    assert_string_equal(q[0].name, "angle");
    assert_string_equal(q[1].name, "velocity");
    assert_true(q[0].circle && !q[1].circle);
    free(q);
    assert_int_equal(quantities_read(header, "bare", &q, &e), 3);
    assert_string_equal(q[2].name, "s3");
    assert_false(q[0].circle);
    free(q);
    assert_int_equal(quantities_read(header, "absent", &q, &e), 0);
    assert_string_equal(e.text, "header: field absent: not described");
    assert_int_equal(e.code, DSSM_BAD_INPUT);
    assert_int_equal(quantities_read(header, "matrix", &q, &e), 0);
    assert_non_null(strstr(e.text, "expected a shape [] or [Q]"));
    json_decref(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(barrel), cmocka_unit_test(half_an_angle),     cmocka_unit_test(unwrapped_angle),
        cmocka_unit_test(folded), cmocka_unit_test(monomials),         cmocka_unit_test(left_out),
        cmocka_unit_test(json),   cmocka_unit_test(names_from_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
