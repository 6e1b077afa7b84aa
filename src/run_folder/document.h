/* dc3.json and train/metadata.jsonl, which say what a run folder holds. */
#ifndef DC3_RUN_FOLDER_DOCUMENT_H
#define DC3_RUN_FOLDER_DOCUMENT_H

#include "io/json.h"

enum { DC3_DOCUMENT_LIMIT = 1 << 24 }; /* bytes of dc3.json */

/* Reads dc3.json of the folder `run`; the caller releases it. DC3_ERR_IO where there is none. */
dc3_status dc3_document_read(const char *run, json_t **document);
/* The document of the folder of a run or a comparison, dc3.json or compare.json, which the caller releases;
 * NULL: there is none that can be read. *path: where it is, or would be; the caller's, by free. */
json_t *dc3_document_of(const char *folder, char **path);
/* DC3_ERR_FORMAT unless `object`, what the file `document` holds, says that the run is complete; names the
 * process that works on it, if one does. */
dc3_status dc3_check_complete(const char *document, const json_t *object);
/* Of compare.json's settings leaves out the numbers that nothing was given for, which it has as 0 or -1, and
 * which scores the last call wanted. */
void dc3_document_drop_unset(json_t *settings);
/* The member of compare.json with the names of files of which its settings have fingerprints, by the
 * settings' keys: puts them in the fingerprints' place. A comparison of an earlier version has none. */
extern const char dc3_document_names[];
void dc3_document_use_names(json_t *settings);
/* Hands out the lines of `train`/metadata.jsonl, or of the shards in its place (shards.h), one at a time, as
 * dc3_json_each_line does: all of a large run's take gigabytes. */
dc3_status dc3_metadata_each(const char *train, dc3_json_take *take, void *user);
/* All of them as a list of objects; the caller releases it, also after a failure. */
dc3_status dc3_metadata_read(const char *train, json_t **lines);

#endif
