/* Pooling by windows: as the plain kernel, in the same order and so to the same bits, LANES channels at a
 * time. */
#include <math.h>
#include <string.h>
#include "kernels/vector/lanes.h"
#include "kernels/backend.h"
#include "kernels/vector/vector.h"

/* The part of a window that lies inside the map. */
typedef struct window {
    int64_t top, left, bottom, right;
} window;

static window window_of(const dc3_pool_shape *s, int64_t out)
{
    int64_t top = out / s->ow % s->oh * s->stride - s->pad, left = out % s->ow * s->stride - s->pad;
    int64_t bottom = top + s->kernel, right = left + s->kernel;
    return (window){top < 0 ? 0 : top, left < 0 ? 0 : left, bottom < s->h ? bottom : s->h,
                    right < s->w ? right : s->w};
}

DC3_INLINE void store(dc3_dtype type, char *y, vec_span m, vec value)
{
    if (type == DC3_F32)
        v_store_span(y, m, value);
    else
        v_store_bf16(y, m, value);
}

DC3_INLINE vec load(dc3_dtype type, const char *x, vec_span m)
{
    return type == DC3_F32 ? v_load_span(x, m) : v_load_bf16(x, m);
}

/* One output pixel. */
DC3_INLINE void pool_window(dc3_dtype type, int mean, const dc3_pool_shape *s, const char *x, int64_t pixel,
                            char *y)
{
    size_t width = type == DC3_F32 ? 4 : 2, c = (size_t)s->c;
    window o = window_of(s, pixel);
    vec share = v_set(1 / (float)((o.bottom - o.top) * (o.right - o.left)));
    const char *image = x + (size_t)(pixel / (s->oh * s->ow) * s->h * s->w) * c * width;
    for (size_t j = 0; j < c; j += LANES) {
        vec_span m = v_span((int64_t)(c - j));
        vec value = mean ? v_zero() : v_set(-INFINITY);
        for (int64_t iy = o.top; iy < o.bottom; iy++)
            for (int64_t ix = o.left; ix < o.right; ix++) {
                vec v = load(type, image + ((size_t)(iy * s->w + ix) * c + j) * width, m);
                value = mean ? v_add(value, v) : v_max(v, value); /* of NaN: value */
            }
        if (mean) value = v_mul(value, share);
        store(type, y + ((size_t)pixel * c + j) * width, m, value);
    }
}

void VECTOR(pool)(const dc3_pool_shape *s, const void *x, void *y)
{
#pragma omp parallel for
    for (int64_t pixel = 0; pixel < s->n * s->oh * s->ow; pixel++) {
        if (s->type == DC3_BF16 && s->mean)
            pool_window(DC3_BF16, 1, s, x, pixel, y);
        else if (s->type == DC3_BF16)
            pool_window(DC3_BF16, 0, s, x, pixel, y);
        else
            pool_window(DC3_F32, s->mean, s, x, pixel, y);
    }
}

/* Of the largest values of windows that stand side by side, without padding: the first place of the window
 * that has it takes what the output pixel gives, the others get zeros. */
DC3_INLINE void largest_gradient(dc3_dtype type, const dc3_pool_shape *s, const char *x, const char *y,
                                 const char *dy, int64_t pixel, char *dx)
{
    size_t width = type == DC3_F32 ? 4 : 2, c = (size_t)s->c;
    window o = window_of(s, pixel);
    size_t image = (size_t)(pixel / (s->oh * s->ow) * s->h * s->w);
    for (size_t j = 0; j < c; j += LANES) {
        vec_span m = v_span((int64_t)(c - j));
        size_t from = ((size_t)pixel * c + j) * width;
        vec most = load(type, y + from, m), left = load(type, dy + from, m);
        for (int64_t iy = o.top; iy < o.bottom; iy++)
            for (int64_t ix = o.left; ix < o.right; ix++) {
                size_t at = ((image + (size_t)(iy * s->w + ix)) * c + j) * width;
                vec v = load(type, x + at, m);
                store(type, dx + at, m, v_add(v_zero(), v_where(v_equal(v, most), left)));
                left = v_where(v_unequal(v, most), left);
            }
    }
}

/* Zeros where no window reaches: right of them and below. */
static void clear_rest(const dc3_pool_shape *s, int64_t image, char *dx)
{
    size_t pixel = (size_t)s->c * (s->type == DC3_F32 ? 4 : 2);
    int64_t right = s->ow * s->kernel, bottom = s->oh * s->kernel;
    for (int64_t y = 0; y < s->h; y++) {
        int64_t from = y < bottom ? right : 0;
        memset(dx + (size_t)((image * s->h + y) * s->w + from) * pixel, 0, (size_t)(s->w - from) * pixel);
    }
}

void VECTOR(pool_gradient)(const dc3_pool_shape *s, const void *x, const void *y, const void *dy, void *dx,
                           void *scratch)
{
    if (s->mean || s->pad || s->stride != s->kernel) {
        dc3_kernels_ref()->pool_gradient(s, x, y, dy, dx, scratch);
        return;
    }
#pragma omp parallel for
    for (int64_t image = 0; image < s->n; image++) {
        clear_rest(s, image, dx);
        for (int64_t p = image * s->oh * s->ow; p < (image + 1) * s->oh * s->ow; p++)
            if (s->type == DC3_BF16)
                largest_gradient(DC3_BF16, s, x, y, dy, p, dx);
            else
                largest_gradient(DC3_F32, s, x, y, dy, p, dx);
    }
}
