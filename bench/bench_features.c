/* The features of a dataset beside what they are made of: reading alone, the VAE alone, and the stage that
 * does both, each with all threads. Usage: bench_features [data] [threads] [f32|bf16] [pixels]; without data,
 * 3,000 JPEGs of 224 pixels are made in a folder of their own. With a size of 0, the stage's own. */
#include <omp.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/pieces.h"
#include "bench.h"
#include "condense/run_open.h"
#include "features/features.h"
#include "features/images.h"
#include "io/image.h"

enum { MADE = 3000, SIDE = 224, CLASSES = 10, PIECE = 16 };

/* A photograph's like: a ramp with noise of a few scales. */
static void make_image(int number, const char *path)
{
    static uint8_t pixels[SIDE * SIDE * 3];
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_BENCH, (uint64_t)number);
    uint32_t coarse[32 * 32];
    for (int i = 0; i < 32 * 32; i++) coarse[i] = dc3_rng_u32(&rng) % 90;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++)
                pixels[(y * SIDE + x) * 3 + c] =
                    (uint8_t)((uint32_t)(x * (c + 1) / 4) % 120 + coarse[y / 7 * 32 + x / 7] +
                              dc3_rng_u32(&rng) % 24);
    dc3_image image = {SIDE, SIDE, pixels};
    must(dc3_image_write(path, &image, DC3_JPEG));
}

static void make_data(char folder[64])
{
    char path[128];
    strcpy(folder, "/tmp/dc3-bench-XXXXXX");
    if (!mkdtemp(folder)) exit(1);
    for (int i = 0; i < MADE; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i % CLASSES);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/%d/%d.jpg", folder, i % CLASSES, i);
        make_image(i, path);
    }
}

static void remove_data(const char *folder)
{
    char path[128];
    for (int i = MADE; i-- > 0;) {
        snprintf(path, sizeof path, "%s/%d/%d.jpg", folder, i % CLASSES, i);
        unlink(path);
        snprintf(path, sizeof path, "%s/%d", folder, i % CLASSES);
        if (i < CLASSES) rmdir(path);
    }
    rmdir(folder);
}

typedef struct part {
    dc3_run *run;
    int encodes; /* else it reads */
    float **rgb; /* [threads] of PIECE images */
    float **latents;
    dc3_ctx **contexts;
} part;

static dc3_status work(void *user, int worker, int64_t piece, void *result)
{
    (void)result;
    const part *p = user;
    int64_t size = p->run->feature_size, n = dc3_dataset_size(p->run->dataset);
    int rows = dc3_images_at_once((int)size);
    for (int i = 0; i < PIECE; i++) {
        dc3_image_hashes hashes;
        float *to[] = {p->rgb[worker] + i % rows * size * size * 3, NULL};
        if (!p->encodes)
            dc3_run_read_sizes(p->run, (piece * PIECE + i) % n, (int[]){(int)size, 0}, to, &hashes);
        if (p->encodes && i % rows == rows - 1)
            DC3_TRY(dc3_editor_encode_in(p->run->editor, p->contexts[worker], rows, (int)size, p->rgb[worker],
                                         p->latents[worker]));
    }
    return DC3_OK;
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    (void)user, (void)piece, (void)result;
    return DC3_OK;
}

static double processor_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Milliseconds of an image by all threads. */
static double measure_part(part *p, int threads)
{
    int64_t count = dc3_dataset_size(p->run->dataset) / PIECE;
    dc3_pieces pieces = {.count = threads, .workers = threads, .user = p, .work = work, .take = take};
    if (p->encodes) must(dc3_pieces_run(&pieces)); /* packs the weights */
    pieces.count = count;
    double start = now();
    must(dc3_pieces_run(&pieces));
    return (now() - start) / (double)(count * PIECE) * 1e3;
}

static double measure_apart(dc3_run *run, int threads, int encodes)
{
    part p = {.run = run, .encodes = encodes};
    size_t values = (size_t)(run->feature_size * run->feature_size) * 3 * PIECE;
    p.rgb = calloc((size_t)threads, sizeof *p.rgb);
    p.latents = calloc((size_t)threads, sizeof *p.latents);
    p.contexts = calloc((size_t)threads, sizeof *p.contexts);
    for (int i = 0; i < threads; i++) {
        p.rgb[i] = calloc(values, sizeof(float));
        p.latents[i] = calloc((size_t)run->feature_length * PIECE, sizeof(float));
        must(dc3_ctx_open_beside(dc3_editor_ctx(run->editor), 1, &p.contexts[i]));
    }
    double each = measure_part(&p, threads);
    for (int i = 0; i < threads; i++) free(p.rgb[i]), free(p.latents[i]), dc3_ctx_close(&p.contexts[i]);
    free(p.rgb), free(p.latents), free(p.contexts);
    return each;
}

int main(int argc, char **argv)
{
    char folder[64] = "";
    dc3_condense_options o = dc3_condense_defaults();
    dc3_condense_report report;
    dc3_run run;
    if (argc < 2) make_data(folder);
    o.data = argc > 1 ? argv[1] : folder;
    o.select.threads = argc > 2 ? atoi(argv[2]) : omp_get_max_threads();
    o.dtype = argc > 3 && strcmp(argv[3], "f32") == 0 ? DC3_COMPUTE_F32 : DC3_COMPUTE_AUTO;
    o.feature_size = argc > 4 ? atoi(argv[4]) : 64;
    o.editor = "models/dc3-mini", o.teacher = "none", o.select.ipc = 1;
    must(dc3_run_open(&o, DC3_RUN_METHOD, &report, &run));
    double n = (double)dc3_dataset_size(run.dataset), reading[3], encoding[3];
    int threads = o.select.threads;
    for (int i = 0; i < 3; i++) {
        reading[i] = measure_apart(&run, threads, 0);
        encoding[i] = measure_apart(&run, threads, 1);
    }
    double before = processor_seconds(), start = now();
    must(dc3_run_features(&run));
    double seconds = now() - start, busy = (processor_seconds() - before) / (seconds * threads);
    double read = median(reading, 3), encode = median(encoding, 3), each = seconds / n * 1e3;
    printf("features of %.0f images at %d px, %d threads: reading %.3f ms an image, VAE %.3f, together %.3f; "
           "the "
           "stage %.3f: %.1f s, %.2f of both, processors %.0f %% busy\n",
           n, run.feature_size, threads, read, encode, read + encode, each, seconds, (read + encode) / each,
           busy * 100);
    dc3_run_close(&run);
    if (*folder) remove_data(folder);
    return 0;
}
