/* The settings of an edit, or of an image that is generated, that the model's directory decides where nothing
 * is said, as a table: what the command line, dc3.json and the checks go by, and what a program needs that
 * offers them to its users. */
#ifndef DC3_EDIT_OPTIONS_H
#define DC3_EDIT_OPTIONS_H

#include <stddef.h>
#include "dc3/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum dc3_edit_option_kind {
    DC3_EDIT_WHOLE, /* the field is an int */
    DC3_EDIT_REAL,  /* a double */
    DC3_EDIT_WORD   /* an enum, whose words dc3_option_names has */
} dc3_edit_option_kind;

typedef struct dc3_edit_option {
    const char *name; /* of the fields, and the key in dc3.json, such as "image_guidance" */
    dc3_edit_option_kind kind;
    double least, most; /* of a number, both included */
    double unset;       /* the field's value where the model decides; in no range of values */
    size_t in_condense; /* offset of the field in dc3_condense_options */
    size_t in_edit;     /* and in dc3_image_edit_options */
    const char *help;   /* a line */
    const char *value;  /* what a line of help calls the value: "N" */
    size_t in_generate; /* offset in dc3_generate_options; 0: it has none */
} dc3_edit_option;

/* The i-th from 0 on; NULL behind the last. Owned by the library. */
DC3_API const dc3_edit_option *dc3_edit_option_at(int i);

#ifdef __cplusplus
}
#endif
#endif
