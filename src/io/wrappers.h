/* The words under which programs put a network's weights: keys of a checkpoint's dicts and first parts of
 * names. */
#ifndef DC3_IO_WRAPPERS_H
#define DC3_IO_WRAPPERS_H

#include <stddef.h>

/* How much the weights under `word` (of `length` bytes) are preferred to those under another: 0 is the first
 * choice, -1 is for a word that is not known. An average of the weights (EMA) comes first, as timm has it. */
int dc3_wrapper_rank(const char *word, size_t length);
/* The word of rank i, NULL past the last. */
const char *dc3_wrapper_at(int i);

#endif
