/* What dc3_info says of each kind of file and folder. Private to this folder. */
#ifndef DC3_CONDENSE_INFO_H
#define DC3_CONDENSE_INFO_H

#include "dc3/info.h"
#include "dc3/text.h"
#include "io/dataset.h"
#include "io/json.h"
#include "tensor/table.h"

/* What is said: as lines, and as the members of an object. */
typedef struct dc3_info_page {
    const dc3_info_options *options;
    FILE *text;
    json_t *json;
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

/* 1 if there is a file FOLDER/NAME. */
int dc3_info_holds(const char *folder, const char *name);

/* "11.18 M", "0.31 M", "950"; returns text. */
const char *dc3_count_text(double count, char text[DC3_NUMBER_TEXT]);

/* A file of tensors; `kind` as dc3_weights_kind tells it. */
dc3_status dc3_info_weights(dc3_info_page *page, const char *kind, double bytes);
/* Tensors, parameters, types and their bytes: lines and members of `to`, which is the page's object or a part
 * of it. */
typedef struct dc3_tensor_facts {
    int64_t tensors;
    double parameters, bytes; /* parameters: elements of floating types */
    char types[80];           /* "f32", "102 f32, 20 i64" */
} dc3_tensor_facts;
dc3_tensor_facts dc3_info_facts(const dc3_table *table);
/* What the table holds where it is soft labels. */
dc3_status dc3_info_labels(dc3_info_page *page, const dc3_table *table);
/* A diffusers directory. */
dc3_status dc3_info_model(dc3_info_page *page);
/* A dataset, with its title. */
dc3_status dc3_info_dataset(dc3_info_page *page);
/* Classes, counts, formats, sizes and bytes of a dataset that is open. */
dc3_status dc3_info_pictures(dc3_info_page *page, const dc3_dataset *dataset);
/* A folder with dc3's dc3.json, and one with a compare.json. */
dc3_status dc3_info_run(dc3_info_page *page);
dc3_status dc3_info_comparison(dc3_info_page *page);

#endif
