/* Near-duplicates among hashes of 256 bits (lookalikes/near_hashes.h): seconds and the process's memory.
 * Usage: bench_duplicates [hashes] [bits] [threads]; a tenth of the hashes are an earlier one with up to 40
 * bits turned. */
#include <omp.h>
#include <string.h>
#include "bench.h"
#include "lookalikes/near_hashes.h"

enum { W = DC3_HASH_WORDS };

static void fill(int64_t n, uint64_t *hashes, int32_t *labels)
{
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_BENCH, 0);
    for (int64_t i = 0; i < n; i++) {
        uint64_t *h = hashes + i * W;
        labels[i] = (int32_t)dc3_rng_below(&rng, 1000);
        for (int w = 0; w < W; w++) h[w] = (uint64_t)dc3_rng_u32(&rng) << 32 | dc3_rng_u32(&rng);
        if (!i || dc3_rng_below(&rng, 10)) continue;
        int64_t of = (int64_t)dc3_rng_below(&rng, (uint64_t)i);
        memcpy(h, hashes + of * W, W * sizeof *h);
        labels[i] = labels[of];
        for (uint64_t turned = dc3_rng_below(&rng, 41); turned; turned--) {
            uint64_t bit = dc3_rng_below(&rng, 64 * W);
            h[bit / 64] ^= (uint64_t)1 << bit % 64;
        }
    }
}

/* Of /proc/self/status, in MB. */
static double peak(void)
{
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "VmHWM: %lf", &kb);
    if (file) fclose(file);
    return kb * 1024e-6;
}

int main(int argc, char **argv)
{
    int64_t n = argc > 1 ? atoll(argv[1]) : 100000, near = 0;
    int most = argc > 2 ? atoi(argv[2]) : 31;
    int threads = argc > 3 ? atoi(argv[3]) : omp_get_max_threads();
    if (n < 1 || most < 0 || most > DC3_HASH_MOST || threads < 1) return 2;
    uint64_t *hashes = malloc((size_t)n * W * sizeof *hashes);
    int32_t *labels = malloc((size_t)n * sizeof *labels);
    dc3_near_hash *found = malloc((size_t)n * sizeof *found);
    if (!hashes || !labels || !found) return 1;
    fill(n, hashes, labels);
    dc3_near_hashes of = {.n = n, .hashes = hashes, .labels = labels, .most = most, .threads = threads};
    memset(of.mirror, 0xaa, sizeof of.mirror);
    double start = now();
    must(dc3_near_hashes_find(&of, found));
    double seconds = now() - start;
    for (int64_t i = 0; i < n; i++) near += found[i].first != i;
    printf("near hashes: %lld of %lld within %d bits, %d threads: %.2f s; peak memory %.0f MB\n",
           (long long)near, (long long)n, most, threads, seconds, peak());
    free(hashes), free(labels), free(found);
    return 0;
}
