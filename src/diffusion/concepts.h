/* The words that a model knows: model_index.json may list, under "dc3", the concepts that it was trained on,
 * each with other words for it: "concepts": {"sunny": ["sunshine", ..], ..}. A small model changes next to
 * nothing for other words. A model without a list knows all. */
#ifndef DC3_DIFFUSION_CONCEPTS_H
#define DC3_DIFFUSION_CONCEPTS_H

#include <jansson.h>
#include "base/status.h"

typedef struct dc3_concepts dc3_concepts;

/* From the object; *concepts is NULL where that is NULL or null. DC3_ERR_FORMAT where it is something else.
 */
dc3_status dc3_concepts_open(const json_t *object, const char *file, dc3_concepts **concepts);
/* Accepts NULL; nulls. */
void dc3_concepts_close(dc3_concepts **concepts);

/* The names of the concepts, NULL behind the last; and all words for them, the names among them. */
const char *const *dc3_concepts_names(const dc3_concepts *concepts);
const char *const *dc3_concepts_words(const dc3_concepts *concepts);
/* "sunny, golden hour and 9 more"-like lists are for callers; this is the object that was read. */
const json_t *dc3_concepts_json(const dc3_concepts *concepts);

/* 1 if one of the words is in the prompt, in any case of letters; always for NULL. */
int dc3_concepts_know(const dc3_concepts *concepts, const char *prompt);
/* Adds to text, which lists `count` already, the words of the prompt that are not known, up to three in all:
 * "'moonlight' (nearest: 'sunlight'), 'asdf'". How many it lists then. */
int dc3_concepts_unknown(const dc3_concepts *concepts, const char *prompt, int count, char *text,
                         size_t size);
/* A sentence about the words of the prompt that `model` does not know, with what is nearest to each; "" where
 * there are none. Returns text. */
const char *dc3_concepts_note(const dc3_concepts *concepts, const char *model, const char *prompt, char *text,
                              size_t size);

#endif
