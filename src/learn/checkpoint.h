/* Training checkpoints: one safetensors file with all that a training run needs to resume as if it had not
 * stopped, to the bit; and the export of a trained module. */
#ifndef DC3_LEARN_CHECKPOINT_H
#define DC3_LEARN_CHECKPOINT_H

#include "base/output_kind.h"
#include "learn/ema.h"
#include "learn/optimizer.h"

/* What dc3_export and dc3_checkpoint_save write. */
extern const dc3_output_kind dc3_weights_output, dc3_checkpoint_output;
/* Under which a checkpoint's texts have the counters. */
extern const char dc3_checkpoint_key[];

/* PATH.checkpoint, where what will be written to `path` is kept until it is complete; the caller frees, NULL
 * without memory. */
char *dc3_checkpoint_beside(const char *path);

/* What a checkpoint holds. Nothing in it is owned. */
typedef struct dc3_training {
    dc3_param *params; /* parameters and buffers */
    size_t count;
    dc3_optimizer *optimizer; /* or NULL */
    dc3_ema *ema;             /* or NULL */
} dc3_training;

/* Writes `path`, the file whole or not at all. `counters` is the text of a JSON object with what the caller
 * counts (epoch, step, seed), or NULL for "{}". The tensors are "model.NAME" and those of dc3_optimizer_state
 * and dc3_ema_state; the counters and a hash of everything stand in the metadata. DC3_ERR_ARGUMENT for
 * counters that are no JSON object and while averages are swapped in; DC3_ERR_IO if the file cannot be
 * written: then the one that was there is unharmed. */
dc3_status dc3_checkpoint_save(const char *path, const dc3_training *training, const char *counters);

/* Puts everything back in its place: the file must have exactly the tensors that dc3_checkpoint_save would
 * write now, in name, type and shape. Raises the weights' versions. The counters come in *counters, which the
 * caller frees; it may be NULL. Nothing changes and *counters is NULL after a failure: DC3_ERR_IO, or
 * DC3_ERR_FORMAT for a file that is damaged or of another run. */
dc3_status dc3_checkpoint_load(const char *path, const dc3_training *training, char **counters);

/* The counters of a checkpoint alone, of whatever training, for the caller to free. */
dc3_status dc3_checkpoint_counters(const char *path, char **counters);

/* Writes parameters and buffers only, under their own names: what PyTorch's load_state_dict takes; at how
 * many pixels of an image's side they were trained (dc3_classifier_size_key); and further texts, pairs of key
 * and text with {NULL} behind the last, or NULL. For the averages, swap them in first. */
dc3_status dc3_export(const char *path, const dc3_param *params, size_t count, int size,
                      const char *const (*texts)[2]);

#endif
