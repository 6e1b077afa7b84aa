/* The steps from a checkpoint's bytes to its tensors. */
#ifndef DC3_IO_PTH_PRIVATE_H
#define DC3_IO_PTH_PRIVATE_H

#include "io/pth_pickle.h"
#include "tensor/table.h"

enum { DC3_PTH_NAME = 512 };

typedef struct dc3_pth_file {
    const char *origin;
    const unsigned char *data;
    size_t size;
    dc3_table *parts;          /* u8 views of the file: the zip's members, or the storages by key */
    char prefix[DC3_PTH_NAME]; /* before a storage's key in parts */
    dc3_table *table;          /* the result */
} dc3_pth_file;

/* Fills the file's parts from its form and adds its tensors. */
dc3_status dc3_pth_zip(dc3_pth_file *file);
dc3_status dc3_pth_legacy(dc3_pth_file *file);
/* Finds the state dict in a pickle's root and adds its tensors to the table. */
dc3_status dc3_pth_take(const dc3_pth_file *file, const dc3_pickle_value *root);
/* Adds data[at, at + size) to the parts; the caller has checked it. */
dc3_status dc3_pth_part(const dc3_pth_file *file, const char *name, size_t at, size_t size);

#endif
