/* The Inception v3 (Szegedy et al. 2016) that the Inception score, FID and KID are defined by: the network of
 * 2015-12-05 as pytorch-fid and torch-fidelity hold it. It differs from torchvision's in its pools: averages
 * leave the padding out, and the last block takes the largest value. */
#ifndef DC3_NN_INCEPTION_H
#define DC3_NN_INCEPTION_H

#include "ops/ops.h"
#include "tensor/table.h"

enum { DC3_INCEPTION_SIZE = 299, DC3_INCEPTION_FEATURES = 2048, DC3_INCEPTION_CLASSES = 1008 };

typedef struct dc3_inception dc3_inception;

/* From tensors named as in pt_inception-2015-12-05 (Conv2d_1a_3x3.conv.weight, Mixed_5b. ..., fc.weight).
 * Takes over `table`, also on failure, and nulls it. DC3_ERR_FORMAT for those of another network, also for
 * torchvision's, which tells 1000 classes apart. */
dc3_status dc3_inception_open(const dc3_device *device, dc3_table **table, dc3_inception **net);
/* Before the context that it ran in is closed. Accepts NULL; nulls. */
void dc3_inception_close(dc3_inception **net);
/* What the network sees of rgb [height, width, 3]: view [299, 299, 3] in -1 to 1, by bilinear interpolation
 * between the centres of pixels, all of the image and without smoothing (pytorch-fid). */
void dc3_inception_view(int width, int height, const uint8_t *rgb, float *view);
/* views [n, 299, 299, 3]. Returns logits [n, 1008] without the bias, as the Inception score takes them;
 * *features [n, 2048]. */
dc3_tensor dc3_inception_of(dc3_ctx *ctx, dc3_inception *net, dc3_tensor views, dc3_tensor *features);

#endif
