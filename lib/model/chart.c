/* Where the points on circles are, for coders: a picture's circle may have another radius in each pose, and begin elsewhere on the way
 * around. Between the coders' numbers b and the auxiliary variable a, of N pairs and the lines behind them, stands
 *     pair of a = e^ρ R(2 atan(τ/2)) pair of b,   line of a = line of b,   ρ, τ of each pair by a network from the lines,
 * and its inverse, so that nothing is lost and the coders may lay out poses as pictures lie apart. All noise that pictures bring is told
 * in the coders' numbers: their errors are independent there, and if only an independent noise of a could be told, that would decide
 * what a is. */
#include "model/parts.h"

struct chart chart_declare(struct params *p, int circles, int lines, uint64_t seed)
{
    struct chart c = {.circles = lines > 0 ? circles : 0, .lines = lines};
    if (c.circles == 0)
        return c;
    static const struct int_list hidden = {1, {16}};
    c.net = mlp_declare(p, "chart", lines, &hidden, 2 * circles, ACT_TANH, ACT_NONE, GROUP_PHI, seed);
    mlp_output_start(p, &c.net, 0, 2 * circles, 0, 0.01); /* no chart, nearly */
    return c;
}

/* The matrix e^ρ R(2 atan(τ/2)) of pair i (sign 1) or its inverse (−1): its first column. */
static void put_turn(struct tape *t, var *map, int i, double sign, var **column)
{
    var *radius = v_exp(t, scale(t, rows_of(t, map, 2 * i, 1), sign)), *half = scale(t, rows_of(t, map, 2 * i + 1, 1), 0.5 * sign);
    var *square = v_square(t, half), *factor = mul(t, radius, v_inverse(t, shift(t, square, 1)));
    column[0] = mul(t, shift(t, scale(t, square, -1), 1), factor);
    column[1] = mul(t, scale(t, half, 2), factor);
}

/* Pair i of b after the map (sign 1) or before it (−1). */
static void put_pair(struct tape *t, var *b, var *map, int i, double sign, var **out)
{
    var *x = rows_of(t, b, 2 * i, 1), *y = rows_of(t, b, 2 * i + 1, 1), *column[2];
    put_turn(t, map, i, sign, column);
    out[0] = sub(t, mul(t, column[0], x), mul(t, column[1], y));
    out[1] = add(t, mul(t, column[1], x), mul(t, column[0], y));
}

/* ρ and τ of the pairs, 2N×L, by points of either side. */
static var *map_at(struct tape *t, const struct chart *c, var *point)
{
    return mlp_apply(t, &c->net, rows_of(t, point, 2 * c->circles, c->lines));
}

static var *mapped(struct tape *t, const struct chart *c, var *b, double sign)
{
    if (c->circles == 0)
        return b;
    int pairs = 2 * c->circles;
    var **part = tape_alloc(t, sizeof(var *) * (size_t)(pairs + 1)), *map = map_at(t, c, b);
    for (int i = 0; i < c->circles; i++)
        put_pair(t, b, map, i, sign, part + 2 * i);
    part[pairs] = rows_of(t, b, pairs, c->lines);
    return stack_rows(t, pairs + 1, part);
}

var *chart_apply(struct tape *t, const struct chart *c, var *b)
{
    return mapped(t, c, b, 1);
}

var *chart_undo(struct tape *t, const struct chart *c, var *a)
{
    return mapped(t, c, a, -1);
}

/* ---- derivatives ---- */

/* Of ρ and τ by line j: the network's, in its direction. */
static var *map_slope(struct tape *t, const struct chart *c, var *point, int j)
{
    var *lines = rows_of(t, point, 2 * c->circles, c->lines), *along = filled(t, c->lines, point->lanes, 0);
    for (int l = 0; l < point->lanes; l++)
        along->v[(size_t)j * (size_t)along->ld + (size_t)l] = 1;
    return mlp_slope(t, &c->net, lines, along);
}

/* Entries of pair i's two rows, D×D: by the pair itself, and by the lines. */
static void put_slopes(struct tape *t, const struct chart *c, var *a, var *map, var *const *by_line, int i, var **entry)
{
    int pairs = 2 * c->circles, D = pairs + c->lines;
    var *x = rows_of(t, a, 2 * i, 1), *y = rows_of(t, a, 2 * i + 1, 1), *column[2];
    var *half = scale(t, rows_of(t, map, 2 * i + 1, 1), 0.5), *rate = v_inverse(t, shift(t, v_square(t, half), 1));
    var **first = entry + (2 * i) * D, **second = first + D;
    put_turn(t, map, i, 1, column);
    first[2 * i] = second[2 * i + 1] = column[0];
    first[2 * i + 1] = scale(t, column[1], -1);
    second[2 * i] = column[1];
    for (int j = 0; j < c->lines; j++) {
        var *wider = rows_of(t, by_line[j], 2 * i, 1), *turn = mul(t, rate, rows_of(t, by_line[j], 2 * i + 1, 1));
        first[pairs + j] = sub(t, mul(t, wider, x), mul(t, turn, y));
        second[pairs + j] = add(t, mul(t, wider, y), mul(t, turn, x));
    }
}

var *chart_slope(struct tape *t, const struct chart *c, var *a)
{
    int pairs = 2 * c->circles, D = pairs + c->lines;
    var **entry = tape_alloc(t, sizeof(var *) * (size_t)(D * D + c->lines)), **by_line = entry + D * D;
    var *none = filled(t, 1, a->lanes, 0), *one = filled(t, 1, a->lanes, 1), *map = map_at(t, c, a);
    for (int i = 0; i < D * D; i++)
        entry[i] = i % (D + 1) == 0 ? one : none;
    for (int j = 0; j < c->lines; j++)
        by_line[j] = map_slope(t, c, a, j);
    for (int i = 0; i < c->circles; i++)
        put_slopes(t, c, a, map, by_line, i, entry);
    return stack_rows(t, D * D, entry);
}
