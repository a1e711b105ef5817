/* Sequences of a data set whose observations stay in the file: what those in memory are, to the byte; a file that changes is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include "stored.h"

/* x, u and mask agree in type, shape and bytes. */
static void assert_same_record(const struct record *a, const struct record *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->n, b->n);
    for (int k = 0; k < a->n; k++) {
        const struct array *x = &a->field[k].array, *y = record_get(b, a->field[k].name);
        assert_non_null(y);
        assert_true(x->type == y->type && x->dims == y->dims && memcmp(x->shape, y->shape, sizeof *x->shape * (size_t)x->dims) == 0);
        assert_memory_equal(x->data, y->data, array_bytes(x));
    }
}

static void both_places_are_one_data_set(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct stored s = stored_open(kind);
        const struct dataset *a = &s.memory, *b = &s.file;
        assert_true(!a->backing && b->backing);
        assert_true(a->n == STORED && b->n == STORED && a->dx == b->dx && a->du == b->du && a->longest == b->longest);
        assert_int_equal(a->hash, b->hash);
        double seen = 0;
        for (int i = 0; i < STORED; i++) {
            struct record r;
            stored_record(&r, i, kind);
            seen += (double)record_seen(&r);
            record_clear(&r);
            assert_non_null(record_get(&a->record[i], "x")->data);
            assert_null(record_get(&b->record[i], "x")->data);
            assert_null(record_get(&a->record[i], "other")); /* what nobody asks for takes no memory */
        }
        assert_true(a->observed == seen && b->observed == seen);
        stored_close(&s);
    }
}

/* Any steps of any sequence: those of the record that was written. */
static void parts_are_those_of_the_whole(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct stored s = stored_open(kind);
        struct error e;
        for (int i = STORED - 1; i >= 0; i--) {
            struct record written, mine, theirs;
            stored_record(&written, i, kind);
            for (size_t first = 0; first < record_steps(&written); first++)
                for (size_t steps = 1; steps <= STORED_LONGEST; steps++) {
                    size_t left = record_steps(&written) - first, kept = steps < left ? steps : left;
                    assert_int_equal(dataset_piece(&s.memory, i, first, steps, &mine, &e), DSSM_OK);
                    assert_int_equal(dataset_piece(&s.file, i, first, steps, &theirs, &e), DSSM_OK);
                    assert_same_record(&mine, &theirs);
                    assert_int_equal(mine.n, record_get(&written, "mask") ? 3 : 2);
                    for (int k = 0; k < mine.n; k++) {
                        struct array part = array_steps(record_get(&written, mine.field[k].name), first, kept);
                        assert_int_equal(mine.field[k].array.shape[0], kept);
                        assert_memory_equal(part.data, mine.field[k].array.data, array_bytes(&part));
                        free(part.data);
                    }
                    dataset_pieces_free(&s.memory, &mine, 1);
                    dataset_pieces_free(&s.file, &theirs, 1);
                }
            record_clear(&written);
        }
        stored_close(&s);
    }
}

static void many_at_once(void **state)
{
    (void)state;
    struct stored s = stored_open(0);
    struct error e;
    struct record mine[STORED], theirs[STORED];
    dataset_expect(&s.file, (const int[]){3, 1, 69}, 3);
    dataset_expect(&s.memory, (const int[]){3, 1, 69}, 3);
    assert_int_equal(dataset_pieces(&s.memory, 10, 60, mine, &e), DSSM_OK);
    assert_int_equal(dataset_pieces(&s.file, 10, 60, theirs, &e), DSSM_OK);
    for (int i = 0; i < 60; i++) {
        assert_string_equal(mine[i].id, s.memory.record[10 + i].id);
        assert_same_record(&mine[i], &theirs[i]);
    }
    dataset_pieces_free(&s.memory, mine, 60);
    dataset_pieces_free(&s.file, theirs, 60);
    stored_close(&s);
}

/* Expects all sequences but the one to be read, and that one not. */
static void only_that_fails(const struct stored *s, int bad, int code, const char *text)
{
    struct error e;
    char place[128], expected[256];
    snprintf(place, sizeof place, "%s: record %d: field x", s->path, bad + 1);
    snprintf(expected, sizeof expected, "%s: %s", place, text);
    for (int i = 0; i < STORED; i++) {
        struct record r;
        memset(&e, 0x55, sizeof e); /* what an error holds before says nothing */
        int got = dataset_piece(&s->file, i, 0, 99, &r, &e);
        if (i < bad)
            assert_int_equal(got, DSSM_OK);
        if (i == bad) {
            assert_int_equal(got, code);
            assert_int_equal(e.code, code);
            assert_string_equal(e.text, expected);
        }
        if (got == DSSM_OK)
            dataset_pieces_free(&s->file, &r, 1);
    }
    struct record all[STORED];
    assert_int_equal(dataset_pieces(&s->file, 0, STORED, all, &e), code);
    assert_string_equal(e.text, expected);
}

static void a_file_that_changes_is_refused(void **state)
{
    (void)state;
    struct stored s = stored_open(0);
    struct error e;
    struct record r;
    stored_change(&s, 41);
    only_that_fails(&s, 41, DSSM_BAD_INPUT, "the file has changed since it was first read");
    assert_int_equal(dataset_piece(&s.file, 41, 1, 1, &r, &e), DSSM_BAD_INPUT); /* steps that did not change, but nobody can tell */
    assert_int_equal(dataset_piece(&s.memory, 41, 0, 1, &r, &e), DSSM_OK);
    dataset_pieces_free(&s.memory, &r, 1);
    stored_change(&s, 41); /* as it was */
    assert_int_equal(dataset_piece(&s.file, 41, 0, 99, &r, &e), DSSM_OK);
    dataset_pieces_free(&s.file, &r, 1);
    stored_close(&s);
}

static void a_file_that_shrinks_is_refused(void **state)
{
    (void)state;
    struct stored s = stored_open(1);
    assert_int_equal(truncate(s.path, stored_place(&s, 20) + 3), 0);
    only_that_fails(&s, 20, DSSM_CUT_SHORT, "the file ends inside it: it was shortened since it was first read");
    stored_close(&s);
}

/* What does not touch the sequences is no harm: another file under the name, and more bytes behind. */
static void what_was_read_first_counts(void **state)
{
    (void)state;
    struct stored s = stored_open(1);
    struct error e;
    struct record all[STORED];
    FILE *f = fopen(s.path, "a");
    fputs("more", f);
    fclose(f);
    unlink(s.path);
    assert_int_equal(dataset_pieces(&s.file, 0, STORED, all, &e), DSSM_OK);
    dataset_pieces_free(&s.file, all, STORED);
    stored_close(&s);
}

/* 24 sequences of 4 MiB each at a name of its own. Caller frees it. */
static char *large_stream(void)
{
    char *path = xstrdup("/tmp/large-XXXXXX");
    FILE *f = fdopen(mkstemp(path), "w");
    struct error e;
    json_t *header = header_new();
    struct writer *w = writer_open(f, header, false, &e);
    for (int i = 0; i < 24; i++) {
        struct record r;
        record_init(&r);
        record_set_id(&r, (const char[]){(char)('a' + i), 0});
        record_put(&r, "x", array_new(DT_U1, 2, (const size_t[]){1024, 4096}));
        assert_int_equal(writer_put(w, &r, &e), DSSM_OK);
        record_clear(&r);
    }
    assert_int_equal(writer_close(w, &e), DSSM_OK);
    json_decref(header);
    fclose(f);
    return path;
}

/* Where x is with so much memory there, and whether the user is told so. */
static bool stays_in_file(const char *path, int place, size_t memory)
{
    struct rlimit before, now;
    struct dataset d;
    struct error e;
    getrlimit(RLIMIT_AS, &before);
    now = (struct rlimit){memory, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
    assert_int_equal(dataset_open(&d, path, place, &e), DSSM_OK);
    setrlimit(RLIMIT_AS, &before);
    bool stays = d.backing;
    char *remark = dataset_remark(&d, place);
    assert_true((remark != NULL) == (stays && place == DATA_AUTO));
    free(remark);
    dataset_free(&d);
    return stays;
}

/* A file that is larger than a quarter of the memory stays where it is, unless somebody said otherwise. */
static void large_data_stay_in_the_file(void **state)
{
    (void)state;
    if (getenv("DSSM_SANITIZED")) /* which take all the addresses that there are */
        skip();
    char *path = large_stream();
    struct stat about;
    stat(path, &about);
    size_t memory = 4 * (size_t)about.st_size;
    assert_true(stays_in_file(path, DATA_AUTO, memory - 4));
    assert_false(stays_in_file(path, DATA_AUTO, memory));
    assert_false(stays_in_file(path, DATA_MEMORY, memory - 4));
    assert_true(stays_in_file(path, DATA_FILE, memory));
    unlink(path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_places_are_one_data_set),
        cmocka_unit_test(parts_are_those_of_the_whole),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(a_file_that_changes_is_refused),
        cmocka_unit_test(a_file_that_shrinks_is_refused),
        cmocka_unit_test(what_was_read_first_counts),
        cmocka_unit_test(large_data_stay_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
