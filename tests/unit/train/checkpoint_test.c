/* Checkpoints: of another run, of other data, broken, or not writable: each with its own text. That a resumed run equals an
 * uninterrupted one is in trainer_test.c. */
#include "spy.h"

static struct training with_checkpoint(void)
{
    struct training t = training_open("checkpoint");
    struct error e;
    t.s.updates = 12;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_OK);
    assert_int_equal(access(t.checkpoint, R_OK), 0);
    return t;
}

static void assert_refused(struct training *t, const char *reason)
{
    struct error e = {0};
    char text[400];
    assert_int_equal(training_run(t, true, false, &e), DSSM_BAD_INPUT);
    snprintf(text, sizeof text, "%s: %s", t->checkpoint, reason);
    assert_string_equal(e.text, text);
}

static void of_other_settings(void **state)
{
    (void)state;
    struct training t = with_checkpoint();
    json_object_set_new(t.provenance, "seed", json_integer(6));
    assert_refused(&t, "checkpoint is of another run: settings.seed is 5 there, 6 here");
    json_object_set_new(t.provenance, "seed", json_integer(5));
    json_object_set_new(t.provenance, "objective", json_string("elbo"));
    assert_refused(&t, "checkpoint is of another run: settings.objective is \"co\" there, \"elbo\" here");
    json_object_set_new(t.provenance, "objective", json_string("co"));
    json_object_set_new(t.provenance, "clip", json_integer(3));
    assert_refused(&t, "checkpoint is of another run: settings.clip is absent there, 3 here");
    training_close(&t);
}

static void of_other_data(void **state)
{
    (void)state;
    struct training t = with_checkpoint();
    t.d.hash = 17;
    assert_refused(&t, "checkpoint is of another run: data_crc32 is 2882400001 there, 17 here");
    training_close(&t);
}

/* Changes the archive in the file. */
static void rewrite(const char *path, void (*change)(struct archive *a))
{
    struct archive a;
    struct error e;
    FILE *f = fopen(path, "rb");
    assert_int_equal(archive_read(&a, f, path, 0, &e), DSSM_OK);
    fclose(f);
    change(&a);
    f = fopen(path, "wb");
    assert_int_equal(archive_write(&a, f, &e), DSSM_OK);
    fclose(f);
    archive_clear(&a);
}

static void a_model(struct archive *a)
{
    json_object_set_new(a->meta, "format", json_string("dssm-model"));
}
static void another_kind(struct archive *a)
{
    json_object_set_new(a->meta, "kind", json_string("dks"));
}
static void another_version(struct archive *a)
{
    json_object_set_new(a->meta, "version", json_integer(2));
}
/* Gives the tensor a name that is too short to be needed. */
static void lose(struct archive *a, const char *name)
{
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->tensor[i].name, name) == 0)
            strcpy(a->tensor[i].name, "lost");
}
static void without_numbers(struct archive *a)
{
    lose(a, "run.numbers");
}
static void too_many_starts(struct archive *a)
{
    array_set((struct array *)(uintptr_t)archive_get(a, "run.numbers"), 0, 7);
}
static void without_scores(struct archive *a)
{
    lose(a, "run.scores");
}
static void without_position(struct archive *a)
{
    lose(a, "now.numbers");
}
static void without_moment(struct archive *a)
{
    lose(a, "now.adam_v/log_R");
}

static const struct {
    void (*change)(struct archive *a);
    const char *reason;
} broken[] = {
    {a_model, "checkpoint is of another run: format is \"dssm-model\" there, \"dssm-checkpoint\" here"},
    {another_kind, "checkpoint is of another run: kind is \"dks\" there, \"ekvae\" here"},
    {another_version, "checkpoint is of another run: version is 2 there, 1 here"},
    {without_numbers, "checkpoint: tensor run.numbers: expected 13 numbers of type <f8"},
    {too_many_starts, "checkpoint: tensor run.numbers: expected 0 to 1 starts, got 7"},
    {without_scores, "checkpoint: tensor run.scores: expected 1 numbers of type <f8"},
    {without_position, "checkpoint: tensor now.numbers: expected 16 numbers of type <f8"},
    {without_moment, "tensor now.adam_v/log_R: expected shape [2,1], got nothing"},
};

static void broken_in_many_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct training t = with_checkpoint();
        rewrite(t.checkpoint, broken[i].change);
        assert_refused(&t, broken[i].reason);
        training_close(&t);
    }
}

static void no_archive_at_all(void **state)
{
    (void)state;
    struct training t = training_open("checkpoint");
    struct error e = {0};
    FILE *f = fopen(t.checkpoint, "wb");
    fputs("not a zip", f);
    fclose(f);
    assert_int_equal(training_run(&t, true, false, &e), DSSM_BAD_INPUT);
    assert_memory_equal(e.text, t.checkpoint, strlen(t.checkpoint));
    training_close(&t);
}

static void not_writable(void **state)
{
    (void)state;
    struct training t = training_open("checkpoint");
    struct error e = {0};
    snprintf(t.checkpoint, sizeof t.checkpoint, "/nonexistent/run.ck");
    assert_int_equal(training_run(&t, true, false, &e), DSSM_FAILURE);
    assert_non_null(strstr(e.text, "/nonexistent/run.ck"));
    training_close(&t);
}

/* Written only when asked for, at every checkpoint_every updates: after a crash (here: a divergence) the run goes on from the last. */
static void written_every_so_often(void **state)
{
    (void)state;
    struct training t = training_open("checkpoint");
    struct error e;
    t.s.updates = 100;
    spy.spoil = SPOIL_RATE, spy.from = 20, spy.to = 1 << 30;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_DIVERGED);
    spy.calls = 0, spy.spoil = SPOIL_NOTHING;
    assert_int_equal(training_run(&t, true, false, &e), DSSM_OK);
    assert_int_equal(spy.calls, 100 - 18); /* checkpoint_every is 6 */
    training_close(&t);
    t = training_open("checkpoint");
    assert_int_equal(training_run(&t, false, false, &e), DSSM_OK);
    assert_int_equal(access(t.checkpoint, F_OK), -1);
    training_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_other_settings), cmocka_unit_test(of_other_data), cmocka_unit_test(broken_in_many_ways),
        cmocka_unit_test(no_archive_at_all), cmocka_unit_test(not_writable),  cmocka_unit_test(written_every_so_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
