/* Gaussian blur, as torchvision's GaussianBlur: a kernel w_i ~ exp(-i^2 / (2 sigma^2)) of odd size with the
 * sum 1, along rows and columns, images reflected at their borders. The strength is SimCLR's (Chen et al.
 * 2020, appendix A): sigma uniform in [0.1, 2], kernel a tenth of the image's side, which is 23 at 224
 * pixels. */
#include <math.h>
#include <stdlib.h>
#include "colour/image_edit.h"
#include "io/json.h"

enum { SIGMA, KERNEL, MOST = 511 };
static const double low = 0.1, high = 2;

/* The largest odd number up to size / 10 + 1: 3 at 32 pixels, 23 at 224, 25 at 256. */
static int kernel_size(int size)
{
    int kernel = 2 * (size / 20) + 1;
    return kernel < 3 ? 3 : kernel > MOST ? MOST : kernel;
}

static void draw(dc3_rng *rng, int size, double *values)
{
    values[SIGMA] = low + (high - low) * dc3_rng_uniform(rng);
    values[KERNEL] = kernel_size(size);
}

static void make_kernel(int n, double sigma, float *weights)
{
    double sum = 0;
    int middle = n / 2;
    for (int i = 0; i < n; i++) sum += exp(-0.5 * pow((i - middle) / sigma, 2));
    for (int i = 0; i < n; i++) weights[i] = (float)(exp(-0.5 * pow((i - middle) / sigma, 2)) / sum);
}

/* Without the border twice: ... 2 1 0 1 2 ... */
static int reflect(int i, int size)
{
    return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i;
}

/* Along one direction: the image's values lie `step` apart in it, its lines `line`. */
static void blur_lines(int size, int step, int line, int n, const float *weights, const float *in, float *out)
{
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            for (int c = 0; c < 3; c++) {
                float sum = 0;
                for (int i = 0; i < n; i++)
                    sum += weights[i] * in[y * line + reflect(x + i - n / 2, size) * step + c];
                out[y * line + x * step + c] = sum;
            }
}

static dc3_status apply(int size, const double *values, const float *in, float *out)
{
    int n = (int)values[KERNEL];
    float weights[MOST], *rows = malloc((size_t)size * (size_t)size * 3 * sizeof *rows);
    if (!rows) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    make_kernel(n, values[SIGMA], weights);
    blur_lines(size, 3, 3 * size, n, weights, in, rows);
    blur_lines(size, 3 * size, 3, n, weights, rows, out);
    free(rows);
    return DC3_OK;
}

static void describe(const double *values, json_t *to)
{
    json_object_set_new(to, "sigma", json_real(values[SIGMA]));
    json_object_set_new(to, "kernel", json_integer((json_int_t)values[KERNEL]));
}

static void settings(int size, json_t *to)
{
    json_object_set_new(to, "blur_sigma", json_pack("[f, f]", low, high));
    json_object_set_new(to, "blur_kernel", json_integer(kernel_size(size)));
}

const dc3_image_edit dc3_blur = {draw, apply, describe, settings};
