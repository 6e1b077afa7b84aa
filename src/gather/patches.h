/* The originals of an image that is made of crops. */
#ifndef DC3_GATHER_PATCHES_H
#define DC3_GATHER_PATCHES_H

#include "gather/gather.h"

/* Of a line of metadata.jsonl: how many crops the image is made of; 0: of a whole image. */
int dc3_gather_patches(const json_t *line);
/* 1: what is shown as its original lies under it, pixel by pixel. */
int dc3_gather_is_aligned(const json_t *line);
/* The originals in the order of the crops, as many across as down, in at most size x size pixels: of an image
 * that was edited, which shows by itself which crops it has, these; else the whole images that they are of.
 * The caller frees it. */
dc3_status dc3_gather_read_patches(const dc3_reporting *r, const json_t *line, int size, dc3_image *image);

#endif
