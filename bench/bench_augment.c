/* Views of images for training: bench_augment [threads]. The best and the median of 41 times, mixing
 * included. */
#include "bench.h"
#include "views/augment.h"

enum { AGAIN = 41, KINDS = 3 };
static const char *const kinds[] = {"crop", "resized crop", "rded"};

static void draw(int kind, int64_t epoch, int n, int side, int size, dc3_view_params *params)
{
    for (int i = 0; i < n; i++) {
        if (kind == 0) dc3_draw_crop(1, epoch, i, side, side, size, &params[i]);
        if (kind == 1) dc3_draw_resized_crop(1, epoch, i, side, side, &params[i]);
        if (kind == 2) dc3_draw_rded(1, epoch, i, side, side, 2, 0, &params[i]);
    }
    if (kind == 2) dc3_draw_cutmix(1, epoch, 0, n, size, params);
}

static void run(int n, int side, int size, dc3_dtype dtype, int threads)
{
    size_t each = (size_t)side * (size_t)side * 3;
    uint8_t *pixels = malloc((size_t)n * each);
    float *views = malloc((size_t)n * (size_t)size * (size_t)size * 3 * sizeof *views);
    dc3_loaded_image *images = malloc((size_t)n * sizeof *images);
    dc3_view_params *params = calloc((size_t)n, sizeof *params);
    dc3_augmenter *a;
    dc3_augment_options options = {.size = size, .dtype = dtype, .normalise = 1, .threads = threads};
    for (size_t i = 0; i < (size_t)n * each; i++) pixels[i] = (uint8_t)(i * 2654435761u >> 13);
    for (int i = 0; i < n; i++) images[i] = (dc3_loaded_image){pixels + (size_t)i * each, side, side, i};
    must(dc3_augmenter_open(&options, &a));
    for (int kind = 0; kind < KINDS; kind++) {
        double seconds[AGAIN];
        for (int again = 0; again < AGAIN; again++) {
            double start = now();
            draw(kind, again, n, side, size, params);
            must(dc3_augment(a, n, images, params, views));
            seconds[again] = now() - start;
        }
        double time = median(seconds, AGAIN), best = seconds[0];
        printf("%4d images %4d -> %3d px, %-4s %-12s %7.2f ms (median %.2f), %6.3f ms an image\n", n, side,
               size, dc3_dtype_name(dtype), kinds[kind], best * 1e3, time * 1e3, best * 1e3 / n);
    }
    dc3_augmenter_close(&a);
    free(pixels);
    free(views);
    free(images);
    free(params);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 2;
    static const int shapes[][3] = {
        {100, 32, 32}, {100, 64, 64}, {32, 224, 224}, {32, 256, 224}, {32, 500, 224}};
    printf("views, %d threads\n", threads);
    for (int i = 0; i < 5; i++)
        for (int bf16 = 0; bf16 < 2; bf16++)
            run(shapes[i][0], shapes[i][1], shapes[i][2], bf16 ? DC3_BF16 : DC3_F32, threads);
    return 0;
}
