/* Hashes of 256 bits that differ in few bits: near-duplicates among images (metrics/perceptual_hash.h). */
#ifndef DC3_LOOKALIKES_NEAR_HASHES_H
#define DC3_LOOKALIKES_NEAR_HASHES_H

#include <stdint.h>
#include "base/status.h"

enum { DC3_HASH_WORDS = 4, DC3_HASH_MOST = 64 };

/* What a hash is near to. */
typedef struct dc3_near_hash {
    int64_t first; /* the first before it of its label that stands for itself; itself: there is none */
    int64_t other; /* the first before it of another label that stands for itself; -1: there is none */
    int16_t bits, other_bits;        /* in which they differ */
    int8_t mirrored, other_mirrored; /* 1: in which one and the other combined with `mirror` differ */
} dc3_near_hash;

typedef struct dc3_near_hashes {
    int64_t n;
    const uint64_t *hashes;          /* [n, 4] */
    const int32_t *labels;           /* [n] */
    uint64_t mirror[DC3_HASH_WORDS]; /* another form of a hash, by exclusive or; zeros: there is none */
    int most;                        /* bits in which near ones differ, 0 to DC3_HASH_MOST */
    int threads;                     /* the result does not depend on it */
    void (*progress)(void *user, int64_t done); /* by the calling thread; NULL: nobody hears */
    void *user;
} dc3_near_hashes;

/* found [n]: the leader algorithm as in near.h, one after the other, in each label: a hash stands for itself
 * or for the first before it that does and from which it, or it combined with `mirror`, differs in `most`
 * bits or fewer. Exact, by multi-index hashing (Norouzi, Punjani and Fleet, "Fast search in Hamming space
 * with multi-index hashing", CVPR 2012): of 16 parts of 16 bits at least one differs in most / 16 bits or
 * fewer, and only hashes that have such a part are compared. Memory: 64 bytes for each hash and 4 MB.
 * DC3_ERR_MEMORY, DC3_ERR_CANCELLED. */
dc3_status dc3_near_hashes_find(const dc3_near_hashes *of, dc3_near_hash *found);

#endif
