/* What a diffusion transformer sees of a patch's place. */
#ifndef DC3_NN_POSITION_EMBEDDING_H
#define DC3_NN_POSITION_EMBEDDING_H

#include <stdint.h>

/* Sinusoids of rows and columns (Peebles and Xie 2023; diffusers' get_2d_sincos_pos_embed): out [h w, c], c a
 * multiple of 4, holds for each patch, row by row, sin and cos of the column's place times 10000^(-i / (c /
 * 4)), i = 0 .. c / 4 - 1, then the same of the row's. Patch i of w stands at i base / w, so that any number
 * of patches spans the places 0 to base - 1 of the number that the network was trained with, and a little.
 * Memory of the host. */
void dc3_position_embedding(int64_t c, int64_t h, int64_t w, int64_t base, float *out);

#endif
