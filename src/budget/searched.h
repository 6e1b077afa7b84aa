/* What dc3_search found, as dc3.json has it. */
#ifndef DC3_BUDGET_SEARCHED_H
#define DC3_BUDGET_SEARCHED_H

#include "dc3/search.h"
#include "io/json.h"

/* Adds it to the settings, unless it is NULL: "search" with "images_seen", "held_out", "best" (a number of
 * "tried") and "tried", a list of "format", "size", "images", "top1" and, of labels whose precision was
 * tried or given, "label_bits" and "label_top_k". */
void dc3_searched_settings(const dc3_search_found *found, json_t *settings);
/* The same back; 0 where there is none. */
int dc3_searched_read(const json_t *settings, dc3_search_found *found);

/* "webp:30 at 24 px, labels of 8 bits"; returns text. */
enum { DC3_SEARCHED_TEXT = 96 };
const char *dc3_searched_text(const dc3_search_tried *way, dc3_chroma chroma, char text[DC3_SEARCHED_TEXT]);

#endif
