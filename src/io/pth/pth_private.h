/* The steps from a checkpoint's bytes to its tensors. */
#ifndef DC3_IO_PTH_PRIVATE_H
#define DC3_IO_PTH_PRIVATE_H

#include "io/pth/pth_pickle.h"
#include "tensor/table.h"

enum { DC3_PTH_NAME = 512 };

typedef struct dc3_pth_file {
    const char *origin;
    const unsigned char *data;
    size_t size;
    dc3_table *parts;          /* u8 views of the file: the zip's members, or the storages by key */
    char prefix[DC3_PTH_NAME]; /* before a storage's key in parts */
    char packed[DC3_PTH_NAME]; /* the first member that is compressed, which is none of torch.save's; "" */
    dc3_table *table;          /* the result */
} dc3_pth_file;

/* Fills the file's parts from its form and adds its tensors. */
dc3_status dc3_pth_zip(dc3_pth_file *file);
dc3_status dc3_pth_legacy(dc3_pth_file *file);
/* Refuses the file because of its compressed member. */
dc3_status dc3_pth_packed(const dc3_pth_file *file);
/* The part of a pickle's root that is the state dict: a dict, or a network saved as a whole. */
dc3_status dc3_pth_choose(const dc3_pth_file *file, const dc3_pickle_value *root,
                          const dc3_pickle_value **found);
/* 1 for a dict of rows to select from: "embeddings" and "labels", of which NumPy arrays and lists of integers
 * are tensors too. */
int dc3_pth_is_rows(const dc3_pickle_value *value);
/* Called for each TENSOR and ODD of it, of rows for each LIST too; `exact`: the name has no other characters
 * than printable ASCII and was not cut. */
typedef dc3_status dc3_pth_visitor(void *user, const char *name, int exact, const dc3_pickle_value *value);
dc3_status dc3_pth_visit(const dc3_pickle_value *found, dc3_pth_visitor *visit, void *user);
/* Finds the state dict in a pickle's root and adds its tensors to the table. */
dc3_status dc3_pth_take(const dc3_pth_file *file, const dc3_pickle_value *root);
/* Adds data[at, at + size) to the parts; the caller has checked it. */
dc3_status dc3_pth_part(const dc3_pth_file *file, const char *name, size_t at, size_t size);

#endif
