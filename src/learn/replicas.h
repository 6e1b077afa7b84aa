/* Training steps of several replicas of a network, each on a part of the batch: their gradients are averaged
 * in the order of the parts (ranks/sum.h), whichever ranks computed them, so that all replicas stay the same.
 * Batch norms see one part; their running statistics become the averages of those that the parts lead to. */
#ifndef DC3_LEARN_REPLICAS_H
#define DC3_LEARN_REPLICAS_H

#include "nn/param.h"

typedef struct dc3_replicas dc3_replicas;

/* Whether all ranks go on after the same step, with the same parameters and buffers (ranks/agree.h). */
dc3_status dc3_replicas_agree(const dc3_param *params, size_t count, int64_t step);
/* Of the parameters and buffers `params` [count], which stay as they are; `parts` parts, 1 or more, at least
 * one for each rank. Takes twice the memory of `params`. */
dc3_status dc3_replicas_open(const dc3_param *params, size_t count, int parts, dc3_replicas **replicas);
/* Accepts NULL; nulls. */
void dc3_replicas_close(dc3_replicas **replicas);
/* Whether this rank computes a part. */
int dc3_replicas_have(const dc3_replicas *replicas, int part);
/* Before a step's parts. */
dc3_status dc3_replicas_begin(dc3_replicas *replicas);
/* Takes the gradients of a part, which began with zeros, and its loss; parts in ascending order. Their weight
 * is 0 where the part has no images: then there are none. The buffers are again as they were at the
 * beginning.
 */
dc3_status dc3_replicas_add(dc3_replicas *replicas, int part, double weight, double loss);
/* After this rank's parts: the gradients become the mean of all parts by their weights, as do the buffers and
 * *loss; *weight: all of them together. Where that is 0 gradients and buffers stay as they are. */
dc3_status dc3_replicas_join(dc3_replicas *replicas, double *loss, double *weight);

#endif
