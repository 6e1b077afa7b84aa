/* Prompts of classes: a template with the class's name in it. */
#ifndef DC3_GENERATE_CAPTIONS_H
#define DC3_GENERATE_CAPTIONS_H

#include "base/status.h"

typedef struct dc3_captions {
    const char *form; /* the caller's */
    char *names;      /* the text of a file of lines "CLASS NAME"; or NULL */
} dc3_captions;

/* form: with one {} in it, for the name; NULL: "a photo of a {}". names: a file of lines "CLASS NAME" that
 * says what some classes are called in prompts; NULL: none is. The first tab of a line is between both, else
 * a space behind the longest class that the line begins with. DC3_ERR_OPTION (caption_template) where the
 * template has no one place for a name, DC3_ERR_IO or DC3_ERR_FORMAT of the file. Close in any case. */
dc3_status dc3_captions_open(const char *form, const char *names, dc3_captions *captions);
void dc3_captions_close(dc3_captions *captions);

/* The prompt of a class, by the name that the file has, else by its own with spaces for _ and -: for the
 * caller to free; NULL without memory. classes: [count], all that lines may begin with. */
char *dc3_caption(const dc3_captions *captions, const char *class_name, const char *const *classes,
                  int count);

/* 1 if the file calls the class something. */
int dc3_captions_name(const dc3_captions *captions, const char *class_name, const char *const *classes,
                      int count);

#endif
