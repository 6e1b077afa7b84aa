#include "colour/detail_keep.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Means over windows of (2 radius + 1)^2 pixels, cut at the border: by sums along rows, then columns. */
static void box(int n, int radius, const float *x, float *out, float *rows)
{
    for (int y = 0; y < n; y++)
        for (int i = 0; i < n; i++) {
            int from = i > radius ? i - radius : 0, to = i + radius < n ? i + radius : n - 1;
            float sum = 0;
            for (int j = from; j <= to; j++) sum += x[y * n + j]; /* NOLINT(clang-analyzer-core*) */
            rows[y * n + i] = sum / (float)(to - from + 1);
        }
    for (int y = 0; y < n; y++) {
        int from = y > radius ? y - radius : 0, to = y + radius < n ? y + radius : n - 1;
        for (int i = 0; i < n; i++) {
            float sum = 0;
            for (int j = from; j <= to; j++) sum += rows[j * n + i];
            out[y * n + i] = sum / (float)(to - from + 1);
        }
    }
}

/* Guided filter of one channel in place; `work` holds 7 planes. */
static void guided(int n, int radius, float eps, const float *guide, float *x, float *work)
{
    int pixels = n * n;
    float *rows = work, *product = work + pixels, *mean_g = work + 2 * pixels, *mean_x = work + 3 * pixels;
    float *a = work + 4 * pixels, *b = work + 5 * pixels, *square = work + 6 * pixels;
    box(n, radius, guide, mean_g, rows);
    box(n, radius, x, mean_x, rows);
    for (int i = 0; i < pixels; i++) product[i] = guide[i] * x[i];
    box(n, radius, product, a, rows);
    for (int i = 0; i < pixels; i++) product[i] = guide[i] * guide[i];
    box(n, radius, product, square, rows);
    for (int i = 0; i < pixels; i++) {
        a[i] = (a[i] - mean_g[i] * mean_x[i]) / (square[i] - mean_g[i] * mean_g[i] + eps);
        b[i] = mean_x[i] - a[i] * mean_g[i];
    }
    box(n, radius, a, mean_g, rows);
    box(n, radius, b, mean_x, rows);
    for (int i = 0; i < pixels; i++) x[i] = mean_g[i] * guide[i] + mean_x[i];
}

/* Bilinear value of a plane [n, n] at the middle of pixel (x, y) of an image width x height. */
static float sample(int n, const float *plane, int width, int height, int x, int y)
{
    float fx = ((float)x + 0.5f) * (float)n / (float)width - 0.5f,
          fy = ((float)y + 0.5f) * (float)n / (float)height - 0.5f;
    fx = fx < 0 ? 0 : fx > (float)(n - 1) ? (float)(n - 1) : fx;
    fy = fy < 0 ? 0 : fy > (float)(n - 1) ? (float)(n - 1) : fy;
    int x0 = (int)fx, y0 = (int)fy, x1 = x0 + 1 < n ? x0 + 1 : x0, y1 = y0 + 1 < n ? y0 + 1 : y0;
    float u = fx - (float)x0, v = fy - (float)y0;
    return (plane[y0 * n + x0] * (1 - u) + plane[y0 * n + x1] * u) * (1 - v) +
           (plane[y1 * n + x0] * (1 - u) + plane[y1 * n + x1] * u) * v;
}

static float luminance(const float *rgb)
{
    return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

dc3_status dc3_detail_keep(int small, const float *input, const float *reconstruction, const float *edit,
                           int width, int height, const float *original, float *out)
{
    const float eps = 0.004f;
    int pixels = small * small, radius = small * 4 / 64 > 1 ? small * 4 / 64 : 1;
    float *memory = malloc((size_t)pixels * 11 * sizeof *memory);
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    float *guide = memory, *y = guide + pixels, *cb = y + pixels, *cr = cb + pixels, *work = cr + pixels;
    for (int i = 0; i < pixels; i++) {
        float change[3];
        for (int c = 0; c < 3; c++) change[c] = edit[3 * i + c] - reconstruction[3 * i + c];
        guide[i] = luminance(input + 3 * i);
        y[i] = luminance(change);
        cb[i] = (change[2] - y[i]) * 0.564334f;
        cr[i] = (change[0] - y[i]) * 0.713267f;
    }
    guided(small, radius, eps, guide, y, work);
    guided(small, radius, eps, guide, cb, work);
    guided(small, radius, eps, guide, cr, work);
    for (int py = 0; py < height; py++)
        for (int px = 0; px < width; px++) {
            float dy = sample(small, y, width, height, px, py), db = sample(small, cb, width, height, px, py);
            float dr = sample(small, cr, width, height, px, py), *to = out + ((int64_t)py * width + px) * 3;
            const float *from = original + ((int64_t)py * width + px) * 3;
            float change[3] = {dy + 1.402f * dr, dy - 0.344136f * db - 0.714136f * dr, dy + 1.772f * db};
            for (int c = 0; c < 3; c++) {
                float v = from[c] + change[c];
                to[c] = v < 0 ? 0 : v > 1 ? 1 : v;
            }
        }
    free(memory);
    return DC3_OK;
}
