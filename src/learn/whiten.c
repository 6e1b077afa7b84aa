#include "learn/whiten.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "views/augment.h"
#include "learn/params.h"
#include "tensor/device.h"

static const double spread = 5e-4; /* added to the eigenvalues */

/* Rows and columns p and q of the symmetric a are turned so that a[p, q] becomes 0. */
static void rotate(int n, int p, int q, double *a, double *vectors)
{
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1),
           s = t * c;
    for (int k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y, a[k * n + q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k], u = vectors[p * n + k], v = vectors[q * n + k];
        a[p * n + k] = c * x - s * y, a[q * n + k] = s * x + c * y;
        vectors[p * n + k] = c * u - s * v, vectors[q * n + k] = s * u + c * v;
    }
}

/* Squares beside the diagonal, and all. */
static double beside(int n, const double *a, double *all)
{
    double sum = 0;
    *all = 0;
    for (int i = 0; i < n * n; i++) {
        *all += a[i] * a[i];
        if (i / n != i % n) sum += a[i] * a[i];
    }
    return sum;
}

void dc3_eigen(int n, double *a, double *values, double *vectors)
{
    enum { SWEEPS = 50 }; /* about ten are enough */
    double all;
    for (int i = 0; i < n * n; i++) vectors[i] = i / n == i % n;
    for (int sweep = 0; sweep < SWEEPS && beside(n, a, &all) > 1e-26 * all; sweep++)
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                if (a[p * n + q] != 0) rotate(n, p, q, a, vectors);
    for (int i = 0; i < n; i++) values[i] = a[i * n + i];
    for (int i = 0; i < n; i++) {
        int most = i;
        for (int k = i + 1; k < n; k++)
            if (values[k] > values[most]) most = k;
        double value = values[i];
        values[i] = values[most], values[most] = value;
        for (int k = 0; k < n; k++) {
            double x = vectors[i * n + k];
            vectors[i * n + k] = vectors[most * n + k], vectors[most * n + k] = x;
        }
    }
}

/* What is gathered. */
typedef struct patches {
    int size, kernel, d; /* d: values of a patch */
    double *sums;        /* [d, d], upper part */
    float *patch;        /* [d]: channel, row, column */
    int64_t count;
} patches;

static int step_of(const patches *p)
{
    return p->kernel > 1 ? p->kernel / 2 : 1;
}

/* Patches of a view. */
static int64_t patches_of(const patches *p)
{
    int64_t along = (p->size - p->kernel) / step_of(p) + 1;
    return along * along;
}

/* Adds the patches of a view [size, size, 3], at strides of half a patch. */
static void add_view(patches *p, const float *view)
{
    int k = p->kernel, step = step_of(p);
    for (int y = 0; y + k <= p->size; y += step)
        for (int x = 0; x + k <= p->size; x += step) {
            for (int i = 0; i < p->d; i++)
                p->patch[i] = view[((y + i / k % k) * p->size + x + i % k) * 3 + i / (k * k)];
            for (int i = 0; i < p->d; i++) {
                double value = p->patch[i];
                for (int j = i; j < p->d; j++) p->sums[i * p->d + j] += value * p->patch[j];
            }
            p->count++;
        }
}

/* As many images, evenly from all, as make patches enough for their covariance: fewer of views that have more
 * patches each than one of 32 px has with kernels of 2. */
static dc3_status gather(dc3_images *images, patches *p, float *view)
{
    const int64_t usual = 31 * 31; /* patches of such a view */
    int64_t n = dc3_images_count(images), wanted = 24000 / p->d + 1, each = patches_of(p);
    if (each > usual) wanted = wanted * usual / each + 1;
    if (wanted > n) wanted = n;
    dc3_augmenter *augmenter;
    dc3_augment_options options = {
        .size = p->size, .dtype = DC3_F32, .normalise = 1, .padding = DC3_PAD_REFLECT, .threads = 1};
    DC3_TRY(dc3_augmenter_open(&options, &augmenter));
    dc3_status status = DC3_OK;
    for (int64_t i = 0; i < wanted && status == DC3_OK; i++) {
        int64_t item = i * n / wanted, count;
        dc3_loaded_image image;
        status = dc3_images_batch(images, 1, &item, &image, &count);
        if (status != DC3_OK || !count) continue;
        dc3_view_params whole = dc3_view_whole(image.width, image.height);
        dc3_draw_unmixed(1, &whole);
        status = dc3_augment(augmenter, 1, &image, &whole, view);
        if (status == DC3_OK) add_view(p, view);
    }
    dc3_augmenter_close(&augmenter);
    if (status == DC3_OK && !p->count)
        status = dc3_fail(DC3_ERR_FORMAT, "no image can be read from which the first layer is made");
    return status;
}

/* Kernels [2 half, d] from what was gathered; vectors [d, d] and values [d] are room to work. */
static void make_kernels(patches *p, int64_t half, double *values, double *vectors, float *kernels)
{
    int d = p->d;
    for (int i = 0; i < d; i++)
        for (int j = i; j < d; j++)
            p->sums[j * d + i] = p->sums[i * d + j] = p->sums[i * d + j] / (double)p->count;
    dc3_eigen(d, p->sums, values, vectors);
    for (int64_t i = 0; i < half; i++)
        for (int j = 0; j < d; j++) {
            double rate = 1 / sqrt((values[i] > 0 ? values[i] : 0) + spread);
            float value = (float)(vectors[i * d + j] * rate);
            kernels[i * d + j] = value, kernels[(half + i) * d + j] = -value;
        }
}

dc3_status dc3_whiten(dc3_images *images, int size, dc3_param *weight)
{
    const int64_t *shape = weight->value.shape;
    int k = (int)shape[2], d = 3 * k * k;
    if (weight->value.ndim != 4 || shape[1] != 3 || shape[3] != k || shape[0] % 2 || shape[0] > 2 * d ||
        k < 1 || k > size)
        return dc3_fail(DC3_ERR_ARGUMENT, "'%s': not the kernels of a whitening layer for %d pixels",
                        weight->name, size);
    size_t square = (size_t)d * (size_t)d;
    patches p = {.size = size, .kernel = k, .d = d, .sums = calloc(square, sizeof *p.sums)};
    double *vectors = malloc(square * sizeof *vectors), *values = malloc((size_t)d * sizeof *values);
    float *view = malloc((size_t)size * (size_t)size * 3 * sizeof *view),
          *kernels = malloc((size_t)(shape[0] * d) * sizeof *kernels);
    p.patch = malloc((size_t)d * sizeof *p.patch);
    dc3_status status = p.sums && vectors && values && view && kernels && p.patch
                            ? gather(images, &p, view)
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        make_kernels(&p, shape[0] / 2, values, vectors, kernels);
        status = dc3_tensor_write(&weight->value, kernels);
        dc3_param_changed(weight);
    }
    free(p.sums), free(p.patch), free(vectors), free(values), free(view), free(kernels);
    return status;
}
