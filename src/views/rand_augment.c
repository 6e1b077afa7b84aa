#include "views/rand_augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

enum { LEVELS = 256 };

void dc3_draw_rand_augment(uint64_t seed, int64_t epoch, int64_t item, int count, int strength,
                           dc3_view_params *p)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_RAND_AUGMENT, (uint64_t)epoch << 32 ^ (uint64_t)item);
    p->strength = (int8_t)strength;
    for (int i = 0; i < DC3_VIEW_OPS; i++) p->ops[i] = DC3_RAND_IDENTITY;
    for (int i = 0; i < count && i < DC3_VIEW_OPS; i++) {
        int op = (int)dc3_rng_below(&rng, DC3_RAND_OPS), turned = (int)(dc3_rng_u32(&rng) >> 31);
        int has_sign = op >= DC3_RAND_SHEAR_X && op <= DC3_RAND_SHARPNESS;
        p->ops[i] = (int8_t)(has_sign && turned ? -op : op);
    }
}

/* ---- geometry ---- */

/* 16 bits behind the point, as Pillow's transformation counts. */
static int64_t fixed(double x)
{
    return (int64_t)floor(x * 65536 + 0.5);
}

/* to[y][x] = the pixel of `from` that (a x + b y + c, d x + e y + f) of middles (x + 1/2, y + 1/2) lies in.
 */
static void transform(const uint8_t *from, int size, const double m[6], uint8_t *to)
{
    const int64_t a = fixed(m[0]), b = fixed(m[1]), d = fixed(m[3]), e = fixed(m[4]);
    int64_t x0 = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), y0 = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
    for (int y = 0; y < size; y++, x0 += b, y0 += e) {
        int64_t xx = x0, yy = y0;
        for (int x = 0; x < size; x++, xx += a, yy += d, to += 3) {
            int64_t column = xx >> 16, row = yy >> 16;
            if (column < 0 || column >= size || row < 0 || row >= size)
                memset(to, 0, 3);
            else
                memcpy(to, from + (row * size + column) * 3, 3);
        }
    }
}

/* Pillow rounds a turn's sines to 15 digits. */
static double digits_15(double x)
{
    return rint(x * 1e15) / 1e15;
}

static void matrix_of(int op, double rate, int size, double m[6])
{
    static const double degree = 3.14159265358979323846 / 180;
    double middle = size / 2.0, angle = -30 * rate * degree;
    double c = digits_15(cos(angle)), s = digits_15(sin(angle));
    memcpy(m, (double[]){1, 0, 0, 0, 1, 0}, 6 * sizeof *m);
    if (op == DC3_RAND_SHEAR_X) m[1] = 0.3 * rate;
    if (op == DC3_RAND_SHEAR_Y) m[3] = 0.3 * rate;
    if (op == DC3_RAND_TRANSLATE_X) m[2] = -trunc(150.0 / 331 * size * rate);
    if (op == DC3_RAND_TRANSLATE_Y) m[5] = -trunc(150.0 / 331 * size * rate);
    if (op != DC3_RAND_ROTATE) return;
    m[0] = m[4] = c, m[1] = s, m[3] = -s;
    m[2] = middle - c * middle - s * middle;
    m[5] = middle + s * middle - c * middle;
}

static void move(uint8_t *image, int size, int op, double rate, uint8_t *scratch)
{
    double m[6];
    size_t bytes = (size_t)size * (size_t)size * 3;
    matrix_of(op, rate, size, m);
    transform(image, size, m, scratch);
    memcpy(image, scratch, bytes);
}

/* ---- blends ---- */

/* Pillow's grey: weights of ITU-R 601-2 in 16 bits. */
static int grey(const uint8_t *p)
{
    return (p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16;
}

/* from + factor (to - from), cut off as Pillow's blend does. */
static uint8_t blend(int from, int to, float factor)
{
    float value = (float)from + factor * (float)(to - from);
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
}

/* The mean grey, rounded. */
static int mean_grey(const uint8_t *image, size_t pixels)
{
    double sum = 0;
    for (size_t i = 0; i < pixels; i++) sum += grey(image + 3 * i);
    return (int)(sum / (double)pixels + 0.5);
}

/* 3 x 3 with weight 5 in the middle and 1 around it; the outermost pixels stay. */
static void smooth(const uint8_t *from, int size, uint8_t *to)
{
    size_t row = (size_t)size * 3;
    memcpy(to, from, row * (size_t)size);
    for (int y = 1; y < size - 1; y++)
        for (size_t i = 3; i < row - 3; i++) {
            const uint8_t *p = from + (size_t)y * row + i, *above = p - row, *below = p + row;
            int sum =
                above[-3] + above[0] + above[3] + p[-3] + 5 * p[0] + p[3] + below[-3] + below[0] + below[3];
            to[(size_t)y * row + i] = (uint8_t)((2 * sum + 13) / 26);
        }
}

static void enhance(uint8_t *image, int size, int op, double rate, uint8_t *scratch)
{
    size_t pixels = (size_t)size * (size_t)size;
    float factor = (float)(1 + 0.9 * rate);
    int mean = op == DC3_RAND_CONTRAST ? mean_grey(image, pixels) : 0;
    if (op == DC3_RAND_SHARPNESS) smooth(image, size, scratch);
    for (size_t i = 0; i < 3 * pixels; i++) {
        if (op == DC3_RAND_COLOR && i % 3 == 0) mean = grey(image + i);
        if (op == DC3_RAND_SHARPNESS) mean = scratch[i];
        image[i] = blend(mean, image[i], factor);
    }
}

/* ---- tables ---- */

/* From the darkest to black and from the brightest to white. */
static void stretch(const int *counts, uint8_t *table)
{
    int low = 0, high = LEVELS - 1;
    while (low < LEVELS && !counts[low]) low++;
    while (high >= 0 && !counts[high]) high--;
    double scale = high > low ? 255.0 / (high - low) : 1, offset = high > low ? -low * scale : 0;
    for (int i = 0; i < LEVELS; i++) {
        int value = (int)(i * scale + offset);
        table[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

/* Pillow's ImageOps.equalize. */
static void equalise(const int *counts, uint8_t *table)
{
    int sum = 0, last = 0, kinds = 0;
    for (int i = 0; i < LEVELS; i++) {
        sum += counts[i];
        if (counts[i]) last = counts[i], kinds++;
        table[i] = (uint8_t)i;
    }
    int step = (sum - last) / 255, n = step / 2;
    for (int i = 0; kinds > 1 && step && i < LEVELS; n += counts[i++]) {
        int value = n / step;
        table[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

static void by_table(uint8_t *image, int size, int op, double rate)
{
    uint8_t table[LEVELS];
    int n = size * size * 3, bits = 8 - (int)rint(4 * rate);
    double threshold = 255 * (1 - rate);
    for (int channel = 0; channel < 3; channel++) {
        int counts[LEVELS] = {0};
        for (int i = channel; i < n; i += 3) counts[image[i]]++;
        if (op == DC3_RAND_AUTOCONTRAST) stretch(counts, table);
        if (op == DC3_RAND_EQUALIZE) equalise(counts, table);
        for (int i = 0; i < LEVELS; i++) {
            if (op == DC3_RAND_POSTERIZE) table[i] = (uint8_t)(i & ~((1 << (8 - bits)) - 1));
            if (op == DC3_RAND_SOLARIZE) table[i] = (uint8_t)(i < threshold ? i : 255 - i);
        }
        for (int i = channel; i < n; i += 3) image[i] = table[image[i]];
    }
}

void dc3_rand_augment(uint8_t *image, int size, const dc3_view_params *p, uint8_t *scratch)
{
    for (int i = 0; i < DC3_VIEW_OPS; i++) {
        int op = abs(p->ops[i]);
        double rate = (double)p->strength / DC3_RAND_STRENGTH * (p->ops[i] < 0 ? -1 : 1);
        if (op >= DC3_RAND_SHEAR_X && op <= DC3_RAND_ROTATE) move(image, size, op, rate, scratch);
        if (op >= DC3_RAND_BRIGHTNESS && op <= DC3_RAND_SHARPNESS) enhance(image, size, op, rate, scratch);
        if (op >= DC3_RAND_POSTERIZE) by_table(image, size, op, rate);
    }
}
