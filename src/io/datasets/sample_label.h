/* The class in a member of a WebDataset's sample. */
#ifndef DC3_IO_DATASETS_SAMPLE_LABEL_H
#define DC3_IO_DATASETS_SAMPLE_LABEL_H

#include <stddef.h>

/* 1 for what a class may be called and nothing but digits. */
int dc3_is_number(const char *text);
/* The class in the text of a .cls: its first line without spaces around it, and a number without leading
 * zeros and without ".0". "" if it has none, or is a number below 0. Changes `text`. */
void dc3_label_of_text(char *text);
/* The class in a .json: the first of some members (docs/formats.md has them) that is a text or a whole number
 * from 0 on; or such a value alone. label[size] is "" if there is none; then
 * keys[keys_size] are the names of its members, "a, b, c", or what it is instead. */
void dc3_label_of_json(const char *text, size_t length, char *label, size_t size, char *keys,
                       size_t keys_size);
/* The class of a .json that has both its number, `label`, and its name, `class`, a text: into number[size]
 * and name[size]; both "" where it has not. */
void dc3_named_label_of_json(const char *text, size_t length, char *number, char *name, size_t size);

#endif
