/* What the report's page is joined from. */
#ifndef DC3_REPORT_GATHER_H
#define DC3_REPORT_GATHER_H

#include "dc3/report.h"
#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_reporting {
    const dc3_report_options *options;
    dc3_report_result *result;
    char *train;
    json_t *document;  /* dc3.json */
    json_t *settings;  /* its member */
    json_t *lines;     /* of metadata.jsonl */
    dc3_dataset *data; /* NULL: it is not there */
    json_t *items;     /* dc3_sources_find */
    dc3_fit fit;
    int size; /* of the stored images */
    uint64_t seed;
    char gone[400]; /* why there is no dataset */
    json_t *page;   /* what dc3_page_write takes */
    json_t *notes;  /* its member */
} dc3_reporting;

/* Adds a note for people; printf form. */
void dc3_report_note(dc3_reporting *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* [a, b] of texts. */
json_t *dc3_report_pair(const char *a, const char *b);
/* "1,234" */
const char *dc3_report_count(int64_t n, char text[32]);

#endif
