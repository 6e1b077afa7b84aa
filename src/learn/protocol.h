/* What the evaluation protocol of RDED (Sun et al. 2024, its scripts) prescribes, with the batch sizes that
 * the program of DC3 (Wu et al. 2025) has for it. */
#ifndef DC3_LEARN_PROTOCOL_H
#define DC3_LEARN_PROTOCOL_H

#include <stdint.h>

/* Of soft labels. */
#define DC3_PROTOCOL_TEMPERATURE 20.0
/* Learning rate of AdamW for a student's architecture. */
double dc3_protocol_lr(const char *arch);
/* Images a batch for so many images in so many classes; never above the number of images. RDED's own are
 * smaller (10, 50, 100 with ten classes and IPC 1, 10, 50), so that its students take two to five times the
 * steps. */
int dc3_protocol_batch(int64_t images, int64_t classes);
/* 1 up to 64 pixels, as its scripts have it for CIFAR and Tiny-ImageNet, else 2. */
int dc3_protocol_factor(int size);

#endif
