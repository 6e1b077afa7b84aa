/* A hash of what an image shows, which hardly changes when it is resized, compressed anew or made a little
 * brighter, so that near-duplicates differ in few bits.
 *
 * Like pHash (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010) and PDQ
 * (Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019) it has the
 * signs of the low frequencies of the brightness: of an image [h, w],
 *     y = 0.299 r + 0.587 g + 0.114 b,  c_uv = sum_ij y_ij cos(pi (2i + 1) u / 2h) cos(pi (2j + 1) v / 2w),
 * bit 16 u + v is 1 where c_uv > 0, u and v from 0 to 15. Bit 0, of the mean, is always 0. With zero in place
 * of their median a mirrored image has the bits of odd v the other way round, and no others. An image of
 * fewer than 16 pixels a side lacks some of these frequencies: of those that it has, images that have nothing
 * in common would differ in few bits, too. */
#ifndef DC3_METRICS_PERCEPTUAL_HASH_H
#define DC3_METRICS_PERCEPTUAL_HASH_H

#include <stdint.h>

/* SIDE: of the images that are hashed, at most; larger ones are brought to it, whatever their shape. LEAST:
 * at least. */
enum { DC3_PERCEPTUAL_SIDE = 64, DC3_PERCEPTUAL_LEAST = 16, DC3_PERCEPTUAL_WORDS = 4 };

/* Of rgb [height, width, 3], 1 to SIDE each. 0: a side is below LEAST, or these frequencies make less than
 * two levels of 255 (root mean square), as in an image of one colour: their signs are those of noise. Then
 * *hash is all zeros. */
int dc3_perceptual_hash(int width, int height, const uint8_t *rgb, uint64_t hash[DC3_PERCEPTUAL_WORDS]);
/* What a hash is combined with, by exclusive or, to that of the image mirrored left to right. */
void dc3_perceptual_mirror(uint64_t mask[DC3_PERCEPTUAL_WORDS]);

#endif
