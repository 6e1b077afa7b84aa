/* The words that options take which no other room owns; NULL behind the last. */
#ifndef DC3_OPTIONS_OPTION_NAMES_H
#define DC3_OPTIONS_OPTION_NAMES_H

extern const char *const dc3_compute_names[];   /* --dtype */
extern const char *const dc3_combine_names[];   /* --combine: dc3_combine */
extern const char *const dc3_label_names[];     /* --labels: dc3_label_kind */
extern const char *const dc3_augment_names[];   /* --augment: dc3_augment_kind */
extern const char *const dc3_optimizer_names[]; /* --optimizer: SGD, AdamW */

typedef enum dc3_label_kind { DC3_LABELS_SOFT, DC3_LABELS_STORED, DC3_LABELS_HARD } dc3_label_kind;
typedef enum dc3_augment_kind { DC3_AUGMENT_RDED, DC3_AUGMENT_NONE } dc3_augment_kind;

#endif
