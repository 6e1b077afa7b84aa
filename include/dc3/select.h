/* Selection of a few rows of each class: bins by clustering, then submodular maximisation in each bin. */
#ifndef DC3_SELECT_H
#define DC3_SELECT_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/cancel.h"
#include "dc3/choices.h"
#include "dc3/export.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dc3_select_options {
    size_t struct_size; /* set by dc3_select_defaults; not to be changed */
    int ipc;            /* rows to select for each class, 1 or more; default 10 */
    int bins;           /* clusters a class, 1 or more; default 10; not nested never more than ipc */
    int components;     /* of the PCA before the clustering, default 50 */
    dc3_objective objective;
    dc3_maximizer maximizer;
    dc3_gradient gradient;
    double lambda;  /* of the graph cut, default 1 */
    double epsilon; /* of stochastic greedy: it looks at rows / picks * ln(1 / epsilon) rows a time; default
                       0.9 */
    double beta;    /* of approximate lazy greedy, default 0.9 */
    uint64_t seed;
    int threads;              /* 1 to 1024; the result does not depend on it */
    int strict;               /* refuse a class of fewer than ipc rows, instead of repeating rows */
    const dc3_cancel *cancel; /* once it is set the selection stops with DC3_ERR_CANCELLED; NULL: nothing
                                 stops it */
    int nested; /* 1: the first rows of each class are those of a smaller ipc. The first is the best of the
                   whole class, as with ipc 1 and no bins given; the bins are `bins` for any ipc and give a
                   row each in turn: that of the first, then the largest to the smallest. Not with
                   DC3_STOCHASTIC_GREEDY. 0: as the paper has it, with min(bins, ipc) bins. Default -1: 1,
                   with DC3_STOCHASTIC_GREEDY 0 */
} dc3_select_options;

DC3_API dc3_select_options dc3_select_defaults(void);

typedef struct dc3_selection {
    int64_t count;
    int64_t *rows;     /* [count], by class, then by turns (not nested: by bin), in the order chosen;
                          a repeated row stands at its class's end */
    int64_t repeated;  /* how many of them repeat a row, because a class has too few */
    size_t peak_bytes; /* the most memory that the selection itself held */
    double *gains; /* [count] what each row added to the objective of its bin when it was chosen, F(S + j) -
                      F(S); NaN for a repeated row and for a method that maximises nothing */
} dc3_selection;

/* embeddings [n, d] and, for gradients of a last linear layer, logits [n, c] (NULL: similarity is the cosine
 * of the embeddings); labels [n] are class numbers (with logits 0..c-1); bins [n] are bin numbers within each
 * class (NULL: bins come from PCA and k-means of the embeddings). Exactly ipc rows for each class that
 * occurs. On success the caller frees with dc3_selection_free. DC3_ERR_OPTION for a setting out of range,
 * DC3_ERR_ARGUMENT for another argument, DC3_ERR_FORMAT for values that are not finite. */
DC3_API dc3_status dc3_select_rows(const dc3_select_options *options, int64_t n, int64_t d, int64_t c,
                                   const float *embeddings, const float *logits, const int64_t *labels,
                                   const int64_t *bins, dc3_selection *selection);
DC3_API void dc3_selection_free(dc3_selection *selection);

/* The bins alone, as dc3_select_rows makes them where it is given none: bins [n], memory of the caller,
 * numbers from 0 in each class, at most options->bins of them, not nested min(options->bins, options->ipc);
 * of the options also components, seed, threads, nested and maximizer count. Selections of the same
 * rows may be handed them. */
DC3_API dc3_status dc3_select_bins(const dc3_select_options *options, int64_t n, int64_t d,
                                   const float *embeddings, const int64_t *labels, int64_t *bins);

/* As dc3_select_rows for a file with tensors embeddings [n, d], logits [n, c] (or none), labels [n] and, if
 * there, bins [n]: safetensors, .npz or a PyTorch checkpoint; or for the .npy of the embeddings, with
 * labels.npy (and logits.npy, bins.npy) beside it. Embeddings and logits of f16, bf16, f64 and integers of 8
 * and 16 bits become f32; labels and bins are integers of any size. */
DC3_API dc3_status dc3_select_file(const dc3_select_options *options, const char *path,
                                   dc3_selection *selection);
/* The same, and writes {"selected": [row, ..]} to the file `out`; `force` replaces a file there that dc3 did
 * not write. That it may be written is checked before the work (DC3_ERR_OPTION). */
DC3_API dc3_status dc3_select_file_to(const dc3_select_options *options, const char *path, const char *out,
                                      int force, dc3_selection *selection);

#ifdef __cplusplus
}
#endif
#endif
