/* How the reacher looks from above: its shapes and colours in each style. */
#include "sim/reacher.h"
#include "sim/sim.h"

#include <math.h>

/* A shape's radius in metres and its colour. */
struct part {
    double radius;
    struct colour colour;
};

struct look {
    double span; /* half of the frame's side, metres */
    struct colour background;
    struct part target, upper, root, fore, tip;
};

/* Colours of plain and thin: Okabe and Ito's, which colour-blind readers tell apart too. The suite's: its materials, unlit. */
static const struct look looks[] = {
    [STYLE_PLAIN] = {0.27,
                     {24, 32, 48},
                     .target = {0.03, {204, 121, 167}},
                     .upper = {0.022, {230, 159, 0}},
                     .root = {0.022, {160, 160, 160}},
                     .fore = {0.018, {86, 180, 233}},
                     .tip = {0.028, {240, 228, 66}}},
    [STYLE_THIN] = {0.27,
                    {24, 32, 48},
                    .target = {0.03, {204, 121, 167}},
                    .upper = {0.010, {230, 159, 0}},
                    .root = {0.011, {160, 160, 160}},
                    .fore = {0.010, {86, 180, 233}},
                    .tip = {0.010, {240, 228, 66}}},
    [STYLE_SUITE] = {0.311,
                     {26, 51, 77},
                     .target = {0.05, {153, 77, 77}},
                     .upper = {0.010, {179, 128, 77}},
                     .root = {0.011, {77, 128, 179}},
                     .fore = {0.010, {179, 128, 77}},
                     .tip = {0.010, {179, 102, 51}}},
};

/* The suite's floor: a chequer whose squares meet in the middle, and walls at ±0.3 m. */
static void draw_suite_floor(const struct canvas *c, double scale)
{
    const struct colour light = {51, 77, 102}, wall = {77, 128, 179};
    double middle = 0.5 * c->width, inner = 0.3 * scale, side = c->width;
    canvas_rectangle(c, middle, 0, side, middle, light);
    canvas_rectangle(c, 0, middle, middle, side, light);
    canvas_rectangle(c, 0, 0, side, middle - inner, wall);
    canvas_rectangle(c, 0, middle + inner, side, side, wall);
    canvas_rectangle(c, 0, 0, middle - inner, side, wall);
    canvas_rectangle(c, middle + inner, 0, side, side, wall);
}

/* From metres, y up, the shoulder in the middle, to pixels, y down. */
static void to_pixels(double side, double scale, double x, double y, double at[2])
{
    at[0] = 0.5 * side + scale * x;
    at[1] = 0.5 * side - scale * y;
}

void reacher_draw(const struct reacher *r, const double *s, const double *target, double *image)
{
    const struct look *look = &looks[r->style];
    const struct canvas c = {r->size, r->size, r->edge, image};
    double scale = r->size / (2 * look->span), shoulder[2], wrist[2], tip[2], goal[2];
    double x = reacher_upper_length * cos(s[0]), y = reacher_upper_length * sin(s[0]);
    to_pixels(r->size, scale, 0, 0, shoulder);
    to_pixels(r->size, scale, x, y, wrist);
    to_pixels(r->size, scale, x + reacher_tip_at * cos(s[0] + s[1]), y + reacher_tip_at * sin(s[0] + s[1]), tip);
    canvas_fill(&c, look->background);
    if (r->style == STYLE_SUITE)
        draw_suite_floor(&c, scale);
    if (target) {
        to_pixels(r->size, scale, target[0], target[1], goal);
        canvas_disc(&c, goal, scale * look->target.radius, look->target.colour);
    }
    canvas_capsule(&c, shoulder, wrist, scale * look->upper.radius, look->upper.colour);
    canvas_disc(&c, shoulder, scale * look->root.radius, look->root.colour);
    canvas_capsule(&c, wrist, tip, scale * look->fore.radius, look->fore.colour);
    canvas_disc(&c, tip, scale * look->tip.radius, look->tip.colour);
}
