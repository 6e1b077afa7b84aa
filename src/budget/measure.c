#include "budget/measure.h"

#include <stdlib.h>
#include "base/cancel.h"
#include "base/listener.h"
#include "base/pieces.h"

enum { MOST = 64, LEAST = 4, WAYS = 8 };             /* images; codings */
static const int64_t most_pixels = MOST * 256 * 256; /* in one way, unless LEAST images are more */

/* What came of an image. */
typedef struct sample {
    int read;
    double bytes[WAYS];
} sample;

/* What is measured, and the sums of what came of the images. */
typedef struct measuring {
    const dc3_sizing *sizing;
    const dc3_coding *codings;
    int count;            /* of codings */
    double end;           /* after the first image none begins later, in dc3_seconds_now; 0: all do */
    int64_t looks, read;  /* images that are tried, spread over the dataset; that could be read */
    double *each, *costs; /* [count]; costs may be NULL */
} measuring;

static int64_t count_samples(const dc3_sizing *s)
{
    int64_t n = dc3_dataset_size(s->dataset), most = most_pixels / ((int64_t)s->size * s->size);
    most = most > MOST ? MOST : most < LEAST ? LEAST : most;
    return n < most ? n : most;
}

static dc3_status encode(const measuring *m, const dc3_image *image, sample *to)
{
    for (int k = 0; k < m->count; k++) {
        void *data = NULL;
        size_t bytes = 0;
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(dc3_image_encode_as(image, m->codings[k], &data, &bytes));
        to->bytes[k] = (double)bytes * m->sizing->parts;
        free(data);
    }
    return DC3_OK;
}

static dc3_status measure(void *user, int worker, int64_t i, void *result)
{
    const measuring *m = user;
    const dc3_sizing *s = m->sizing;
    sample *to = result;
    dc3_image image = {0};
    (void)worker;
    to->read = 0;
    if (i && m->end > 0 && dc3_seconds_now() > m->end) return DC3_OK;
    dc3_status status = dc3_dataset_read(s->dataset, dc3_dataset_size(s->dataset) * i / m->looks, s->size,
                                         s->size, s->fit, &image);
    if (status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED) return status;
    to->read = status == DC3_OK;
    status = to->read ? encode(m, &image, to) : DC3_OK;
    dc3_image_free(&image);
    return status;
}

static dc3_status add(void *user, int64_t i, void *result)
{
    measuring *m = user;
    const sample *s = result;
    (void)i;
    for (int k = 0; s->read && k < m->count; k++) {
        m->each[k] += s->bytes[k];
        if (m->costs) m->costs[k] += dc3_cost_image(m->sizing->cost, s->bytes[k]);
    }
    m->read += s->read;
    return DC3_OK;
}

dc3_status dc3_budget_measure(const dc3_sizing *sizing, const dc3_coding *codings, int count, double *each,
                              double *costs)
{
    measuring m = {sizing, codings, count, 0, count_samples(sizing), 0, each, costs};
    dc3_pieces pieces = {.count = m.looks,
                         .workers = sizing->threads,
                         .result_size = sizeof(sample),
                         .user = &m,
                         .work = measure,
                         .take = add};
    if (count > WAYS)
        return dc3_fail(DC3_ERR_ARGUMENT, "expected at most %d codings to measure, found %d", WAYS, count);
    if (sizing->seconds > 0) m.end = dc3_seconds_now() + sizing->seconds;
    for (int k = 0; k < count; k++) each[k] = 0;
    for (int k = 0; costs && k < count; k++) costs[k] = 0;
    DC3_TRY(dc3_pieces_run(&pieces));
    for (int k = 0; m.read && k < count; k++) each[k] /= (double)m.read;
    for (int k = 0; costs && m.read && k < count; k++) costs[k] /= (double)m.read;
    return DC3_OK;
}
