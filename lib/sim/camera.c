/* The camera: shapes on a black frame. */
#include "sim/sim.h"

#include <math.h>

void draw_blob(int height, int width, double column, double row, double deviation, double *image)
{
    double scale = -1 / (2 * deviation * deviation);
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            double dx = j - column, dy = i - row;
            image[i * width + j] = exp(scale * (dx * dx + dy * dy));
        }
}

void draw_disc(int height, int width, double column, double row, double radius, double *image)
{
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            double dx = j - column, dy = i - row;
            image[i * width + j] = dx * dx + dy * dy <= radius * radius;
        }
}

uint8_t pixel_byte(double v)
{
    if (!(v > 0)) /* NaN too */
        return 0;
    return v >= 1 ? 255 : (uint8_t)floor(255 * v + 0.5);
}
