/* The crops that a teacher is surest of, which stand for their images, as RDED (Sun, Shi, Li and Guo, "On the
 * Diversity and Realism of Distilled Dataset: An Efficient Dataset Distillation Paradigm", CVPR 2024) and its
 * program (LINs-lab/RDED, synthesize/) have them: of an image run->crops random squares (area 0.08 to 1 of
 * the image's, RandomResizedCrop with ratio 1) are scaled to 1 / factor of the side at which the teacher sees
 * images and put in the middle of ImageNet's mean colour; the one with the lowest cross-entropy of the
 * teacher's softmax stands for the image, of two that are alike the one drawn first. Ours: the loss in double
 * precision from the logits, so that a sure teacher's crops do not tie at 0. Where the teacher sees another
 * size than is stored, a crop is scaled for each. Cost: run->crops teacher passes an image. */
#ifndef DC3_FEATURES_CROPS_H
#define DC3_FEATURES_CROPS_H

#include "features/part.h"

/* Crops of an image: RDED's, and the most. */
enum { DC3_CROPS = 5, DC3_CROPS_MOST = 100 };
extern const double dc3_crop_area[2]; /* least and most part of an image's area */

/* The box and the loss of parts [n], by their items and repeats: a repeat has other crops of the same image.
 * The same for any number of threads. DC3_ERR_IO where an image cannot be read. */
dc3_status dc3_run_best_crops(dc3_run *run, int64_t n, dc3_part *parts);
/* The same of all images: run->boxes and run->losses. An image that cannot be read has none, and is whoever's
 * business who reads it next. */
dc3_status dc3_run_crop_all(dc3_run *run);
/* Takes copies of what an earlier run found, [dataset] of both; without memory there are none. */
void dc3_run_take_crops(dc3_run *run, const dc3_box *boxes, const double *losses);

#endif
