/* Pooling and its gradients: windows, whole maps, adaptive windows. In f32; of whole maps in double. */
#include <math.h>
#include <omp.h>
#include "kernels/ref/element.h"
#include "kernels/ref/ref.h"

enum { BLOCK = 64 }; /* channels that are summed at once */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The part of a window that lies inside the map. */
typedef struct window {
    int64_t top, left, bottom, right;
} window;

/* Of output pixel `out` of a map. */
static window window_of(const dc3_pool_shape *s, int64_t out)
{
    int64_t top = out / s->ow % s->oh * s->stride - s->pad, left = out % s->ow * s->stride - s->pad;
    return (window){top < 0 ? 0 : top, left < 0 ? 0 : left, least(top + s->kernel, s->h),
                    least(left + s->kernel, s->w)};
}

static float share_of(window o)
{
    return 1 / (float)((o.bottom - o.top) * (o.right - o.left));
}

/* One output pixel: the largest or the mean value of the window, for every channel. */
static void pool_window(const dc3_pool_shape *s, const void *x, int64_t pixel, void *y)
{
    int64_t image = pixel / (s->oh * s->ow), c = s->c;
    window o = window_of(s, pixel);
    for (int64_t first = 0; first < c; first += BLOCK) {
        int64_t count = least(c - first, BLOCK);
        float value[BLOCK], scale = s->mean ? share_of(o) : 1;
        for (int64_t j = 0; j < count; j++) value[j] = s->mean ? 0 : -INFINITY;
        for (int64_t iy = o.top; iy < o.bottom; iy++)
            for (int64_t ix = o.left; ix < o.right; ix++) {
                int64_t at = ((image * s->h + iy) * s->w + ix) * c + first;
                for (int64_t j = 0; j < count; j++) {
                    float v = load(x, s->type, at + j);
                    value[j] = s->mean ? value[j] + v : v > value[j] ? v : value[j];
                }
            }
        for (int64_t j = 0; j < count; j++) store(y, s->type, pixel * c + first + j, value[j] * scale);
    }
}

void dc3_ref_pool(const dc3_pool_shape *s, const void *x, void *y)
{
#pragma omp parallel for
    for (int64_t pixel = 0; pixel < s->n * s->oh * s->ow; pixel++) pool_window(s, x, pixel, y);
}

size_t dc3_ref_pool_gradient_scratch(const dc3_pool_shape *s, int threads)
{
    return (size_t)(threads * s->h * s->w * BLOCK) * sizeof(float);
}

/* The first place of the window with the largest value wins (PyTorch's choice), so each output pixel gives
 * its gradient to one place, or to all evenly. One image and block of channels at a time: no two threads
 * write to the same place. */
static void pool_image_gradient(const dc3_pool_shape *s, const void *x, const void *y, const void *dy,
                                int64_t image, int64_t first, int64_t count, float *sums, void *dx)
{
    int64_t h = s->h, w = s->w, c = s->c;
    for (int64_t i = 0; i < h * w * count; i++) sums[i] = 0;
    for (int64_t out = 0; out < s->oh * s->ow; out++) {
        window o = window_of(s, out);
        float scale = share_of(o);
        for (int64_t j = 0; j < count; j++) {
            int64_t at = (image * s->oh * s->ow + out) * c + first + j;
            float g = load(dy, s->type, at), most = s->mean ? 0 : load(y, s->type, at);
            int given = 0;
            for (int64_t iy = o.top; iy < o.bottom && !given; iy++)
                for (int64_t ix = o.left; ix < o.right && !given; ix++) {
                    float *sum = &sums[(iy * w + ix) * count + j];
                    if (s->mean)
                        *sum += g * scale;
                    else if (load(x, s->type, ((image * h + iy) * w + ix) * c + first + j) == most)
                        *sum += g, given = 1;
                }
        }
    }
    for (int64_t p = 0; p < h * w; p++)
        for (int64_t j = 0; j < count; j++)
            store(dx, s->type, (image * h * w + p) * c + first + j, sums[p * count + j]);
}

void dc3_ref_pool_gradient(const dc3_pool_shape *s, const void *x, const void *y, const void *dy, void *dx,
                           void *scratch)
{
    int64_t blocks = (s->c + BLOCK - 1) / BLOCK;
#pragma omp parallel for
    for (int64_t i = 0; i < s->n * blocks; i++) {
        int64_t first = i % blocks * BLOCK;
        pool_image_gradient(s, x, y, dy, i / blocks, first, least(s->c - first, BLOCK),
                            (float *)scratch + omp_get_thread_num() * s->h * s->w * BLOCK, dx);
    }
}

void dc3_ref_global_pool(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x, void *y)
{
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < n; i++)
        for (int64_t first = 0; first < c; first += BLOCK) {
            int64_t count = least(c - first, BLOCK);
            double sum[BLOCK] = {0};
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t j = 0; j < count; j++) sum[j] += load(x, type, (i * pixels + p) * c + first + j);
            for (int64_t j = 0; j < count; j++)
                store(y, type, i * c + first + j, (float)(sum[j] / (double)pixels));
        }
}

void dc3_ref_global_pool_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *dy,
                                  void *dx)
{
    float share = 1 / (float)pixels;
#pragma omp parallel for
    for (int64_t p = 0; p < n * pixels; p++)
        for (int64_t j = 0; j < c; j++)
            store(dx, type, p * c + j, load(dy, type, p / pixels * c + j) * share);
}

static window adaptive_window(int64_t h, int64_t w, int64_t size, int64_t row, int64_t column)
{
    return (window){row * h / size, column * w / size, ((row + 1) * h + size - 1) / size,
                    ((column + 1) * w + size - 1) / size};
}

void dc3_ref_adaptive_pool(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size,
                           const void *x, void *y)
{
#pragma omp parallel for
    for (int64_t out = 0; out < n * size * size; out++) {
        window o = adaptive_window(h, w, size, out / size % size, out % size);
        int64_t image = out / (size * size);
        float share = share_of(o);
        for (int64_t j = 0; j < c; j++) {
            float sum = 0;
            for (int64_t row = o.top; row < o.bottom; row++)
                for (int64_t column = o.left; column < o.right; column++)
                    sum += load(x, type, ((image * h + row) * w + column) * c + j);
            store(y, type, out * c + j, sum * share);
        }
    }
}

/* The windows that hold a pixel are few and found by looking at all. */
void dc3_ref_adaptive_pool_gradient(dc3_dtype type, int64_t n, int64_t h, int64_t w, int64_t c, int64_t size,
                                    const void *dy, void *dx)
{
#pragma omp parallel for
    for (int64_t pixel = 0; pixel < n * h * w; pixel++) {
        int64_t image = pixel / (h * w), row = pixel / w % h, column = pixel % w;
        for (int64_t j = 0; j < c; j++) {
            float sum = 0;
            for (int64_t out = 0; out < size * size; out++) {
                window o = adaptive_window(h, w, size, out / size, out % size);
                if (row < o.top || row >= o.bottom || column < o.left || column >= o.right) continue;
                sum += load(dy, type, (image * size * size + out) * c + j) /
                       (float)((o.bottom - o.top) * (o.right - o.left));
            }
            store(dx, type, pixel * c + j, sum);
        }
    }
}
