#include "budget/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/listener.h"

enum { MOST = 64, LEAST = 4, WAYS = 8 };             /* images; codings */
static const int64_t most_pixels = MOST * 256 * 256; /* in one way, unless LEAST images are more */

/* What came of an image. */
typedef struct sample {
    int read;
    double bytes[WAYS];
    dc3_status status; /* what ends the measurement */
    char reason[256];
} sample;

static int64_t count_samples(const dc3_sizing *s)
{
    int64_t n = dc3_dataset_size(s->dataset), most = most_pixels / ((int64_t)s->size * s->size);
    most = most > MOST ? MOST : most < LEAST ? LEAST : most;
    return n < most ? n : most;
}

static void measure(const dc3_sizing *s, int64_t item, const dc3_coding *codings, int count, sample *to)
{
    dc3_image image = {0};
    to->status = dc3_check_cancel();
    if (to->status == DC3_OK) {
        dc3_status status = dc3_dataset_read(s->dataset, item, s->size, s->size, s->fit, &image);
        if (status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED) to->status = status;
        to->read = status == DC3_OK;
    }
    for (int k = 0; to->read && to->status == DC3_OK && k < count; k++) {
        void *data = NULL;
        size_t bytes = 0;
        to->status = dc3_image_encode_as(&image, codings[k], &data, &bytes);
        to->bytes[k] = (double)bytes * s->parts;
        free(data);
        if (to->status == DC3_OK) to->status = dc3_check_cancel();
    }
    if (to->status != DC3_OK) snprintf(to->reason, sizeof to->reason, "%s", dc3_error_text());
    dc3_image_free(&image);
}

dc3_status dc3_budget_measure(const dc3_sizing *sizing, const dc3_coding *codings, int count, double *each,
                              double *costs)
{
    int64_t n = dc3_dataset_size(sizing->dataset), looks = count_samples(sizing), read = 0;
    double end = sizing->seconds > 0 ? dc3_seconds_now() + sizing->seconds : 0;
    dc3_watch *watch = dc3_cancel_here();
    sample *samples = calloc((size_t)looks + 1, sizeof *samples);
    if (!samples || count > WAYS) {
        free(samples);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
#pragma omp parallel for schedule(dynamic) num_threads(sizing->threads)
    for (int64_t i = 0; i < looks; i++) {
        DC3_CANCEL_SHARE(watch);
        if (i && end > 0 && dc3_seconds_now() > end) continue;
        measure(sizing, n * i / looks, codings, count, &samples[i]);
    }
    dc3_status status = DC3_OK;
    for (int k = 0; k < count; k++) each[k] = 0;
    for (int k = 0; costs && k < count; k++) costs[k] = 0;
    for (int64_t i = 0; status == DC3_OK && i < looks; i++) {
        if (samples[i].status != DC3_OK) status = dc3_fail(samples[i].status, "%s", samples[i].reason);
        for (int k = 0; samples[i].read && k < count; k++) each[k] += samples[i].bytes[k];
        for (int k = 0; costs && samples[i].read && k < count; k++)
            costs[k] += dc3_cost_image(sizing->cost, samples[i].bytes[k]);
        read += samples[i].read;
    }
    for (int k = 0; read && k < count; k++) each[k] /= (double)read;
    for (int k = 0; costs && read && k < count; k++) costs[k] /= (double)read;
    free(samples);
    return status;
}
