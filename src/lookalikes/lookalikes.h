/* Images of a dataset that are the same or nearly, and which of them stay.
 *
 * First the same images (io/same_images.h): of those of a class the first by its name stands for all. Then,
 * of those that stand for themselves, near-duplicates by their perceptual hashes (metrics/perceptual_hash.h),
 * mirrored ones too: of those of a class the largest, of equally large ones the first by its name, stands for
 * itself, and then one after the other in this order for itself or for the first before it that does and to
 * which it is near (lookalikes/near_hashes.h). So each image that goes is near to one of its class that
 * stays, unless that is near to a larger one of its own features (see dc3_likeness). Images of different
 * classes never stand for one another: which label is right nobody but the user knows. */
#ifndef DC3_LOOKALIKES_LOOKALIKES_H
#define DC3_LOOKALIKES_LOOKALIKES_H

#include "dc3/listener.h"
#include "io/dataset.h"

/* Bits of 256 in which hashes of near-duplicates differ, by default and at most; EXACT: none are looked for.
 * SIDE: pixels, below which an image has no hash. */
enum { DC3_LOOKALIKE_BITS = 31, DC3_LOOKALIKE_MOST = 64, DC3_LOOKALIKE_EXACT = -1, DC3_LOOKALIKE_SIDE = 16 };

typedef enum dc3_likeness_kind {
    DC3_UNLIKE, /* no image */
    DC3_SAME_IMAGE,
    DC3_NEAR_HASH,
    DC3_NEAR_FEATURES /* by embeddings; not of dc3_lookalikes_find */
} dc3_likeness_kind;

/* What an image is like. */
typedef struct dc3_likeness {
    int64_t item; /* -1: none */
    dc3_likeness_kind kind;
    int bits, mirrored; /* of DC3_NEAR_HASH: in which they differ, 1: one mirrored */
    double cosine;      /* of DC3_NEAR_FEATURES */
} dc3_likeness;

typedef struct dc3_lookalike {
    int width, height;  /* its own; 0: it cannot be read */
    dc3_likeness own;   /* of its class, that stands for it; item -1: it stands for itself */
    dc3_likeness other; /* of another class, that is the same or near */
} dc3_lookalike;

typedef struct dc3_lookalikes {
    const dc3_dataset *dataset;
    int most; /* bits, 0 to DC3_LOOKALIKE_MOST, or DC3_LOOKALIKE_EXACT */
    int threads;
    const dc3_listener *listener;
    dc3_status (*skip)(void *user, int64_t item, const char *reason); /* of an image that cannot be read; its
                                                                         failure ends the search */
    void *user;
    dc3_lookalike *images; /* [size of the dataset] */
    int64_t copies, near;  /* images that do not stand for themselves, by what they are like */
    int64_t conflicts;     /* that are the same as one of another class, or near to it */
    int64_t plain;         /* that have too little to hash (dc3_perceptual_hash) */
} dc3_lookalikes;

/* An image in the order in which they stand for themselves, and that order, for qsort: the largest first, of
 * equally large ones the first by its number. */
typedef struct dc3_lookalike_place {
    int64_t pixels, item;
} dc3_lookalike_place;
int dc3_lookalike_by_size(const void *a, const void *b);

/* DC3_ERR_OPTION about hash_distance unless `most` is as above. */
dc3_status dc3_lookalikes_check(int most);
/* Fills what follows `user`, empty before; free it always. Reads all images once, and those that may be the
 * same again. The listener hears of the stages "images" and "hashes". The result does not depend on the
 * threads. */
dc3_status dc3_lookalikes_find(dc3_lookalikes *lookalikes);
void dc3_lookalikes_free(dc3_lookalikes *lookalikes);

#endif
