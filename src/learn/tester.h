/* The accuracy of networks whose logits are averaged. */
#ifndef DC3_LEARN_TESTER_H
#define DC3_LEARN_TESTER_H

#include "learn/ensemble.h"
#include "learn/trainer.h"

/* As dc3_test_classifier, of networks that see the images, brought to `size`, at their own sizes: the
 * accuracy of each [nets->count], and that of their averaged logits. */
dc3_status dc3_test_ensemble(dc3_ctx *ctx, const dc3_ensemble *nets, dc3_images *images, int size,
                             dc3_accuracy *each, dc3_accuracy *mean);

#endif
