/* The accuracy of networks whose logits are averaged. */
#ifndef DC3_LEARN_TESTER_H
#define DC3_LEARN_TESTER_H

#include "learn/ensemble.h"
#include "learn/trainer.h"

/* As dc3_test_classifier, of networks that see the images, brought to `size`, at their own sizes: the
 * accuracy of each [nets->count], and that of their averaged logits. */
dc3_status dc3_test_ensemble(dc3_ctx *ctx, const dc3_ensemble *nets, dc3_images *images, int size,
                             dc3_accuracy *each, dc3_accuracy *mean);
/* As dc3_test_classifier, and *mirrored: the accuracy of the mean of the logits of an image and of its mirror
 * image, for twice the time. (Test-time flip, as records of fast training report; Jordan 2024.) */
dc3_status dc3_test_mirrored(dc3_ctx *ctx, dc3_classifier *net, dc3_images *images, int size,
                             dc3_accuracy *accuracy, dc3_accuracy *mirrored);

#endif
