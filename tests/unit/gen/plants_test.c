/* The plants' options: their defaults are the plants' standards; targets; what is refused. */
#include "gen/gen.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct reacher_told standard(void)
{
    struct reacher_told told = {0};
    options_defaults(options_reacher, &told);
    options_defaults(options_reacher_view, &told);
    return told;
}

static void defaults_are_the_standards(void **state)
{
    (void)state;
    struct error e = {0};
    struct reacher_told told = standard();
    const struct reacher *r = &told.arm, *s = &reacher_standard;
    struct plant p;
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_OK);
    assert_ptr_equal(p.kind, &plant_reacher);
    assert_ptr_equal(p.settings, &told.arm);
    assert_true(r->substeps == s->substeps && r->damping == s->damping && r->limit == s->limit && r->v0 == s->v0);
    assert_true(r->observe == s->observe && r->size == s->size && r->style == s->style && r->edge == s->edge && r->target == s->target);

    struct pendulum q = {0}, t = pendulum_standard;
    options_defaults(options_pendulum, &q);
    options_defaults(options_pendulum_view, &q);
    assert_true(q.dt == t.dt && q.substeps == t.substeps && q.friction == t.friction && q.gravity == t.gravity && q.u_max == t.u_max);
    assert_true(q.v0 == t.v0 && q.start == t.start && q.observe == t.observe && q.size == t.size && q.radius == t.radius);
    assert_true(q.blob == t.blob && q.ball == t.ball);
}

static void targets(void **state)
{
    (void)state;
    struct error e = {0};
    struct reacher_told told = standard();
    struct plant p;
    told.arm.observe = REACHER_RGB;
    told.target = "0.1,-0.05";
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_OK);
    assert_true(p.kind == &plant_reacher && told.arm.target == TARGET_FIXED && told.arm.target_at[0] == 0.1 &&
                told.arm.target_at[1] == -0.05);
    told.target = "random";
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_OK);
    assert_true(p.kind == &plant_reacher_target && told.arm.target == TARGET_RANDOM);
    told.limit_degrees = 90;
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_OK);
    assert_true(fabs(told.arm.limit - M_PI / 2) < 1e-15);

    static const char *const wrong[] = {"", "somewhere", "0.1", "0.1,", "0.1,x", "0.1,0.2,0.3", "0.1,0.2 ", "2,0", "0,nan"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        told.target = wrong[i];
        assert_int_equal(reacher_plant(&told, &p, &e), DSSM_USAGE);
        assert_non_null(strstr(e.text, "--target: expected X,Y"));
    }
    told.target = "random";
    told.arm.observe = REACHER_ANGLES;
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_USAGE);
    assert_non_null(strstr(e.text, "only a picture shows it"));
}

static void starts(void **state)
{
    (void)state;
    static const double uniform[4] = {0.1, 0.9, 0.4, 0.6};
    struct error e = {0};
    struct reacher_told told = standard();
    struct plant p;
    double s[4];
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_OK);
    p.kind->start(p.settings, uniform, s);
    assert_true(fabs(s[0] + 0.8 * M_PI) < 1e-12 && fabs(s[2] + 1) < 1e-12);
    told.start = "-90,45";
    assert_int_equal(reacher_plant(&told, &p, &e), DSSM_OK);
    p.kind->start(p.settings, uniform, s);
    assert_true(fabs(s[0] + M_PI / 2) < 1e-12 && fabs(s[1] - M_PI / 4) < 1e-12 && s[2] == 0 && s[3] == 0);

    static const char *const wrong[] = {"", "hang", "10", "10,", "10,161", "361,0", "nan,0", "1,2,3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        told.start = wrong[i];
        assert_int_equal(reacher_plant(&told, &p, &e), DSSM_USAGE);
        assert_non_null(strstr(e.text, "--start: expected uniform or S,W"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_are_the_standards), cmocka_unit_test(targets), cmocka_unit_test(starts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
