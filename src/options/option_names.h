/* The words that options take which no other room owns; NULL behind the last. */
#ifndef DC3_OPTIONS_OPTION_NAMES_H
#define DC3_OPTIONS_OPTION_NAMES_H

#include "base/status.h"
#include "dc3/choices.h"

extern const char *const dc3_compute_names[];      /* --dtype */
extern const char *const dc3_store_names[];        /* --store: dc3_store_kind */
extern const char *const dc3_balance_names[];      /* --balance: dc3_balance */
extern const char *const dc3_combine_names[];      /* --combine: dc3_combine */
extern const char *const dc3_compensation_names[]; /* --compensation: dc3_compensation_kind */
extern const char *const dc3_detail_names[];       /* --detail: dc3_detail */
extern const char *const dc3_label_names[];        /* --labels: dc3_label_kind */
extern const char *const dc3_augment_names[];      /* --augment: dc3_augment_kind */
extern const char *const dc3_recipe_names[];       /* --recipe: dc3_recipe_kind */
extern const char *const dc3_loss_names[];         /* --loss: dc3_loss_kind */
extern const char *const dc3_lr_schedule_names[];  /* --schedule: dc3_lr_schedule */
extern const char *const dc3_optimizer_names[];    /* --optimizer: SGD, AdamW */

/* DC3_ERR_OPTION unless `value` is a constant of the setting (dc3_option_names) or, where there is a
 * default apart from them, -1. */
dc3_status dc3_option_check(const char *setting, int value, int has_default);

#endif
