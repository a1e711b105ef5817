/* Where the points on circles are, for coders: a picture's circle may have another radius in each pose, and begin elsewhere on the way
 * around. Between the coders' numbers b and the auxiliary variable a, of N pairs and the lines behind them, stands
 *     pair of a = e^ρ R(2 atan(τ/2)) pair of b,   line of a = line of b,   ρ, τ of each pair by a network from the lines,
 * and its inverse before the decoder, so that nothing is lost and the coders may lay out poses as pictures lie apart. */
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

/* Pair i of b after the map (sign 1) or before it (−1). */
static void put_pair(struct tape *t, var *b, var *map, int i, double sign, var **out)
{
    var *x = rows_of(t, b, 2 * i, 1), *y = rows_of(t, b, 2 * i + 1, 1);
    var *radius = v_exp(t, scale(t, rows_of(t, map, 2 * i, 1), sign)), *half = scale(t, rows_of(t, map, 2 * i + 1, 1), 0.5 * sign);
    var *square = v_square(t, half), *factor = mul(t, radius, v_inverse(t, shift(t, square, 1)));
    var *cosine = mul(t, shift(t, scale(t, square, -1), 1), factor), *sine = mul(t, scale(t, half, 2), factor);
    out[0] = sub(t, mul(t, cosine, x), mul(t, sine, y));
    out[1] = add(t, mul(t, sine, x), mul(t, cosine, y));
}

static var *mapped(struct tape *t, const struct chart *c, var *b, double sign)
{
    if (c->circles == 0)
        return b;
    int pairs = 2 * c->circles;
    var **part = tape_alloc(t, sizeof(var *) * (size_t)(pairs + 1)), *lines = rows_of(t, b, pairs, c->lines);
    var *map = mlp_apply(t, &c->net, lines);
    for (int i = 0; i < c->circles; i++)
        put_pair(t, b, map, i, sign, part + 2 * i);
    part[pairs] = lines;
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
