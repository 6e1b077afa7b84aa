/* Where the images of a run came from. Private to this folder. */
#ifndef DC3_RUN_FOLDER_SOURCES_H
#define DC3_RUN_FOLDER_SOURCES_H

#include "io/dataset.h"
#include "io/json.h"

/* The dataset's numbers of the images that the lines of a metadata.jsonl name as source, also of their
 * patches: an object by source, null where the dataset has none of that name. The caller releases it. */
json_t *dc3_sources_find(const json_t *lines, const dc3_dataset *dataset);
/* The numbers of the names that are in `items` already; of several images of one name the last. */
void dc3_sources_number(json_t *items, const dc3_dataset *dataset);
/* The number of a source in it, DC3_SOURCE_MISSING: there is none, DC3_SOURCE_CHANGED: it is another image
 * than the run was made of (origins.h). */
enum { DC3_SOURCE_MISSING = -1, DC3_SOURCE_CHANGED = -2 };
int64_t dc3_sources_item(const json_t *items, const char *source);
/* DC3_ERR_FORMAT, which says that, of a source that has no number. */
dc3_status dc3_sources_lost(const json_t *items, const char *source);
/* How a run brought images to their size, as its settings say. */
dc3_fit dc3_sources_fit(const json_t *settings);
/* 1 if its images are fourfold views, as its settings say. */
int dc3_sources_fourfold(const json_t *settings);
/* Reads the stored image that a line of `train`/metadata.jsonl names (sizes as of dc3_image_read); a name
 * that leads out of `train` is refused. */
dc3_status dc3_sources_stored(const char *train, const json_t *line, int width, int height, dc3_image *image);
/* Its file's bytes, which the caller frees. DC3_ERR_FORMAT where it is not there. */
dc3_status dc3_sources_stored_file(const char *train, const json_t *line, char **data, size_t *size);
/* Bytes of the stored images that the lines name; 0: none are there. */
double dc3_sources_stored_bytes(const char *train, const json_t *lines);

#endif
