#include "views/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/memory.h"
#include "base/pieces.h"
#include "views/resample.h"

enum { CHUNK = 256, EACH = 4, MOST = 1 << 15 }; /* images between two reports, in a piece; pixels of a side */

typedef struct slot {
    dc3_image image; /* pixels NULL: not read, or cannot be read */
    int unreadable;
    char reason[240];
} slot;

struct dc3_images {
    const dc3_dataset *dataset;
    dc3_images_options options;
    int64_t n;
    size_t bytes;
    uint8_t *block;     /* pixels [n, size, size, 3] of all that are held, where they have one size */
    dc3_image *held;    /* [n] views of the block, or images of their own; NULL: nothing is held */
    uint8_t *reported;  /* [n] 1: cannot be read, and that has been said */
    slot *slots;        /* [slot_count] what is being decoded */
    int64_t slot_count; /* at least CHUNK */
};

static void drop_slots(dc3_images *p)
{
    for (int64_t i = 0; i < p->slot_count; i++) dc3_image_free(&p->slots[i].image);
}

static void drop_held(dc3_images *p)
{
    for (int64_t i = 0; p->held && !p->block && i < p->n; i++) dc3_image_free(&p->held[i]);
    free(p->held);
    free(p->block);
    p->held = NULL;
    p->block = NULL;
}

/* The number in the dataset. */
static int64_t number_of(const dc3_images *p, int64_t item)
{
    return p->options.items ? p->options.items[item] : item;
}

static dc3_status read_one(const dc3_images *p, int64_t number, dc3_image *image)
{
    const dc3_images_options *o = &p->options;
    dc3_image whole;
    if (o->how == DC3_IMAGES_FIT)
        return dc3_dataset_read(p->dataset, number, o->size, o->size, o->fit, image);
    DC3_TRY(dc3_dataset_read(p->dataset, number, 0, 0, o->fit, &whole));
    dc3_status status = DC3_OK;
    if (o->how == DC3_IMAGES_TEST) {
        status = dc3_test_image(&whole, o->size, image);
        dc3_image_free(&whole);
    } else
        *image = whole;
    return status;
}

/* Images that are decoded, in pieces of work of EACH. */
typedef struct decoding {
    dc3_images *images;
    int64_t n;
    const int64_t *items;
} decoding;

static dc3_status decode_piece(void *user, int worker, int64_t piece, void *result)
{
    const decoding *d = user;
    dc3_images *p = d->images;
    int64_t end = (piece + 1) * EACH < d->n ? (piece + 1) * EACH : d->n;
    (void)worker, (void)result;
    for (int64_t i = piece * EACH; i < end; i++) {
        slot *s = &p->slots[i];
        s->unreadable = p->reported[d->items[i]];
        if (s->unreadable) continue;
        dc3_status status = read_one(p, number_of(p, d->items[i]), &s->image);
        s->unreadable = status != DC3_OK;
        if (s->unreadable) snprintf(s->reason, sizeof s->reason, "%s", dc3_error_text());
        DC3_TRY(dc3_check_cancel());
        if (status == DC3_ERR_MEMORY)
            return dc3_fail(status, "%s: out of memory for %lld images at a time",
                            dc3_dataset_path(p->dataset), (long long)d->n);
    }
    return DC3_OK;
}

/* Decodes n <= slot_count items into the slots; the reason of those that cannot be read stands in them. */
static dc3_status decode(dc3_images *p, int64_t n, const int64_t *items)
{
    decoding d = {p, n, items};
    dc3_pieces pieces = {
        .count = (n + EACH - 1) / EACH, .workers = p->options.threads, .user = &d, .work = decode_piece};
    drop_slots(p);
    return dc3_pieces_run(&pieces);
}

/* Notes and reports that an item cannot be read. */
static void skip(dc3_images *p, int64_t item, const char *reason)
{
    if (p->reported[item]) return;
    p->reported[item] = 1;
    if (p->options.skipped)
        p->options.skipped(p->options.user, dc3_dataset_key(p->dataset, number_of(p, item)), reason);
}

/* Moves a decoded image to where images are held. */
static void hold(dc3_images *p, int64_t item, dc3_image *image)
{
    size_t bytes = (size_t)image->width * (size_t)image->height * 3;
    dc3_image *to = &p->held[item];
    *to = *image;
    if (p->block) {
        to->pixels = p->block + (size_t)item * bytes;
        memcpy(to->pixels, image->pixels, bytes);
        dc3_image_free(image);
    } else {
        p->bytes += bytes;
        image->pixels = NULL;
    }
}

/* Holds all of them; where images of their own sizes turn out too large together, none. */
static dc3_status read_all(dc3_images *p)
{
    int64_t items[CHUNK], readable = 0;
    for (int64_t first = 0; first < p->n; first += CHUNK) {
        int64_t count = p->n - first < CHUNK ? p->n - first : CHUNK;
        for (int64_t i = 0; i < count; i++) items[i] = first + i;
        DC3_TRY(decode(p, count, items));
        for (int64_t i = 0; i < count; i++)
            if (p->slots[i].unreadable)
                skip(p, items[i], p->slots[i].reason);
            else
                hold(p, items[i], &p->slots[i].image), readable++;
        if (p->options.progress) p->options.progress(p->options.user, first + count, p->n);
        if (p->bytes > p->options.max_bytes) {
            drop_held(p);
            p->bytes = 0;
            return DC3_OK;
        }
    }
    if (readable) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", dc3_dataset_path(p->dataset),
                    (long long)p->n);
}

static dc3_status check(const dc3_images_options *o)
{
    int least = o->how == DC3_IMAGES_TEST ? 7 : 1;
    if (o->how != DC3_IMAGES_OWN && (o->size < least || o->size > MOST))
        return dc3_fail(DC3_ERR_ARGUMENT, "expected images of %d to %d pixels, found %d", least, MOST,
                        o->size);
    if (o->threads < 1) return dc3_fail(DC3_ERR_ARGUMENT, "expected 1 or more threads, found %d", o->threads);
    if (o->items && o->count < 1)
        return dc3_fail(DC3_ERR_ARGUMENT, "expected 1 or more images, found %lld", (long long)o->count);
    return DC3_OK;
}

/* The memory of images that are held, unless they are too many. */
static dc3_status open_memory(dc3_images *p)
{
    size_t each = (size_t)p->options.size * (size_t)p->options.size * 3;
    int own = p->options.how == DC3_IMAGES_OWN;
    if (!own) p->bytes = (size_t)p->n * each;
    p->slot_count = CHUNK;
    p->reported = calloc((size_t)p->n, 1);
    p->slots = calloc(CHUNK, sizeof *p->slots);
    if (!p->reported || !p->slots) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (p->bytes > p->options.max_bytes) return DC3_OK;
    p->held = calloc((size_t)p->n, sizeof *p->held);
    if (!own) p->block = malloc(p->bytes);
    if (p->held && (own || p->block)) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory for %lld images of %d pixels (%.1f GB)",
                    dc3_dataset_path(p->dataset), (long long)p->n, p->options.size, (double)p->bytes * 1e-9);
}

dc3_status dc3_images_open(const dc3_dataset *dataset, const dc3_images_options *options, dc3_images **images)
{
    *images = NULL;
    DC3_TRY(check(options));
    dc3_images *p = *images = calloc(1, sizeof *p);
    if (!p) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    p->dataset = dataset;
    p->options = *options;
    p->n = options->items ? options->count : dc3_dataset_size(dataset);
    if (!p->options.max_bytes) p->options.max_bytes = dc3_memory_limit() / 3;
    dc3_status status = open_memory(p);
    if (status == DC3_OK && p->held) status = read_all(p);
    if (status != DC3_OK) dc3_images_close(images);
    return status;
}

void dc3_images_close(dc3_images **images)
{
    dc3_images *p = *images;
    if (!p) return;
    drop_slots(p);
    drop_held(p);
    free(p->slots);
    free(p->reported);
    free(p);
    *images = NULL;
}

int64_t dc3_images_count(const dc3_images *p)
{
    return p->n;
}

int dc3_images_label(const dc3_images *p, int64_t item)
{
    return dc3_dataset_label(p->dataset, number_of(p, item));
}

int dc3_images_held(const dc3_images *p)
{
    return p->held != NULL;
}

size_t dc3_images_bytes(const dc3_images *p)
{
    return p->bytes;
}

/* Slots for n images that are decoded at once. */
static dc3_status more_slots(dc3_images *p, int64_t n)
{
    size_t each =
        p->options.how == DC3_IMAGES_OWN ? 0 : (size_t)p->options.size * (size_t)p->options.size * 3;
    if ((size_t)n * each > p->options.max_bytes)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "a batch of %lld images of %d pixels takes %.2f GB, more than the limit of %.2f GB",
                        (long long)n, p->options.size, (double)n * (double)each * 1e-9,
                        (double)p->options.max_bytes * 1e-9);
    if (n <= p->slot_count) return DC3_OK;
    slot *slots = realloc(p->slots, (size_t)n * sizeof *slots);
    if (!slots) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    memset(slots + p->slot_count, 0, (size_t)(n - p->slot_count) * sizeof *slots);
    p->slots = slots;
    p->slot_count = n;
    return DC3_OK;
}

dc3_status dc3_images_batch(dc3_images *p, int64_t n, const int64_t *items, dc3_loaded_image *batch,
                            int64_t *count)
{
    *count = 0;
    if (!p->held) {
        DC3_TRY(more_slots(p, n));
        DC3_TRY(decode(p, n, items));
    }
    for (int64_t i = 0; i < n; i++) {
        const dc3_image *image = p->held ? &p->held[items[i]] : &p->slots[i].image;
        if (!p->held && p->slots[i].unreadable) skip(p, items[i], p->slots[i].reason);
        if (image->pixels)
            batch[(*count)++] = (dc3_loaded_image){image->pixels, image->width, image->height, items[i]};
    }
    return DC3_OK;
}

dc3_status dc3_images_one(const dc3_images *p, int64_t item, dc3_image *own, dc3_loaded_image *image)
{
    *own = (dc3_image){0};
    dc3_status status = DC3_OK;
    if (!p->held || !p->held[item].pixels) status = read_one(p, number_of(p, item), own);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_dataset_key(p->dataset, number_of(p, item)));
    const dc3_image *from = own->pixels ? own : &p->held[item];
    *image = (dc3_loaded_image){from->pixels, from->width, from->height, item};
    return DC3_OK;
}
