/* The canvas: smooth shapes in colour, painted one over the other. The same numbers on every machine: only sums, products,
 * quotients and square roots, which IEEE 754 fixes, without fused multiply-add. */
#include "sim/sim.h"

#include <math.h>

void canvas_fill(const struct canvas *c, struct colour colour)
{
    double rgb[3] = {colour.r / 255.0, colour.g / 255.0, colour.b / 255.0};
    for (int i = 0; i < 3 * c->height * c->width; i++)
        c->pixel[i] = rgb[i % 3];
}

void canvas_rectangle(const struct canvas *c, double left, double top, double right, double bottom, struct colour colour)
{
    double rgb[3] = {colour.r / 255.0, colour.g / 255.0, colour.b / 255.0};
    for (int row = 0; row < c->height; row++)
        for (int column = 0; column < c->width; column++) {
            double x = column + 0.5, y = row + 0.5, *pixel = c->pixel + 3 * (row * c->width + column);
            for (int k = 0; k < 3 && x >= left && x < right && y >= top && y < bottom; k++)
                pixel[k] = rgb[k];
        }
}

/* The pixels from *first up to *end, not included, whose centres lie between low and high, of `size` that there are. */
static void pixels_between(double low, double high, int size, int *first, int *end)
{
    double from = fmin(fmax(floor(low - 0.5), 0), size), to = fmin(fmax(ceil(high + 0.5), 0), size);
    *first = (int)from;
    *end = (int)to;
}

void canvas_capsule(const struct canvas *c, const double from[2], const double to[2], double radius, struct colour colour)
{
    double rgb[3] = {colour.r / 255.0, colour.g / 255.0, colour.b / 255.0};
    double dx = to[0] - from[0], dy = to[1] - from[1], square = dx * dx + dy * dy, reach = radius + 0.5 * c->edge;
    int left, right, top, bottom;
    pixels_between(fmin(from[0], to[0]) - reach, fmax(from[0], to[0]) + reach, c->width, &left, &right);
    pixels_between(fmin(from[1], to[1]) - reach, fmax(from[1], to[1]) + reach, c->height, &top, &bottom);
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
            double x = column + 0.5 - from[0], y = row + 0.5 - from[1];
            double along = square > 0 ? fmin(fmax((x * dx + y * dy) / square, 0), 1) : 0; /* of the nearest point of the axis */
            double px = x - along * dx, py = y - along * dy;
            double distance = sqrt(px * px + py * py) - radius;
            double cover = fmin(fmax(0.5 - distance / c->edge, 0), 1), *pixel = c->pixel + 3 * (row * c->width + column);
            for (int k = 0; k < 3; k++)
                pixel[k] += cover * (rgb[k] - pixel[k]);
        }
}

void canvas_disc(const struct canvas *c, const double centre[2], double radius, struct colour colour)
{
    canvas_capsule(c, centre, centre, radius, colour);
}
