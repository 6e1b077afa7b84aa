#include "metrics/delta_e_2000.h"

#include <math.h>
#include "metrics/lab.h"

static const double pi = 3.14159265358979323846;

static double power7(double x)
{
    return x * x * x * x * x * x * x;
}

/* Hue angle in 0 to 2 pi; 0 of grey. */
static double hue(double a, double b)
{
    double h = atan2(b, a);
    return h < 0 ? h + 2 * pi : h;
}

static double degrees(double x)
{
    return x * pi / 180;
}

/* Difference and mean of two hue angles, the short way round; where one colour is grey (product of chromas
 * 0) the difference is 0 and the "mean" the sum. */
static void hues(double h1, double h2, double product, double *difference, double *mean)
{
    double d = h2 - h1, sum = h1 + h2;
    *difference = product == 0 ? 0 : d > pi ? d - 2 * pi : d < -pi ? d + 2 * pi : d;
    if (product == 0)
        *mean = sum;
    else if (fabs(d) <= pi)
        *mean = sum / 2;
    else
        *mean = sum < 2 * pi ? sum / 2 + pi : sum / 2 - pi;
}

double dc3_delta_e_2000(const double p[3], const double q[3])
{
    const double far = power7(25);
    double c7 = power7((hypot(p[1], p[2]) + hypot(q[1], q[2])) / 2), g = 0.5 * (1 - sqrt(c7 / (c7 + far)));
    double a1 = (1 + g) * p[1], a2 = (1 + g) * q[1], c1 = hypot(a1, p[2]), c2 = hypot(a2, q[2]), dh, h;
    hues(hue(a1, p[2]), hue(a2, q[2]), c1 * c2, &dh, &h);
    double dl = q[0] - p[0], dc = c2 - c1, dhue = 2 * sqrt(c1 * c2) * sin(dh / 2);
    double l = (p[0] + q[0]) / 2 - 50, c = (c1 + c2) / 2;
    double t = 1 - 0.17 * cos(h - degrees(30)) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + degrees(6)) -
               0.20 * cos(4 * h - degrees(63));
    double sl = 1 + 0.015 * l * l / sqrt(20 + l * l), sc = 1 + 0.045 * c, sh = 1 + 0.015 * c * t;
    double turn = (h - degrees(275)) / degrees(25), m7 = power7(c);
    double rt = -2 * sqrt(m7 / (m7 + far)) * sin(2 * degrees(30) * exp(-turn * turn));
    double x = dl / sl, y = dc / sc, z = dhue / sh;
    return sqrt(fmax(0, x * x + y * y + z * z + rt * y * z));
}

double dc3_mean_delta_e_2000(const uint8_t *a, const uint8_t *b, int64_t pixels)
{
    double sum = 0, p[3], q[3];
    enum { BLOCK = 256 };
    double first[3 * BLOCK], second[3 * BLOCK];
    for (int64_t at = 0; at < pixels; at += BLOCK) {
        int64_t count = pixels - at < BLOCK ? pixels - at : BLOCK;
        dc3_lab_of_srgb(a + 3 * at, count, first);
        dc3_lab_of_srgb(b + 3 * at, count, second);
        for (int64_t i = 0; i < count; i++) {
            for (int c = 0; c < 3; c++) p[c] = first[3 * i + c], q[c] = second[3 * i + c];
            sum += dc3_delta_e_2000(p, q);
        }
    }
    return sum / (double)pixels;
}
