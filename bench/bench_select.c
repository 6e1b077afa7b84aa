/* Selection by gradients in the factored form: 1,300 samples of one class, 1,000 classes, 512 dimensions, 10
 * bins, graph cut, naive greedy. bench/select_numpy.py has the direct method beside it. Usage: bench_select
 * [FILE.safetensors] [repeats] [ipc]; random values without a file or with "-". */
#include <omp.h>
#include "bench.h"
#include "dc3/select.h"
#include "io/safetensors.h"

enum { N = 1300, C = 1000, D = 512, BINS = 10 };

int main(int argc, char **argv)
{
    int repeats = argc > 2 ? atoi(argv[2]) : 21;
    dc3_select_options options = dc3_select_defaults();
    options.ipc = argc > 3 ? atoi(argv[3]) : 10;
    options.bins = BINS;
    options.threads = omp_get_max_threads();
    if (repeats < 1 || repeats > 64) repeats = 21;
    float *h = malloc(N * D * sizeof *h), *z = malloc(N * C * sizeof *z);
    int64_t *labels = malloc(N * sizeof *labels), *bins = malloc(N * sizeof *bins);
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, 0);
    dc3_rng_normal(&rng, h, N * D);
    dc3_rng_normal(&rng, z, N * C);
    for (int i = 0; i < N; i++) z[i * C + 7] += 8, labels[i] = 7, bins[i] = i % BINS;
    double seconds[64];
    size_t peak = 0;
    for (int i = 0; i < repeats; i++) {
        dc3_selection selection;
        double start = now();
        if (argc > 1 && strcmp(argv[1], "-") != 0)
            must(dc3_select_file(&options, argv[1], &selection));
        else
            must(dc3_select_rows(&options, N, D, C, h, z, labels, bins, &selection));
        seconds[i] = now() - start;
        peak = selection.peak_bytes;
        dc3_selection_free(&selection);
    }
    printf("selection: %d threads, IPC %d: median %.4f s of %d, first %.4f s; own memory %.1f MB\n",
           options.threads, options.ipc, repeats > 1 ? median(seconds + 1, repeats - 1) : seconds[0], repeats,
           seconds[0], (double)peak * 1e-6);
    free(h), free(z), free(labels), free(bins);
    return 0;
}
