/* safetensors files: an 8-byte little-endian header size, a JSON header, then the tensors' bytes. */
#ifndef DC3_IO_SAFETENSORS_H
#define DC3_IO_SAFETENSORS_H

#include "tensor/table.h"

/* Maps the file and adds every tensor as a view of it; a tensor that is not aligned to its type is copied.
 * The strings of the header's __metadata__ become the table's texts. All sizes and offsets are checked
 * against the file first. The caller closes the table. */
dc3_status dc3_safetensors_open(const char *path, dc3_table **table);
/* Writes the whole table (file whole or not at all), in the order of the table; its texts as __metadata__. */
dc3_status dc3_safetensors_save(const char *path, const dc3_table *table);
/* Checks a header in memory against a file of `file_size` bytes: what dc3_safetensors_open does, for tests
 * and fuzzing. */
dc3_status dc3_safetensors_parse(const char *origin, const unsigned char *data, size_t file_size,
                                 dc3_table *table);

#endif
