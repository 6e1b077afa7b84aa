/* What random and calibrated compensation share. */
#ifndef DC3_METHODS_COMPENSATE_H
#define DC3_METHODS_COMPENSATE_H

#include "methods/method.h"

/* Whether the report would show the edits of this image. */
int dc3_saves_edits(const dc3_run *run, const dc3_part *part);
/* Adds "prompts" and "seeds", warm ones first, to an image's line of metadata.jsonl. */
void dc3_describe_edits(int count, const char *const *prompts, const uint64_t *seeds, json_t *line);
/* Adds to the settings in dc3.json which compensation it is, and what its edits depend on. */
void dc3_compensation_settings(const dc3_run *run, dc3_compensation_kind kind, json_t *settings);

#endif
