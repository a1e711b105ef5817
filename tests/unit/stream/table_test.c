/* Tables of text. */
#include "convert_sample.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct sink *csv_sink(FILE *f, const json_t *header, struct error *e)
{
    return sink_table(f, header, ',', e);
}

static struct source *csv(FILE *f, struct error *e)
{
    return source_table(f, "t", ',', DT_F8, e);
}

static struct source *tsv(FILE *f, struct error *e)
{
    return source_table(f, "t", '\t', DT_U1, e);
}

static void a_line_a_step(void **state)
{
    (void)state;
    struct bytes b = written_by(csv_sink, 2);
    assert_string_equal(
        b.p, "id,step,x.0,x.1,x.2,u\na,1,0,0.5,1,0\na,2,1.5,2,2.5,0\n\"b,\"\"c\"\"\",1,0,0.5,1,0\n\"b,\"\"c\"\"\",2,1.5,2,2.5,0\n");
    assert_string_equal(short_of(b.p, csv), "a:x=0,0.5,1,1.5,2,2.5 u=0,0 | b,\"c\":x=0,0.5,1,1.5,2,2.5 u=0,0");
    free(b.p);
}

static void without_id_all_is_one_sequence(void **state)
{
    (void)state;
    assert_string_equal(short_of("u,s.0\r\n1,2\r\n\r\n3,\r\n", csv), "0:u=1,3 s=2,nan");
    assert_string_equal(short_of("mask\tx\n1\t2\n0\t255\n", tsv), "0:mask=1,0 x=2,255");
    assert_string_equal(short_of("x\n", csv), "");
}

/* What other programs write: a byte order mark, spaces after the commas. */
static void marks_and_spaces_are_no_part_of_names(void **state)
{
    (void)state;
    assert_string_equal(short_of("\xef\xbb\xbfid,x\na,1\nb,2\n", csv), "a:x=1 | b:x=2");
    assert_string_equal(short_of("\xef\xbb\xbf\"id\",x\na,1\n", csv), "a:x=1");
    assert_string_equal(short_of("\xef\xbb\xbf\n", csv), "t: empty");
    assert_string_equal(short_of("id, step , x.0,x.1 ,u\na,1, 2,3 , \na,2, NA,5,6\n", csv), "a:x=2,3,nan,5 u=nan,6");
}

static void steps_count_up_by_one(void **state)
{
    (void)state;
    assert_string_equal(short_of("id,step,x\na,0,1\na,1,2\nb,7,3\nb,8,\n", csv), "a:x=1,2 | b:x=3,nan");
    assert_string_equal(short_of("step,x\n-1,1\n0.0,2\n1,3\n", csv), "0:x=1,2,3");
    assert_string_equal(short_of("step,x\n1,1\n2,2\n4,4\n3,3\n", csv),
                        "t: line 4: sequence 0: column step: expected 3, got 4 (a step that was not observed is a row with empty x)");
    assert_string_equal(short_of("id,step,x\na,1,1\na,1,2\n", csv), "t: line 3: sequence a: column step: expected 2, got 1");
    assert_string_equal(short_of("id,step,x\na,2,1\na,1,2\n", csv), "t: line 3: sequence a: column step: expected 3, got 1");
    assert_string_equal(short_of("step,x\n0.5,1\n", csv), "t: line 2: sequence 0: column step: expected a whole number, got 0.5");
    assert_string_equal(short_of("step,x\none,1\n", csv), "t: line 2: sequence 0: column step: expected a whole number, got one");
    assert_string_equal(short_of("step,x\n,1\n", csv), "t: line 2: sequence 0: column step: expected a whole number, got an empty cell");
}

static void rows_of_a_sequence_stand_together(void **state)
{
    (void)state;
    assert_string_equal(short_of("id,x\na,1\nb,2\na,3\n", csv), "t: line 4: sequence a: its rows do not stand together");
    assert_string_equal(short_of("x,id\n1,a\n2,b\n3,b\n4,a\n", csv), "t: line 5: sequence a: its rows do not stand together");
}

static void what_is_no_table_is_refused(void **state)
{
    (void)state;
    assert_string_equal(short_of("x\n1\ntwo\n", csv), "t: line 3: column 1: expected a number, got two");
    assert_string_equal(short_of("x,u\n1\n", csv), "t: line 2: expected 2 columns, got 1");
    assert_string_equal(short_of("x.1\n1\n", csv), "t: line 1: column 1: x.1: expected NAME, or NAME.0, NAME.1, … side by side");
    assert_string_equal(short_of("x.0,x.2\n1,2\n", csv), "t: line 1: column 2: x.2: expected NAME, or NAME.0, NAME.1, … side by side");
    assert_string_equal(short_of("x.0,u,x.0\n1,2,3\n", csv), "t: line 1: field x: its columns do not stand side by side");
    assert_string_equal(short_of("x\n\"1\n", csv), "t: line 2: column 1: a quoted cell that does not end");
    assert_string_equal(short_of("x\n256\n", tsv), "t: sequence 0: step 1: field x: 256 is no |u1");
    assert_string_equal(short_of("id,step\n1,1\n", csv), "t: line 1: no column of numbers");
    assert_string_equal(short_of("id,x\n\xff,1\n", csv), "t: line 2: no UTF-8 text");
    assert_string_equal(short_of("\n", csv), "t: empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_a_step),
        cmocka_unit_test(without_id_all_is_one_sequence),
        cmocka_unit_test(marks_and_spaces_are_no_part_of_names),
        cmocka_unit_test(steps_count_up_by_one),
        cmocka_unit_test(rows_of_a_sequence_stand_together),
        cmocka_unit_test(what_is_no_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
