/* Which images of a dataset are taken (dc3_data_choice), with the names of classes read. */
#ifndef DC3_IO_CHOICE_H
#define DC3_IO_CHOICE_H

#include "dc3/data.h"
#include "io/json.h"

typedef struct dc3_choice {
    char *split;    /* or NULL */
    char **classes; /* [count] */
    int count;
    int without; /* they are left out */
    int unlabelled;
} dc3_choice;

/* The first setting of it that is not as usual, "split" or so; NULL: all images are taken. */
const char *dc3_choice_first(const dc3_data_choice *given);
/* DC3_ERR_OPTION where it is not as usual: `path` is a run of dc3, or no dataset at all. */
dc3_status dc3_choice_refuse(const dc3_data_choice *given, const char *path);
/* Reads it; *choice is NULL where all images are taken, else the caller frees it. DC3_ERR_OPTION where both
 * lists are given or one has no name; DC3_ERR_IO where a file cannot be read. */
dc3_status dc3_choice_read(const dc3_data_choice *given, dc3_choice **choice);
/* The same classes alone; names [count] are copied. */
dc3_status dc3_choice_of_classes(const char *const *names, int count, dc3_choice **choice);
/* Accepts NULL; nulls. */
void dc3_choice_free(dc3_choice **choice);

/* Adds it to the settings in dc3.json: "split", "classes" or "without_classes" (lists), "unlabelled"; nothing
 * of NULL. */
void dc3_choice_to_json(const dc3_choice *choice, json_t *settings);
/* The same of one that is still to be read. */
dc3_status dc3_choice_add(const dc3_data_choice *given, json_t *settings);
/* Of such settings; NULL where they have none. */
dc3_status dc3_choice_of_json(const json_t *settings, dc3_choice **choice);

#endif
