/* How the tensors of a classifier are called in files of other programs. Private to this folder. */
#ifndef DC3_NN_CLASSIFIER_NAMES_H
#define DC3_NN_CLASSIFIER_NAMES_H

#include "nn/classifiers/classifier_private.h"

/* A way to name the tensors of a family. */
typedef struct dc3_naming {
    const dc3_classifier_kind *kind; /* NULL: one that dc3 does not have, `program` says which */
    const char *const *marks;        /* names that tell it, NULL after the last; all must be there */
    /* The family's name of `name`, in text [DC3_NAME_SIZE] or `name` itself; NULL: the same for all. A third
     * of a tensor (queries, keys, values) is the tensor's name and "#0", "#1", "#2" (dc3_join_parts). */
    const char *(*map)(const dc3_table *table, const char *prefix, const char *name, char *text);
    const char *program; /* whose names they are, for notes; NULL: torchvision's */
    int64_t only;        /* pixels of a side at which it is the same network; 0: all that the family takes */
    float eps;           /* of its layer norms; 0: the family's */
} dc3_naming;

/* The first of pairs (part, other) where `part` is `name` or what it begins with before a dot, exchanged,
 * with `before` in front; `whole` if none is and `before` is empty. */
const char *dc3_renamed(const char *name, const char *const *pairs, const char *before, const char *whole,
                        char *text);
/* Maps of names, as above (names_transformers.c). */
const char *dc3_names_vit_transformers(const dc3_table *, const char *prefix, const char *name, char *text);
const char *dc3_names_resnet_transformers(const dc3_table *, const char *prefix, const char *name,
                                          char *text);
const char *dc3_names_swin_transformers(const dc3_table *, const char *prefix, const char *name, char *text);

/* The namings of timm, transformers and programs for CIFAR, in the order they are tried; NULL past the last.
 */
const dc3_naming *dc3_naming_at(int i);

/* The naming whose marks the table holds behind some prefix, in prefix [DC3_NAME_SIZE]; NULL if there is
 * none. */
const dc3_naming *dc3_find_naming(const dc3_table *table, char *prefix);
/* The layer of a table that is the last of a network below `prefix`, found by its usual names there and
 * around it; into head [DC3_NAME_SIZE], empty if there is none. Of more than one layer, `several` names two.
 */
void dc3_find_head(const dc3_table *table, const dc3_classifier_kind *kind, const char *prefix, char *head,
                   char *several);

/* The first matrices that stand beside the network's parts or around them, of which one may be the last layer
 * by a name that dc3_find_head does not look for, as "'cls' [10, 512], 'proj' [8, 512]"; "" for none. */
void dc3_say_other_heads(const dc3_table *table, const dc3_classifier_kind *kind, const char *prefix,
                         char *text, size_t size);

/* What a table of a file holds. */
typedef struct dc3_classifier_names {
    const dc3_classifier_kind *kind; /* NULL: no network that dc3 has */
    const char *relative;            /* but this one, if not NULL */
    int64_t only;                    /* as above */
    float eps;                       /* as above */
    char missing[512];               /* what of the last layer is not there, as a part of a sentence; "" */
} dc3_classifier_names;
/* Replaces *table by one with the family's names, which owns the first, and notes what it found. */
dc3_status dc3_classifier_take_names(dc3_table **table, dc3_classifier_names *names);

/* Adds the wholes of tensors that came in parts. Biases that a network has for queries and values alone get
 * zeros for the keys, as Swin V2's. */
dc3_status dc3_join_parts(dc3_table *table);
/* 1 if weights are stored as factors (dc3_multiply_factors). */
int dc3_has_factors(const dc3_table *table);
/* Adds "X.weight" for the factors of PyTorch's weight norm and pruning, with a note: g v / |v| of each row
 * ("X.weight_g", "X.weight_v", or "X.parametrizations.weight.original0", "..original1"; Salimans and Kingma
 * 2016), and "X.weight_orig" times "X.weight_mask". */
dc3_status dc3_multiply_factors(dc3_table *table);
/* Adds a matrix [rows, columns], both above 0, as [columns, rows], with a note that it is the last layer's.
 */
dc3_status dc3_add_turned(dc3_table *table, const char *name, dc3_tensor matrix);
/* A layer without a bias gets zeros for one, with a note. */
dc3_status dc3_add_zero_bias(dc3_table *table, const char *layer);

#endif
