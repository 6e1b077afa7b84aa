/* The ways to spend a budget that a search tries. */
#ifndef DC3_SEARCH_WAYS_H
#define DC3_SEARCH_WAYS_H

#include "dc3/search.h"

/* Lists them: of those that dc3_search names what the options leave open, images of `usual` pixels first.
 * With `labels` students learn from the soft labels that the budget is for, of `classes` classes, and the
 * precision of these is among them. */
void dc3_ways_list(const dc3_condense_options *options, int usual, int labels, int classes,
                   dc3_search_found *found);
/* 1 if both are stored alike. */
int dc3_way_same(const dc3_search_tried *a, const dc3_search_tried *b);
dc3_chroma dc3_way_chroma(const dc3_condense_options *options, const dc3_search_tried *way);

/* The folder of its set below `place`; the caller frees. */
char *dc3_way_folder(const dc3_search_tried *way, const char *place);

#endif
