/* policy-learn: learns a policy in a model's dreams, towards a goal that is an observation. */
#include "cli/cli.h"
#include "control/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    const char *output, *position, *velocity, *from, *metrics, *checkpoint;
    bool any;
    struct learn_settings learn;
    struct policy_settings policy;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {"output", 'o', OPT_TEXT, AT(output), NULL, 0, 0, NULL, "POLICY", "the policy's file (an .npz archive); needed"},
    {"goal-position", 0, OPT_TEXT, AT(position), NULL, 0, 0, NULL, "STREAM",
     "be where these frames show: the mean of their encodings is the wanted position"},
    {"goal-any-position", 0, OPT_FLAG, AT(any), NULL, 0, 0, NULL, NULL,
     "be where policy-run is told, by its --goal-position: one policy for any position that the start states have"},
    {"goal-velocity", 0, OPT_TEXT, AT(velocity), NULL, 0, 0, NULL, "STREAM",
     "move as these sequences do: the mean of their smoothed states' other numbers is the wanted velocity"},
    {"from", 0, OPT_TEXT, AT(from), NULL, 0, 0, NULL, "POLICY",
     "begin with what this policy has learned, in the same model with the same --hidden"},
    {"metrics", 0, OPT_TEXT, AT(metrics), NULL, 0, 0, NULL, "FILE", "JSON lines: settings first, then a line an evaluation"},
    {"checkpoint", 0, OPT_TEXT, AT(checkpoint), NULL, 0, 0, NULL, "FILE", "state of the learning; the same command goes on from it"},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {{"Goal and files", rows, &settings},
                                             {"Learning", options_learn, &settings.learn},
                                             {"Policy", options_policy, &settings.policy},
                                             {"General", options_common, &settings.common},
                                             {0}};
static const struct program program = {
    .name = "policy-learn",
    .reads_writes = "model, goal and stream of start states in, policy out: learn to act in the model",
    .operands = "MODEL [STREAM]",
    .operands_min = 1,
    .operands_max = 2,
    .examples = "gen-pendulum -n 1 --steps 1 --start upright -o goal.msgpack\n"
                "policy-learn m.npz --goal-position goal.msgpack -o swing-up.npz train.msgpack\n"
                "policy-learn m.npz --goal-any-position -o anywhere.npz train.msgpack\n"
                "policy-learn m.npz --goal-velocity turning.msgpack --width 0.5 -o turn.npz train.msgpack\n",
    .groups = groups,
    .reads_stdin = true,
};

/* The largest control that acts in the data, 0 if there is none: the last of a sequence does not. */
static double largest_control(const struct dataset *d)
{
    double most = 0;
    for (int i = 0; i < d->n; i++) {
        const struct array *u = record_get(&d->record[i], "u");
        for (size_t j = 0; u && j + array_step(u) < array_count(u); j++)
            if (isfinite(array_get(u, j)))
                most = fmax(most, fabs(array_get(u, j)));
    }
    return most;
}

/* Fills in the bound of the controls where it was not given. */
static int choose_bound(const struct dataset *d, const char *name, struct error *e)
{
    if (settings.policy.u_max == 0)
        settings.policy.u_max = largest_control(d);
    if (settings.policy.u_max == 0)
        return error_set(e, DSSM_USAGE, "--u-max: expected a bound, for %s has no control that is not 0", name);
    if (settings.policy.u_max > CONTROL_MOST)
        return error_set(e, DSSM_USAGE, "--u-max: expected a bound, for %s has a control of %g", name, settings.policy.u_max);
    return DSSM_OK;
}

/* What the policy's file says of where it came from: the model's history, and this command. */
static void add_history(struct policy *p, const struct model *m, const char *command)
{
    json_t *header = header_new();
    json_object_set_new(header, "history", json_deep_copy(m->history));
    header_history(header, program.name, command, true, settings.common.seed);
    json_decref(p->history);
    p->history = json_incref(json_object_get(header, "history"));
    json_decref(header);
}

/* Copies the parameters of --from; their checksum goes to *crc. */
static int begin_from(struct policy *p, const struct model *m, uint32_t *crc, struct error *e)
{
    struct policy *from = policy_load(settings.from, m, e);
    if (!from)
        return e->code;
    int status = policy_copy(p, from, e);
    *crc = params_crc32(&from->params);
    if (status)
        error_prefix(e, "--from: %s", input_name(settings.from));
    policy_free(from);
    return status;
}

/* Settings as they were given, the seed, and what --from was. */
static json_t *provenance(uint32_t from_crc)
{
    json_t *all = options_of_groups(groups + 1, 2), *general = options_to_json(options_common, &settings.common);
    json_object_set(all, "seed", json_object_get(general, "seed"));
    json_object_set_new(all, "from", text_json(settings.from));
    json_object_set_new(all, "from_crc32", settings.from ? json_integer(from_crc) : json_null());
    json_decref(general);
    return all;
}

/* Learns from start states that are ready. */
static int learn(const struct model *m, struct goal *g, const struct beginnings *b, struct pool *pool, uint32_t crc, const char *command,
                 struct error *e)
{
    uint32_t from_crc = 0;
    if (settings.learn.spread)
        goal_spread(g, b);
    double distance = goal_distance(g, b);
    if (!(distance > 0))
        return error_set(e, DSSM_BAD_INPUT, "start states: expected some that are away from the goal, got none");
    struct policy *p = policy_new(&settings.policy, m, g->any ? g->n : 0, settings.common.seed, e);
    if (!p || (settings.from && begin_from(p, m, &from_crc, e))) {
        policy_free(p);
        return e->code;
    }
    json_t *made_with = provenance(from_crc);
    add_history(p, m, command);
    if (!settings.from)
        policy_centre(p, g, b);
    g->width = settings.learn.width * distance;
    settings.learn.seed = settings.common.seed;
    struct train_io io = {.program = program.name,
                          .checkpoint = settings.checkpoint,
                          .metrics = settings.metrics,
                          .quiet = settings.common.quiet,
                          .pool = pool,
                          .provenance = made_with,
                          .stop = ready_to_stop()};
    int status = learn_run(p, m, g, b, &settings.learn, &io, crc, e);
    if (status == DSSM_OK)
        status = policy_save(p, settings.output, e);
    json_decref(made_with);
    policy_free(p);
    return status;
}

static int make_goal(struct goal *g, const struct model *m, struct pool *pool, struct error *e)
{
    if (settings.any)
        return goal_any_position(g, m, e);
    const char *path = settings.position ? settings.position : settings.velocity;
    struct dataset d;
    if (dataset_open(&d, path, DATA_MEMORY, e))
        return e->code;
    int status = settings.position ? goal_position(g, m, &d, input_name(path), e) : goal_velocity(g, m, &d, input_name(path), pool, e);
    dataset_free(&d);
    return status;
}

static int learn_from(const struct model *m, const char *path, struct pool *pool, const char *command, struct error *e)
{
    struct goal g = {0};
    struct dataset d;
    struct beginnings b;
    if (make_goal(&g, m, pool, e) || dataset_open(&d, path, DATA_MEMORY, e))
        return e->code;
    int status = model_fits(m, &d, input_name(path), e);
    if (status == DSSM_OK)
        status = choose_bound(&d, input_name(path), e);
    if (status == DSSM_OK && (status = beginnings_of(&b, m, &d, pool, e)))
        error_prefix(e, "%s", input_name(path));
    uint32_t crc = d.hash;
    dataset_free(&d);
    if (status == DSSM_OK) {
        status = learn(m, &g, &b, pool, crc, command, e);
        beginnings_free(&b);
    }
    return status;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    blas_start();
    const char *path = operands->n > 1 ? operands->v[1] : NULL;
    if (!settings.output)
        return error_set(e, DSSM_USAGE, "--output: expected the name of the policy's file");
    int goals = (settings.position != NULL) + (settings.velocity != NULL) + settings.any;
    if (goals != 1)
        return error_set(e, DSSM_USAGE, "expected one of --goal-position, --goal-any-position and --goal-velocity, got %s",
                         goals == 0   ? "none"
                         : goals == 2 ? "two"
                                      : "all");
    if (strcmp(settings.output, "-") == 0 && settings.metrics && strcmp(settings.metrics, "-") == 0)
        return error_set(e, DSSM_USAGE, "--metrics: standard output has the policy already");
    if (ready_to_write(settings.output, e) || ready_to_write(settings.checkpoint, e) || ready_to_write(settings.metrics, e))
        return e->code;
    struct model *m = model_load(operands->v[0], e);
    if (!m)
        return e->code;
    struct pool *pool = pool_new(settings.common.threads);
    int status = learn_from(m, path, pool, command, e);
    pool_free(pool);
    model_free(m);
    return status;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
