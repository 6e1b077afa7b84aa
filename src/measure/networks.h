/* The networks that look at every image: the teacher and Inception. */
#ifndef DC3_MEASURE_NETWORKS_H
#define DC3_MEASURE_NETWORKS_H

#include "measure/subject.h"

/* The networks that the options name. */
dc3_status dc3_networks_open(dc3_measuring *m);
void dc3_networks_close(dc3_measuring *m);
/* size * size * 3 */
size_t dc3_view_values(const dc3_network *network);
/* What network `k` sees of an image: to [size, size, 3], in 0 to 1 for the teacher. */
dc3_status dc3_network_view(const dc3_measuring *m, int k, const dc3_image *image, float *to);
/* Network `k` on views of DC3_MEASURE_BATCH images, which it changes: embeddings and logits as in
 * dc3_network. An image's answer does not depend on the others. */
dc3_status dc3_network_run(dc3_measuring *m, int k, float *views, float *embeddings, float *logits);

#endif
