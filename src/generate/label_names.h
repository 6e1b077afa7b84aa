/* The names that a model has for its classes: "id2label" of its model_index.json, whose keys are the classes'
 * numbers and whose values names between commas. */
#ifndef DC3_GENERATE_LABEL_NAMES_H
#define DC3_GENERATE_LABEL_NAMES_H

#include "io/json.h"

/* The names of a class; NULL: it has none. */
const char *dc3_label_text(const json_t *labels, int64_t label);
/* The next name from *at on, without the spaces around it; its length, 0: there is none. */
size_t dc3_label_next_name(const char **at, const char **name);
/* The first class below `classes` that has the name; -1: none. *other: the next that has it; -1: none. A
 * class has each name between the commas, and all of them as one; as they are written, or, where no class has
 * it so, with letters in either case and _ as a space. */
int64_t dc3_label_find(const json_t *labels, int64_t classes, const char *name, int64_t *other);

#endif
