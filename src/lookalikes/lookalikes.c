#include "lookalikes/lookalikes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "io/same_images.h"
#include "metrics/perceptual_hash.h"
#include "lookalikes/near_hashes.h"

enum { PIECE = 16, SIDE = DC3_PERCEPTUAL_SIDE, WORDS = DC3_PERCEPTUAL_WORDS };
_Static_assert((int)WORDS == (int)DC3_HASH_WORDS, "words of a hash");
_Static_assert((int)DC3_LOOKALIKE_SIDE == (int)DC3_PERCEPTUAL_LEAST, "pixels of a side that is hashed");
_Static_assert((int)DC3_LOOKALIKE_MOST == (int)DC3_HASH_MOST, "bits that hashes may differ in");

/* What is known of an image once it was read. */
typedef struct view {
    int failed, plain, width, height;
    dc3_appearance appearance;
    uint64_t hash[WORDS];
    char reason[256];
} view;

typedef struct search {
    dc3_lookalikes *l;
    int64_t n;
    dc3_same_images *same;
    uint64_t *hashes; /* [n, WORDS] */
    uint8_t *plain;   /* [n] */
} search;

/* What fits SIDE pixels is not enlarged, which is not the same for a mirrored image. */
static dc3_status read_small(dc3_image_source *source, int *width, int *height, dc3_image *image)
{
    DC3_TRY(dc3_image_source_read(source, SIDE, SIDE, DC3_FIT_SQUASH, 1, image));
    dc3_image_source_size(source, width, height);
    if (*width >= SIDE && *height >= SIDE) return DC3_OK;
    dc3_image_free(image);
    return dc3_image_source_read(source, *width < SIDE ? *width : SIDE, *height < SIDE ? *height : SIDE,
                                 DC3_FIT_SQUASH, 0, image);
}

static dc3_status read_view(const dc3_dataset *d, int64_t item, view *v)
{
    dc3_image_source *source;
    dc3_image image = {0};
    DC3_TRY(dc3_dataset_source(d, item, &source));
    dc3_status status = read_small(source, &v->width, &v->height, &image);
    if (status == DC3_OK) {
        v->appearance = dc3_appearance_of(&image, dc3_image_source_reduced(source));
        v->plain = !dc3_perceptual_hash(image.width, image.height, image.pixels, v->hash);
    }
    dc3_image_free(&image);
    dc3_image_source_close(&source);
    return status;
}

static int images_of(const search *s, int64_t piece)
{
    int64_t left = s->n - piece * PIECE;
    return left < PIECE ? (int)left : PIECE;
}

static dc3_status read_piece(void *user, int worker, int64_t piece, void *result)
{
    const search *s = user;
    view *views = result;
    (void)worker;
    for (int i = 0; i < images_of(s, piece); i++) {
        dc3_status status = read_view(s->l->dataset, piece * PIECE + i, &views[i]);
        if (status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED) return status;
        views[i].failed = status != DC3_OK;
        if (views[i].failed) snprintf(views[i].reason, sizeof views[i].reason, "%s", dc3_error_text());
    }
    return DC3_OK;
}

static void tell(const search *s, const char *stage, int64_t done)
{
    const dc3_listener *listener = s->l->listener;
    if (listener->progress) listener->progress(listener->user, stage, done, s->n);
}

static dc3_status take_piece(void *user, int64_t piece, void *result)
{
    search *s = user;
    const view *views = result;
    for (int i = 0; i < images_of(s, piece); i++) {
        int64_t item = piece * PIECE + i;
        dc3_lookalike *to = &s->l->images[item];
        to->own.item = to->other.item = -1;
        if (views[i].failed) {
            DC3_TRY(s->l->skip(s->l->user, item, views[i].reason));
            continue;
        }
        to->width = views[i].width, to->height = views[i].height;
        dc3_same_images_meet(s->same, item, &views[i].appearance, &to->own.item, &to->other.item);
        if (to->own.item >= 0) to->own.kind = DC3_SAME_IMAGE;
        if (to->other.item >= 0) to->other.kind = DC3_SAME_IMAGE;
        memcpy(s->hashes + item * WORDS, views[i].hash, sizeof views[i].hash);
        s->plain[item] = (uint8_t)views[i].plain;
        s->l->plain += views[i].plain;
    }
    tell(s, "images", piece * PIECE + images_of(s, piece));
    return DC3_OK;
}

/* ---- near-duplicates ---- */

int dc3_lookalike_by_size(const void *a, const void *b)
{
    const dc3_lookalike_place *x = a, *y = b;
    if (x->pixels != y->pixels) return x->pixels < y->pixels ? 1 : -1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The images that have a hash and stand for themselves, in that order; their number. */
static int64_t order_of(const search *s, dc3_lookalike_place *places)
{
    int64_t count = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const dc3_lookalike *image = &s->l->images[i];
        if (!image->width || image->own.item >= 0 || s->plain[i]) continue;
        places[count++] = (dc3_lookalike_place){(int64_t)image->width * image->height, i};
    }
    qsort(places, (size_t)count, sizeof *places, dc3_lookalike_by_size);
    return count;
}

static void progress(void *user, int64_t done)
{
    tell(user, "hashes", done);
}

static void take_found(const search *s, const dc3_lookalike_place *places, int64_t count,
                       const dc3_near_hash *found)
{
    for (int64_t k = 0; k < count; k++) {
        dc3_lookalike *to = &s->l->images[places[k].item];
        const dc3_near_hash *f = &found[k];
        if (f->first != k)
            to->own = (dc3_likeness){places[f->first].item, DC3_NEAR_HASH, f->bits, f->mirrored, 0};
        if (f->other >= 0 && to->other.item < 0)
            to->other =
                (dc3_likeness){places[f->other].item, DC3_NEAR_HASH, f->other_bits, f->other_mirrored, 0};
    }
}

static dc3_status compare_hashes(search *s, dc3_lookalike_place *places, int64_t count, uint64_t *hashes,
                                 int32_t *labels, dc3_near_hash *found)
{
    dc3_near_hashes near = {.n = count,
                            .hashes = hashes,
                            .labels = labels,
                            .most = s->l->most,
                            .threads = s->l->threads,
                            .progress = progress,
                            .user = s};
    dc3_perceptual_mirror(near.mirror);
    for (int64_t k = 0; k < count; k++) {
        memcpy(hashes + k * WORDS, s->hashes + places[k].item * WORDS, WORDS * sizeof *hashes);
        labels[k] = dc3_dataset_label(s->l->dataset, places[k].item);
    }
    /* What is read from here on is the copy. */
    free(s->hashes);
    s->hashes = NULL;
    DC3_TRY(dc3_near_hashes_find(&near, found));
    take_found(s, places, count, found);
    tell(s, "hashes", s->n);
    return DC3_OK;
}

static dc3_status find_near(search *s)
{
    if (s->l->most == DC3_LOOKALIKE_EXACT) return DC3_OK;
    size_t room = (size_t)s->n + 1;
    dc3_lookalike_place *places = malloc(room * sizeof *places);
    int64_t count = places ? order_of(s, places) : 0;
    room = (size_t)count + 1;
    uint64_t *hashes = malloc(room * WORDS * sizeof *hashes);
    int32_t *labels = malloc(room * sizeof *labels);
    dc3_near_hash *found = malloc(room * sizeof *found);
    dc3_status status =
        places && hashes && labels && found
            ? compare_hashes(s, places, count, hashes, labels, found)
            : dc3_fail(DC3_ERR_MEMORY, "out of memory to compare %lld images", (long long)s->n);
    free(places), free(hashes), free(labels), free(found);
    return status;
}

static void count_all(dc3_lookalikes *l, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        l->copies += l->images[i].own.kind == DC3_SAME_IMAGE;
        l->near += l->images[i].own.kind == DC3_NEAR_HASH;
        l->conflicts += l->images[i].other.item >= 0;
    }
}

dc3_status dc3_lookalikes_check(int most)
{
    if (most >= DC3_LOOKALIKE_EXACT && most <= DC3_LOOKALIKE_MOST) return DC3_OK;
    return dc3_fail_setting("hash_distance", "expected 0 to %d bits, found %d", DC3_LOOKALIKE_MOST, most);
}

dc3_status dc3_lookalikes_find(dc3_lookalikes *l)
{
    search s = {.l = l, .n = dc3_dataset_size(l->dataset)};
    size_t room = (size_t)s.n + 1;
    dc3_pieces pieces = {.count = (s.n + PIECE - 1) / PIECE,
                         .workers = l->threads,
                         .result_size = PIECE * sizeof(view),
                         .user = &s,
                         .work = read_piece,
                         .take = take_piece};
    l->images = calloc(room, sizeof *l->images);
    s.hashes = malloc(room * WORDS * sizeof *s.hashes);
    s.plain = calloc(room, 1);
    s.same = dc3_same_images_new(l->dataset);
    dc3_status status =
        l->images && s.hashes && s.plain && s.same
            ? dc3_pieces_run(&pieces)
            : dc3_fail(DC3_ERR_MEMORY, "out of memory to compare %lld images", (long long)s.n);
    dc3_same_images_close(&s.same);
    if (status == DC3_OK) status = find_near(&s);
    if (status == DC3_OK) count_all(l, s.n);
    free(s.hashes), free(s.plain);
    return status;
}

void dc3_lookalikes_free(dc3_lookalikes *l)
{
    free(l->images);
    l->images = NULL;
}
