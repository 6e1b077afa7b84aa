/* A user's weights, from a file of whichever kind. */
#ifndef DC3_IO_WEIGHTS_H
#define DC3_IO_WEIGHTS_H

#include "tensor/table.h"

/* What the bytes begin like: "safetensors", "PyTorch checkpoint", "NumPy array", "NumPy arrays", or NULL. */
const char *dc3_weights_kind(const unsigned char *data, size_t size);
/* A safetensors file, a PyTorch checkpoint (pth.h) or NumPy's arrays (npy.h), recognised by content; the
 * shards of a NAME.index.json (or NAME.index.fp16.json); or the weights of a folder of transformers or timm
 * (config.json beside model.safetensors or pytorch_model.bin, or their variant fp16), with a note where the
 * folder says that images are not normalised as ImageNet's. The caller closes the table. */
dc3_status dc3_weights_open(const char *path, dc3_table **table);
/* 1 for the name of an index of shards. */
int dc3_weights_are_index(const char *path);
/* 1 for a folder of transformers or timm, as above. */
int dc3_weights_are_model(const char *folder);
/* The weights of a part of a diffusers directory: folder/stem.safetensors, or the shards that
 * folder/stem.safetensors.index.json lists, or folder/stem.fp16.safetensors; or without any the same as .bin
 * (PyTorch checkpoints, of transformers' "model" called "pytorch_model"), which becomes a note of the table.
 */
dc3_status dc3_weights_open_model(const char *folder, const char *stem, dc3_table **table);

#endif
