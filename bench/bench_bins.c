/* PCA and k-means of one class, and bins of several classes by all threads. bench/sklearn_bins.py hands in
 * data and compares with scikit-learn. Usage: bench_bins [IN.safetensors OUT.safetensors [components [k
 * [starts]]]]; without files random values. IN: x [n, d] f32; OUT: basis, scores, clusters. */
#include <omp.h>
#include "bench.h"
#include "io/safetensors.h"
#include "select/bins.h"
#include "select/kmeans.h"
#include "select/pca.h"

enum { CLASSES = 8 };

static float *random_values(int64_t count)
{
    float *x = malloc((size_t)count * sizeof *x);
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, 0);
    dc3_rng_normal(&rng, x, (size_t)count);
    return x;
}

/* Seconds of the bins of CLASSES classes, each x. */
static double seconds_of_all(int64_t n, int64_t d, const float *x, int components, int k)
{
    dc3_select_options options = dc3_select_defaults();
    options.components = components, options.bins = options.ipc = k, options.threads = omp_get_max_threads();
    int64_t rows = CLASSES * n, *labels = malloc((size_t)rows * sizeof *labels),
            *bins = malloc((size_t)rows * sizeof *bins);
    float *all = malloc((size_t)(rows * d) * sizeof *all);
    for (int64_t i = 0; i < rows; i++) labels[i] = i / n;
    for (int c = 0; c < CLASSES; c++) memcpy(all + c * n * d, x, (size_t)(n * d) * sizeof *x);
    double start = now();
    must(dc3_select_bins(&options, rows, d, all, labels, bins));
    double spent = now() - start;
    free(labels), free(bins), free(all);
    return spent;
}

int main(int argc, char **argv)
{
    int components = argc > 3 ? atoi(argv[3]) : 50, k = argc > 4 ? atoi(argv[4]) : 10,
        starts = argc > 5 ? atoi(argv[5]) : 4;
    dc3_table *in = NULL, *out = dc3_table_new("results");
    dc3_tensor x = dc3_view(NULL, DC3_F32, 2, (int64_t[]){1300, 1024});
    if (argc > 2) {
        const dc3_tensor *found;
        must(dc3_safetensors_open(argv[1], &in));
        must(dc3_table_get(in, "x", 2, (int64_t[]){-1, -1}, &found));
        x = *found;
    } else
        x.data = random_values(dc3_count(&x));
    int64_t n = x.shape[0], d = x.shape[1], dimensions = dc3_pca_components(n, d, components);
    float *scores = malloc((size_t)(n * dimensions) * sizeof *scores),
          *basis = malloc((size_t)(dimensions * d) * sizeof *basis);
    int *clusters = malloc((size_t)n * sizeof *clusters);
    int64_t *wide = malloc((size_t)n * sizeof *wide);
    dc3_meter meter = {0};
    double pca[5], kmeans[5], all[3], inertia = 0;
    for (int i = 0; i < 5; i++) {
        double start = now();
        must(dc3_pca(&meter, n, d, x.data, dimensions, scores, basis));
        pca[i] = now() - start;
        start = now();
        must(dc3_kmeans(&meter, n, dimensions, scores, k, starts, 0, (uint64_t)i, clusters, &inertia));
        kmeans[i] = now() - start;
    }
    for (int i = 0; i < 3; i++) all[i] = seconds_of_all(n, d, x.data, components, k);
    printf("bins: %lld x %lld: PCA to %lld %.4f s, k-means (%d clusters, %d starts) %.4f s, inertia %.8g; %d "
           "classes "
           "with %d threads %.4f s\n",
           (long long)n, (long long)d, (long long)dimensions, median(pca, 5), k, starts, median(kmeans, 5),
           inertia, CLASSES, omp_get_max_threads(), median(all, 3));
    for (int64_t i = 0; i < n; i++) wide[i] = clusters[i];
    must(dc3_table_add(out, "basis", dc3_view(basis, DC3_F32, 2, (int64_t[]){dimensions, d})));
    must(dc3_table_add(out, "scores", dc3_view(scores, DC3_F32, 2, (int64_t[]){n, dimensions})));
    must(dc3_table_add(out, "clusters", dc3_view(wide, DC3_I64, 1, &n)));
    if (argc > 2) must(dc3_safetensors_save(argv[2], out));
    dc3_table_close(&in);
    dc3_table_close(&out);
    return 0;
}
