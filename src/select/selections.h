/* The selections that the methods which choose by bins have besides the paper's. */
#ifndef DC3_SELECT_SELECTIONS_H
#define DC3_SELECT_SELECTIONS_H

#include "select/choose.h"

typedef struct dc3_selection_way {
    dc3_chooser *chooser; /* of a whole class, by a teacher's embeddings and logits; NULL: in bins, by
                             select.nested too */
    int bins;             /* 1: it depends on the options `bins` and `components` */
} dc3_selection_way;

/* Of dc3_selection_kind: the words, NULL after the last, and how they choose. */
extern const char *const dc3_selection_names[];
extern const dc3_selection_way dc3_selection_ways[];

#endif
