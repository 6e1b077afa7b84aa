/* Stored soft labels: for each image some views, what was drawn for them and the teacher's logits of
 * them. The file is described in docs/soft-labels.md. */
#ifndef DC3_LABELS_SOFT_LABELS_H
#define DC3_LABELS_SOFT_LABELS_H

#include "base/output_kind.h"
#include "io/json.h"
#include "views/augment.h"
#include "tensor/table.h"

typedef struct dc3_soft_labels {
    int64_t n, views, classes;
    int64_t top_k; /* logits that are stored of each view; 0: all */
    int bits; /* of a logit: 16 (f16), or 8 (one of 256 even steps from the least to the most of its view) */
    int size; /* pixels of a view's side */
    int32_t *labels; /* [n] class numbers of the images */
    /* [views, n]; a partner is an image's number, its view the one of the same number. */
    dc3_view_params *params;
    uint16_t
        *logits; /* f16 [views, n, classes]; of top_k [views, n, top_k], the largest first; NULL of 8 bits */
    uint8_t *codes;           /* the same of 8 bits, else NULL: a logit is offset + scale * code */
    uint16_t *offset, *scale; /* f16 [views, n] of 8 bits, else NULL */
    int16_t *indices;         /* [views, n, top_k] their classes; NULL where all are stored */
    uint16_t *rest;           /* f16 [views, n] the logit of each other class; NULL where all are stored */
    json_t *info; /* an object; the caller adds "files", a list of n names, and what else is worth saying */
} dc3_soft_labels;

/* New ones, all zero; info says the sizes. DC3_ERR_ARGUMENT where top_k is not below `classes` or classes do
 * not fit their type. bits: 16 or 8. */
dc3_status dc3_soft_labels_new(int64_t n, int64_t views, int64_t classes, int64_t top_k, int bits, int size,
                               dc3_soft_labels *labels);
/* Also what is left after a failure. */
void dc3_soft_labels_free(dc3_soft_labels *labels);
/* Bytes of the file without its names. */
double dc3_soft_labels_bytes(int64_t n, int64_t views, int64_t classes, int64_t top_k, int bits);

/* Keeps logits [classes] of a view. With top_k the probabilities softmax(logits / temperature) of the largest
 * stay as they are and the others get equal parts of what is left: each the logit temperature * log(mean
 * exp(z / temperature)). Of 8 bits a logit is off by at most half a step. DC3_ERR_FORMAT for a value that f16
 * cannot hold. */
dc3_status dc3_soft_labels_put(dc3_soft_labels *labels, int64_t view, int64_t image, double temperature,
                               const float *logits);
/* The logits [classes] of a view, as stored. */
void dc3_soft_labels_get(const dc3_soft_labels *labels, int64_t view, int64_t image, float *logits);

/* Sizes and info of an opened file's table alone, the types and shapes of all its tensors checked; what they
 * hold is not read. The caller frees. */
dc3_status dc3_soft_labels_look(const dc3_table *table, dc3_soft_labels *labels);
/* What is written, and while it is not complete. */
extern const dc3_output_kind dc3_soft_labels_output, dc3_soft_labels_part_output;
/* The file whole or not at all. DC3_ERR_ARGUMENT where an image is too large for the file's types. */
dc3_status dc3_soft_labels_save(const char *path, const dc3_soft_labels *labels);
/* Everything is checked that can be without the images; the caller frees. */
dc3_status dc3_soft_labels_open(const char *path, dc3_soft_labels *labels);
/* 1 if a view has been put here; new ones have none. */
int dc3_soft_labels_has(const dc3_soft_labels *labels, int64_t view, int64_t image);
/* Takes over the views of a file that was saved before all were put: as dc3_soft_labels_open, into new labels
 * of the same sizes (DC3_ERR_ARGUMENT of others), which keep their own info. */
dc3_status dc3_soft_labels_resume(const char *path, dc3_soft_labels *labels);

#endif
