/* A user's checkpoint, of whichever kind. */
#ifndef DC3_IO_CHECKPOINT_H
#define DC3_IO_CHECKPOINT_H

#include "tensor/table.h"

/* A safetensors file or a PyTorch checkpoint (pth.h), told apart by content. The caller closes the table. */
dc3_status dc3_checkpoint_open(const char *path, dc3_table **table);

#endif
