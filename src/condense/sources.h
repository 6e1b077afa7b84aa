/* Where the pictures of a run came from. Private to this folder. */
#ifndef DC3_CONDENSE_SOURCES_H
#define DC3_CONDENSE_SOURCES_H

#include "io/dataset.h"
#include "io/json.h"

/* The dataset's numbers of the pictures that the lines of a metadata.jsonl name as source, also of their
 * patches: an object by source, null where the dataset has none of that name. The caller releases it. */
json_t *dc3_sources_find(const json_t *lines, const dc3_dataset *dataset);
/* The number of a source in it, -1: there is none. */
int64_t dc3_sources_item(const json_t *items, const char *source);
/* How a run brought pictures to their size, as its settings say. */
dc3_fit dc3_sources_fit(const json_t *settings);

#endif
