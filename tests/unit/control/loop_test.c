/* The closed loop against a plant that plays a recorded stream (cat): beliefs and controls are those of filter and policy, and whatever the
 * plant does wrong is told, the steps before being written. */
#include "small.h"

#include <errno.h>
#include <sys/wait.h>

struct stage {
    struct small s;
    char plant[64];
    char *out;
    size_t size;
    FILE *f;
    struct loop *loop;
};

/* How a recorded plant differs from a good one. */
enum fault { GOOD, NO_END, WIDE, NAN_SEEN, NAN_MASKED, OTHER_ID, TWO_STEPS, NO_X, WRONG_CONTROL, SILENT };

static void record_plant(const char *path, enum fault fault, int steps)
{
    FILE *f = fopen(path, "wb");
    json_t *header = header_new();
    size_t width = fault == WIDE ? SMALL_DX + 1 : SMALL_DX, two = 2;
    header_field(header, fault == NO_X ? "y" : "x", DT_F4, 1, &width, NULL, NULL, NULL, NULL);
    header_field(header, "s", DT_F8, 1, &two, "true state", NULL, NULL, NULL);
    json_object_set_new(header, "control",
                        json_pack("{s:s, s:[i], s:s}", "dtype", "<f4", "shape", fault == WRONG_CONTROL ? 5 : SMALL_DU, "unit", "N m"));
    header_history(header, "plant", "plant", false, 0);
    struct writer *w = writer_open(f, header, false, NULL);
    for (int t = 0; t < steps; t++) {
        struct record r;
        size_t n = fault == TWO_STEPS && t == 2 ? 2 : 1;
        struct array x = array_new(DT_F4, 2, (const size_t[]){n, width}), s = array_new(DT_F8, 2, (const size_t[]){n, 2});
        record_init(&r);
        record_set_id(&r, fault == OTHER_ID && t == 3 ? "other" : "mine");
        for (size_t i = 0; i < width; i++)
            array_set(&x, i, 0.3 * sin(t + 2.0 * (double)i));
        array_set(&s, 0, t);
        if ((fault == NAN_SEEN || fault == NAN_MASKED) && t == 2)
            array_set(&x, 1, NAN);
        if (fault == NAN_MASKED && t == 2)
            record_put(&r, "mask", array_new(DT_U1, 1, &(size_t){1}));
        record_put(&r, fault == NO_X ? "y" : "x", x);
        record_put(&r, "s", s);
        assert_int_equal(writer_put(w, &r, NULL), DSSM_OK);
        record_clear(&r);
    }
    if (fault == NO_END || fault == SILENT)
        writer_abandon(w);
    else
        writer_close(w, NULL);
    fclose(f);
    json_decref(header);
}

static struct stage *stage_open(enum fault fault, int recorded, int steps)
{
    static struct stage g;
    g = (struct stage){.s = small_open("ekvae")};
    struct loop_settings how = {.steps = steps, .start_patience = 20, .patience = fault == SILENT ? 0.2 : 20, .seed = 1};
    snprintf(g.plant, sizeof g.plant, "/tmp/dssm-plant-%ld", (long)getpid());
    record_plant(g.plant, fault, recorded);
    g.f = open_memstream(&g.out, &g.size);
    g.loop = loop_new(g.s.m, g.s.p, &how, "policy-run", "policy-run …", g.f);
    signal(SIGPIPE, SIG_IGN);
    return &g;
}

static int play(struct stage *g, const char *tail, uint32_t number, struct error *e)
{
    char *line = xasprintf("cat %s; %s", g->plant, tail);
    int status = loop_episode(g->loop, small_shell(line), number, e);
    free(line);
    assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    return status;
}

/* Ends the stream and reads it back; returns the number of records. */
static int stage_close(struct stage *g, struct record *back, int most, json_t **header)
{
    struct error e;
    int n = 0;
    assert_int_equal(loop_close(g->loop, &e), DSSM_OK);
    fclose(g->f);
    FILE *f = g->size ? fmemopen(g->out, g->size, "r") : NULL;
    struct reader *r = f ? reader_open(f, "t", NULL, &e) : NULL;
    if (r && header)
        *header = header_copy(reader_header(r));
    for (; r && n < most; n++) {
        record_init(&back[n]);
        int got = reader_next(r, &back[n], &e);
        if (got < 0)
            fail_msg("%s", e.text);
        if (got == 0)
            break;
    }
    reader_close(r);
    if (f)
        fclose(f);
    free(g->out);
    unlink(g->plant);
    small_close(&g->s);
    return n;
}

/* z is what beliefs_infer says of the whole episode with its controls, and u what the policy says of z. */
static void beliefs_and_controls_fit(void **state)
{
    (void)state;
    struct stage *g = stage_open(NAN_MASKED, 6, 100); /* it ends by itself, after six */
    struct record back[3];
    struct error e;
    struct beliefs z;
    json_t *header = NULL;
    assert_int_equal(play(g, "true", 0, &e), DSSM_OK);
    assert_int_equal(play(g, "true", 1, &e), DSSM_OK);
    assert_true(loop_steps(g->loop) == 12);
    struct small s = small_open("ekvae");
    assert_int_equal(stage_close(g, back, 3, &header), 2);
    assert_string_equal(back[0].id, "episode-000000");
    assert_string_equal(back[1].id, "episode-000001");
    assert_int_equal(record_steps(&back[0]), 6);
    assert_true(array_get(record_get(&back[0], "mask"), 2) == 0 && array_get(record_get(&back[0], "mask"), 3) == 1);
    assert_true(array_get(record_get(&back[0], "s"), 10) == 5);
    beliefs_infer(s.m, back, 1, 0, INFER_FILTERED, NULL, s.pool, &z);
    const struct array *got = record_get(&back[0], "z"), *cov = record_get(&back[0], "z_cov"), *u = record_get(&back[0], "u");
    for (size_t i = 0; i < array_count(got); i++)
        assert_true(fabs(array_get(got, i) - array_get(&z.mean, i)) < 1e-4);
    for (size_t i = 0; i < array_count(cov); i++)
        assert_true(fabs(array_get(cov, i) - array_get(&z.cov, i)) < 1e-4);
    struct tape *t = tape_new();
    for (size_t step = 0; step < 6; step++) {
        real now[3];
        for (size_t i = 0; i < 3; i++)
            now[i] = (real)array_get(got, 3 * step + i);
        tape_begin(t, &s.p->params, NULL, 0);
        const var *out = policy_apply(t, s.p, 0, leaf(t, 3, 1, now), NULL, NULL);
        for (size_t i = 0; i < SMALL_DU; i++)
            assert_true(fabs(array_get(u, step * SMALL_DU + i) - (double)out->v[i]) < 1e-6);
    }
    tape_free(t);
    beliefs_free(&z);
    assert_null(json_object_get(header, "control"));
    assert_string_equal(json_string_value(json_object_get(header_get_field(header, "u"), "unit")), "N m");
    json_t *history = json_object_get(header, "history");
    assert_string_equal(json_string_value(json_object_get(json_array_get(history, 0), "program")), "plant");
    assert_string_equal(json_string_value(json_object_get(json_array_get(history, 1), "program")), "policy-run");
    json_decref(header);
    record_clear(&back[0]);
    record_clear(&back[1]);
    small_close(&s);
}

static void faults_are_told(void **state)
{
    (void)state;
    static const struct {
        enum fault fault;
        const char *tail;
        int status, written; /* steps that are there afterwards; -1: not even a stream */
        const char *text;
    } cases[] = {
        {NO_END, "exit 7", DSSM_CUT_SHORT, 5, "episode 4: plant: ended after record 5, before its trailer; it ended with status 7"},
        {NO_END, "kill -9 $$", DSSM_CUT_SHORT, 5, "it was ended by signal 9"},
        {GOOD, "exit 7", DSSM_FAILURE, 5, "episode 4: plant: it ended with status 7"},
        {SILENT, "sleep 100", DSSM_FAILURE, 5, "plant: nothing whole came for 0.2 s"},
        {WIDE, "true", DSSM_BAD_INPUT, 0, "episode 4: plant: record 1: field x: the model expects 4 numbers a step, got 5"},
        {NAN_SEEN, "true", DSSM_BAD_INPUT, 2, "plant: record 3: field x: expected finite numbers"},
        {OTHER_ID, "true", DSSM_BAD_INPUT, 3, "plant: record 4: id: expected \"mine\" as before, got \"other\""},
        {TWO_STEPS, "true", DSSM_BAD_INPUT, 2, "plant: record 3: field x: expected one step, got 2"},
        {NO_X, "true", DSSM_BAD_INPUT, -1, "plant: header: expected a field x, got none"},
        {WRONG_CONTROL, "true", DSSM_BAD_INPUT, -1, "header: control: the model has 2 controls, expected shape [2], got [5]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stage *g = stage_open(cases[i].fault, 5, 9);
        struct record back[2];
        struct error e;
        int status = play(g, cases[i].tail, 4, &e);
        if (status != cases[i].status || !strstr(e.text, cases[i].text))
            fail_msg("case %zu: status %d, \"%s\"", i, status, e.text);
        int n = stage_close(g, back, 2, NULL), steps = n > 0 ? (int)record_steps(&back[0]) : cases[i].written < 0 ? -1 : 0;
        assert_int_equal(steps, cases[i].written);
        if (n > 0)
            record_clear(&back[0]);
    }
}

/* More observations than were asked for, and a belief that is none. */
static void too_many_and_no_number(void **state)
{
    (void)state;
    struct record back[2];
    struct error e;
    struct stage *g = stage_open(GOOD, 5, 3);
    assert_int_equal(play(g, "true", 0, &e), DSSM_BAD_INPUT);
    assert_non_null(strstr(e.text, "an observation more than there were controls for"));
    assert_int_equal(stage_close(g, back, 2, NULL), 1);
    assert_int_equal(record_steps(&back[0]), 3);
    record_clear(&back[0]);
    g = stage_open(GOOD, 5, 9);
    fixture_param(g->s.m, "log_R")[0] = NAN;
    assert_int_equal(play(g, "true", 0, &e), DSSM_DIVERGED);
    assert_non_null(strstr(e.text, "step 1: the belief has numbers that are not finite"));
    assert_int_equal(stage_close(g, back, 2, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beliefs_and_controls_fit),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(too_many_and_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
