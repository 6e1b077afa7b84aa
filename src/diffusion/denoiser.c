#include "diffusion/denoiser.h"

#include <pthread.h>
#include <stdlib.h>
#include "base/file.h"

static const dc3_denoiser_kind *const kinds[] = {&dc3_denoiser_unet, &dc3_denoiser_dit};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The kind whose folder is there; without any the first, which says what is missing. */
static const dc3_denoiser_kind *kind_of(const char *directory)
{
    for (int i = 0; i < KINDS; i++) {
        char *path = dc3_path_join(directory, kinds[i]->part);
        int there = path && dc3_path_what(path) == DC3_PATH_FOLDER;
        free(path);
        if (there) return kinds[i];
    }
    return kinds[0];
}

dc3_status dc3_denoiser_open(const char *directory, const dc3_adapters *adapters, dc3_denoiser **denoiser)
{
    *denoiser = NULL;
    return kind_of(directory)->open(directory, adapters, denoiser);
}

void dc3_denoiser_close(dc3_denoiser **denoiser)
{
    if (*denoiser) (*denoiser)->kind->close(*denoiser);
    *denoiser = NULL;
}

dc3_status dc3_denoising_open(dc3_ctx *ctx, dc3_denoiser *denoiser, int steps, const float *timesteps,
                              dc3_denoising **denoising)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    *denoising = NULL;
    pthread_mutex_lock(&one_at_a_time);
    dc3_status status = denoiser->kind->prepare(ctx, denoiser, steps, timesteps, denoising);
    pthread_mutex_unlock(&one_at_a_time);
    return status;
}

void dc3_denoising_close(dc3_denoising **denoising)
{
    if (*denoising) (*denoising)->denoiser->kind->finish(*denoising);
    *denoising = NULL;
}

void dc3_denoising_texts(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor states)
{
    denoising->denoiser->kind->texts(ctx, denoising, states);
}

void dc3_denoising_classes(dc3_ctx *ctx, dc3_denoising *denoising, int64_t rows, const int64_t *labels)
{
    denoising->denoiser->kind->classes(ctx, denoising, rows, labels);
}

dc3_tensor dc3_denoising_step(dc3_ctx *ctx, dc3_denoising *denoising, dc3_tensor x, int step)
{
    return denoising->denoiser->kind->step(ctx, denoising, x, step);
}
