/* The random part of augmentation. */
#include <math.h>
#include "base/rng.h"
#include "views/augment.h"

static dc3_rng stream(uint64_t seed, dc3_rng_purpose purpose, int64_t epoch, int64_t item)
{
    return dc3_rng_make(seed, purpose, (uint64_t)epoch << 32 ^ (uint64_t)item);
}

static int coin(dc3_rng *rng)
{
    return (int)(dc3_rng_u32(rng) >> 31);
}

/* Uniform in 0..n. */
static int up_to(dc3_rng *rng, int n)
{
    return (int)dc3_rng_below(rng, (uint64_t)n + 1);
}

dc3_view_params dc3_view_whole(int width, int height)
{
    return (dc3_view_params){.w = width, .h = height};
}

/* A crop of size x size of the image with `pad` pixels around it. */
static void padded_crop(dc3_rng *rng, int width, int height, int size, int pad, dc3_view_params *p)
{
    int wide = width + 2 * pad, high = height + 2 * pad;
    *p = dc3_view_whole(size < wide ? size : wide, size < high ? size : high);
    p->x = up_to(rng, wide - p->w) - pad;
    p->y = up_to(rng, high - p->h) - pad;
}

void dc3_draw_crop(uint64_t seed, int64_t epoch, int64_t item, int width, int height, int size,
                   dc3_view_params *p)
{
    dc3_rng rng = stream(seed, DC3_RNG_AUGMENT, epoch, item);
    padded_crop(&rng, width, height, size, size / 8, p);
    p->flip = coin(&rng);
}

/* The largest crop in the middle whose shape is within the bounds. */
static void middle(int width, int height, double low, double high, dc3_view_params *p)
{
    double ratio = (double)width / height;
    *p = dc3_view_whole(width, height);
    if (ratio < low) p->h = (int)rint(width / low);
    if (ratio > high) p->w = (int)rint(height * high);
    p->x = (width - p->w) / 2;
    p->y = (height - p->h) / 2;
}

/* torchvision's RandomResizedCrop: an area from least to 1 of the image's and a shape w / h from 3/4 to
 * 4/3, uniform in its logarithm, ten times at the most until the crop fits; else the middle. */
static void resized_crop(dc3_rng *rng, int width, int height, double least, dc3_view_params *p)
{
    static const double low = 3.0 / 4.0, high = 4.0 / 3.0;
    for (int tries = 0; tries < 10; tries++) {
        double area = (double)width * height * (least + (1 - least) * dc3_rng_uniform(rng));
        double ratio = exp(log(low) + (log(high) - log(low)) * dc3_rng_uniform(rng));
        double w = rint(sqrt(area * ratio)), h = rint(sqrt(area / ratio));
        if (w < 1 || h < 1 || w > width || h > height) continue;
        *p = dc3_view_whole((int)w, (int)h);
        p->y = up_to(rng, height - p->h);
        p->x = up_to(rng, width - p->w);
        return;
    }
    middle(width, height, low, high, p);
}

void dc3_draw_resized_crop(uint64_t seed, int64_t epoch, int64_t item, int width, int height,
                           dc3_view_params *p)
{
    dc3_rng rng = stream(seed, DC3_RNG_AUGMENT, epoch, item);
    resized_crop(&rng, width, height, 0.08, p);
    p->flip = coin(&rng);
}

void dc3_draw_alternating(uint64_t seed, int64_t epoch, int64_t item, int width, int height, int size,
                          int small, dc3_view_params *p)
{
    dc3_rng rng = stream(seed, DC3_RNG_AUGMENT, epoch, item),
            first = stream(seed, DC3_RNG_FIRST_FLIP, 0, item);
    if (size <= small)
        padded_crop(&rng, width, height, size, size / 16, p);
    else
        resized_crop(&rng, width, height, 0.35, p);
    p->flip = coin(&first) ^ (int)(epoch & 1);
}

void dc3_draw_rded(uint64_t seed, int64_t epoch, int64_t item, int width, int height, int factor,
                   double least, dc3_view_params *p)
{
    dc3_rng rng = stream(seed, DC3_RNG_AUGMENT, epoch, item);
    int columns = coin(&rng) && factor == 2, rows = coin(&rng) && factor == 2;
    resized_crop(&rng, width, height, least > 0 ? least : 1.0 / factor, p);
    p->swap_columns = columns;
    p->swap_rows = rows;
    p->flip = coin(&rng);
}

void dc3_draw_unmixed(int n, dc3_view_params *params)
{
    for (int i = 0; i < n; i++) {
        params[i].x0 = params[i].x1 = params[i].y0 = params[i].y1 = 0;
        params[i].partner = i;
    }
}

static int clip(int value, int most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

void dc3_draw_cutmix(uint64_t seed, int64_t epoch, int64_t batch, int n, int size, dc3_view_params *params)
{
    dc3_rng rng = stream(seed, DC3_RNG_CUTMIX, epoch, batch);
    int side = (int)(size * sqrt(1 - dc3_rng_uniform(&rng)));
    int x = up_to(&rng, size - 1), y = up_to(&rng, size - 1);
    for (int i = 0; i < n; i++) {
        dc3_view_params *p = &params[i];
        p->x0 = clip(x - side / 2, size), p->x1 = clip(x + side / 2, size);
        p->y0 = clip(y - side / 2, size), p->y1 = clip(y + side / 2, size);
        p->partner = i;
    }
    for (int i = n - 1; i > 0; i--) {
        int j = up_to(&rng, i), partner = params[i].partner;
        params[i].partner = params[j].partner;
        params[j].partner = partner;
    }
}

double dc3_view_lambda(const dc3_view_params *p, int size)
{
    return 1 - (double)(p->x1 - p->x0) * (p->y1 - p->y0) / ((double)size * size);
}

void dc3_draw_order(uint64_t seed, int64_t epoch, int64_t n, int64_t *order)
{
    dc3_rng rng = stream(seed, DC3_RNG_ORDER, epoch, 0);
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)dc3_rng_below(&rng, (uint64_t)i + 1), item = order[i];
        order[i] = order[j];
        order[j] = item;
    }
}
