/* PyTorch checkpoints (torch.save): the zip archive that it writes since 1.6 and the plain sequence of
 * pickles before. Their pickles are read by a machine that executes nothing (pth_pickle.h). */
#ifndef DC3_IO_PTH_H
#define DC3_IO_PTH_H

#include "tensor/table.h"

/* Maps the file and adds the tensors of its state dict: the whole pickle where that is a dict of tensors,
 * else the one dict of tensors in it, or of several the one under a usual key ("state_dict", "model", "net",
 * "teacher", ...). "module." goes where all names begin with it. What else the checkpoint holds is skipped;
 * globals that tensors do not need are refused, and so are compressed members, big-endian files and all sizes
 * that do not fit the file. Tensors are views of the file; those that are not contiguous or not aligned are
 * copied, which in all takes no more than the file's size. The caller closes the table. */
dc3_status dc3_pth_open(const char *path, dc3_table **table);
/* The same for a file in memory, which must outlive the table. */
dc3_status dc3_pth_parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table);
/* 1 where bytes begin like one of both forms. */
int dc3_pth_probe(const unsigned char *data, size_t size);

#endif
