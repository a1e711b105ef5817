/* The reacher against MuJoCo itself, where libmujoco is installed: random sequences of several arms. Skips itself elsewhere. */
#include "near.h"
#include "sim/sim.h"

#ifdef DSSM_MUJOCO
#include <mujoco/mujoco.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The arm of the control suite's reacher: two links and a fingertip, no contacts. */
static mjModel *arm(const struct reacher *r)
{
    const char *folder = getenv("TMPDIR");
    char error[500] = "", *path = xasprintf("%s/arm-%d.xml", folder ? folder : "/tmp", (int)getpid());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "<mujoco><compiler angle='radian'/><option timestep='0.02'><flag contact='disable'/></option><worldbody>"
            "<body><joint name='shoulder' axis='0 0 1' damping='%.17g'/><geom type='capsule' fromto='0 0 0 0.12 0 0' size='0.01'/>"
            "<body pos='0.12 0 0'><joint name='wrist' axis='0 0 1' damping='%.17g' limited='true' range='%.17g %.17g'/>"
            "<geom type='capsule' fromto='0 0 0 0.1 0 0' size='0.01'/>"
            "<body pos='0.12 0 0'><geom type='sphere' size='0.01'/></body></body></body></worldbody><actuator>"
            "<motor joint='shoulder' gear='0.05' ctrllimited='true' ctrlrange='-1 1'/>"
            "<motor joint='wrist' gear='0.05' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>",
            r->damping, r->damping, -r->limit, r->limit);
    fclose(f);
    mjModel *m = mj_loadXML(path, NULL, error, sizeof error);
    unlink(path);
    free(path);
    if (!m)
        fail_msg("MuJoCo: %s", error);
    return m;
}

/* The largest difference of any state in n sequences of 30 control steps; *touched: in how many the wrist was beyond its limit. */
static double largest_difference(const struct reacher *r, uint32_t n, int *touched)
{
    struct plant p = {&plant_reacher, r};
    struct protocol how = {.seed = 11, .actions = {ACTIONS_IID, 1, 0}};
    mjModel *m = arm(r);
    mjData *d = mj_makeData(m);
    double largest = 0;
    *touched = 0;
    for (uint32_t i = 0; i < n; i++) {
        double s[120];
        float u[60];
        bool beyond = false;
        sim_start(&p, &how, i, s);
        sim_controls(&p, &how, i, 30, u);
        sim_roll(&p, 30, u, s);
        mj_resetData(m, d);
        memcpy(d->qpos, s, 2 * sizeof *s);
        memcpy(d->qvel, s + 2, 2 * sizeof *s);
        for (int t = 0; t < 30; t++) {
            for (int k = 0; k < 2; k++) {
                largest = fmax(largest, fabs(d->qpos[k] - s[4 * t + k]));
                largest = fmax(largest, fabs(d->qvel[k] - s[4 * t + 2 + k]));
                d->ctrl[k] = (double)u[2 * t + k];
            }
            beyond = beyond || fabs(s[4 * t + 1]) > r->limit;
            for (int k = 0; k < r->substeps; k++)
                mj_step(m, d);
        }
        *touched += beyond;
    }
    mj_deleteData(d);
    mj_deleteModel(m);
    return largest;
}

static void as_mujoco(void **state)
{
    (void)state;
    static const struct {
        int substeps;
        double damping, limit, v0;
    } arms[] = {{1, 0.01, 160, 5}, {2, 0.01, 160, 5}, {4, 0.01, 160, 15}, {2, 0.002, 100, 8}, {2, 0.03, 40, 5}};
    for (size_t i = 0; i < sizeof arms / sizeof *arms; i++) {
        struct reacher r = reacher_standard;
        int touched;
        r.substeps = arms[i].substeps;
        r.damping = arms[i].damping;
        r.limit = arms[i].limit * M_PI / 180;
        r.v0 = arms[i].v0;
        assert_near(largest_difference(&r, 300, &touched), 0, 1e-9);
        assert_in_range(touched, 9, 299); /* both within the limit and beyond it */
    }
}

#else
static void as_mujoco(void **state)
{
    (void)state;
    print_message("libmujoco-dev was not installed when this test was built: the reacher is not compared with MuJoCo\n");
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_mujoco)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
