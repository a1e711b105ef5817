/* policy-run: a policy against a plant that is any program, in closed loop. */
#include "cli/cli.h"
#include "control/control.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    int steps, episodes;
    double start_timeout, timeout;
    bool noise, random;
    const char *output, *position;
    struct common common;
};

#define AT(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {"steps", 0, OPT_INT, AT(steps), "160", 1, 1e9, NULL, "T", "Observations of an episode, the first one counted."},
    {"episodes", 'n', OPT_INT, AT(episodes), "1", 1, 1e9, NULL, "N", "Episodes, each with the command started anew."},
    {"goal-position", 0, OPT_TEXT, AT(position), NULL, 0, 0, NULL, "STREAM",
     "For a policy for any position: be where these frames show, the same for all episodes, or for each what one sequence shows."},
    {"start-timeout", 0, OPT_REAL, AT(start_timeout), "10", 0.001, 1e6, NULL, "S",
     "Seconds that the plant may take to start: for its header, and again for its first observation."},
    {"timeout", 0, OPT_REAL, AT(timeout), "10", 0.001, 1e6, NULL, "S",
     "Seconds that the plant may take for any other observation, to read a control, or to end, before it is ended."},
    {"noise", 0, OPT_FLAG, AT(noise), NULL, 0, 0, NULL, NULL, "Add the policy's noise, as it was learned with; else its mean acts."},
    {"random", 0, OPT_FLAG, AT(random), NULL, 0, 0, NULL, NULL,
     "Draw every control uniformly within the policy's bound, in the place of what it chooses: to compare with, or for data."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Episodes", rows, &settings}, {"Output", options_output, &settings.output}, {"Common", options_common, &settings.common}, {0}};
static const struct program program = {
    .name = "policy-run",
    .reads_writes = "model, policy and a plant's command in, stream of episodes out: act on what the filter believes",
    .operands = "MODEL POLICY -- COMMAND...",
    .operands_min = 3,
    .operands_max = 1000000,
    .examples = "policy-run m.npz swing-up.npz -- sim-pendulum --start hang | seq-frames -o episode.png\n"
                "policy-run -n 20 -o runs.msgpack m.npz swing-up.npz -- sim-pendulum --seed {seed}\n"
                "policy-run --random -n 20 -o random.msgpack m.npz swing-up.npz -- sim-pendulum --seed {seed}\n"
                "policy-run --goal-position goal.msgpack m.npz anywhere.npz -- sim-pendulum | seq-info\n"
                "policy-run m.npz swing-up.npz -- python3 formats/examples/plant.py | seq-info\n",
    .groups = groups,
};

/* ---- the command of an episode ---- */

/* The word with every NAME replaced; caller frees. */
static char *replaced(const char *word, const char *name, unsigned long long value)
{
    char *out = xstrdup(""), *place;
    while ((place = strstr(word, name))) {
        char *longer = xasprintf("%s%.*s%llu", out, (int)(place - word), word, value);
        free(out);
        out = longer;
        word = place + strlen(name);
    }
    char *whole = xasprintf("%s%s", out, word);
    free(out);
    return whole;
}

/* The plant's words for episode i: {episode} is i, {seed} is --seed + i. A list that ends with NULL, for free_words. */
static char **words_of(const struct operands *operands, int i)
{
    int n = operands->n - 2;
    char **words = xcalloc((size_t)n + 1, sizeof *words);
    for (int k = 0; k < n; k++) {
        char *half = replaced(operands->v[k + 2], "{episode}", (unsigned long long)i);
        words[k] = replaced(half, "{seed}", (unsigned long long)settings.common.seed + (unsigned long long)i);
        free(half);
    }
    return words;
}

static void free_words(char **words)
{
    for (int i = 0; words[i]; i++)
        free(words[i]);
    free(words);
}

/* ---- goals ---- */

struct goals {
    struct goal *goal; /* owned */
    int n;
};

/* What --goal-position shows, for a policy that is told its goal, and for no other. */
static int read_goals(struct goals *goals, const struct model *m, const struct policy *p, struct error *e)
{
    struct dataset d;
    if (!settings.position && (p->dg == 0 || settings.random))
        return DSSM_OK;
    if (!settings.position)
        return error_set(e, DSSM_USAGE, "the policy goes to any position: show it one by --goal-position");
    if (p->dg == 0)
        return error_set(e, DSSM_USAGE, "--goal-position: the policy was learned for one goal, and cannot be told another");
    if (dataset_open(&d, settings.position, DATA_MEMORY, e))
        return e->code;
    goals->goal = xcalloc((size_t)d.n, sizeof *goals->goal);
    goals->n = d.n;
    int status = goal_positions(goals->goal, m, &d, input_name(settings.position), e);
    dataset_free(&d);
    if (status == DSSM_OK && goals->n != 1 && goals->n < settings.episodes)
        status = error_set(e, DSSM_USAGE, "%s: expected one goal, or one for each of %d episodes, got %d", input_name(settings.position),
                           settings.episodes, goals->n);
    return status;
}

/* ---- the run ---- */

/* The reader of our output has gone: the plant is ended by now, and we end as every program does then. */
static void end_if_unread(FILE *out)
{
    struct pollfd wait = {.fd = fileno(out), .events = POLLOUT};
    if (poll(&wait, 1, 0) == 1 && (wait.revents & POLLERR)) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
}

static int run_episodes(struct loop *l, const struct operands *operands, struct error *e)
{
    struct progress *progress = progress_new(program.name, settings.common.quiet);
    int code = DSSM_OK;
    for (int i = 0; i < settings.episodes && code == DSSM_OK; i++) {
        char **words = words_of(operands, i);
        progress_show(progress, (double)i / settings.episodes, "episode %d of %d", i + 1, settings.episodes);
        code = loop_episode(l, words, (uint32_t)i, e);
        free_words(words);
    }
    progress_end(progress);
    return code;
}

/* Whatever happens to the episodes, those that there are end as a whole stream. */
static int run_on(const struct model *m, const struct policy *p, const struct goals *goals, const struct operands *operands,
                  const char *command, struct error *e)
{
    struct loop_settings how = {.steps = settings.steps,
                                .start_patience = settings.start_timeout,
                                .patience = settings.timeout,
                                .noise = settings.noise,
                                .random = settings.random,
                                .goals = goals->goal,
                                .n_goals = goals->n,
                                .seed = settings.common.seed,
                                .stop = ready_to_stop()};
    signal(SIGPIPE, SIG_IGN); /* a plant that has gone must not end us */
    struct output *out = output_open(settings.output, e);
    if (!out)
        return e->code;
    struct loop *l = loop_new(m, p, &how, program.name, command, output_file(out));
    struct error ending = {0};
    int code = run_episodes(l, operands, e), steps = loop_steps(l) > 0;
    int closed = loop_close(l, &ending);
    if (closed == DSSM_OK && (code == DSSM_OK || steps))
        closed = output_commit(out, &ending);
    else {
        end_if_unread(output_file(out));
        output_abort(out, closed ? &ending : NULL);
    }
    if (code == DSSM_OK && closed)
        *e = ending;
    return code ? code : closed;
}

static int run(const struct operands *operands, const char *command, struct error *e)
{
    blas_start();
    if (settings.random && (settings.noise || settings.position))
        return error_set(e, DSSM_USAGE, "--random: not together with --%s", settings.noise ? "noise" : "goal-position");
    struct model *m = model_load(operands->v[0], e);
    if (!m)
        return e->code;
    struct policy *p = NULL;
    struct goals goals = {0};
    if (model_goes_on(m, e))
        error_prefix(e, "%s", input_name(operands->v[0]));
    else if ((p = policy_load(operands->v[1], m, e)) && read_goals(&goals, m, p, e) == DSSM_OK)
        run_on(m, p, &goals, operands, command, e);
    free(goals.goal);
    policy_free(p);
    model_free(m);
    return e->code;
}

int main(int argc, char **argv)
{
    return program_main(&program, argc, argv, run);
}
