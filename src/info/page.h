/* What dc3_info says, as lines and as members of a JSON object. */
#ifndef DC3_INFO_PAGE_H
#define DC3_INFO_PAGE_H

#include "dc3/info.h"
#include "dc3/text.h"
#include "io/json.h"

/* What is said: as lines, and as the members of an object. */
typedef struct dc3_info_page {
    const dc3_info_options *options;
    FILE *text;
    json_t *json;
    int is_dataset; /* it was opened as the choice says */
} dc3_info_page;

/* The first line, "PATH: what it is" (printf form), and the member "kind". */
void dc3_info_title(dc3_info_page *page, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line "  label   value", cut to a few lines of a terminal and without control characters. */
void dc3_info_line(dc3_info_page *page, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A member; takes the reference. */
void dc3_info_set(dc3_info_page *page, const char *key, json_t *value);
/* The line "file" or the like and the member "bytes". */
void dc3_info_bytes(dc3_info_page *page, const char *label, double bytes);

/* "11.18 M", "0.31 M", "950"; returns text. */
const char *dc3_count_text(double count, char text[DC3_NUMBER_TEXT]);

#endif
