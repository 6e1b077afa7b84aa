/* What the report's page is joined from. */
#ifndef DC3_GATHER_GATHER_H
#define DC3_GATHER_GATHER_H

#include "dc3/report.h"
#include "io/dataset.h"
#include "io/json.h"

/* A class of the run. */
typedef struct dc3_gather_class {
    size_t first;    /* its first line */
    int64_t stored;  /* lines */
    int64_t label;   /* number in dc3.json */
    double top1;     /* accuracy of students on its test images, 0 to 1; NaN: unknown */
    double change;   /* mean of |stored - original| over levels of its images, 0 to 255; NaN: unknown */
    int64_t changes; /* images that `change` is of */
    int64_t shown;   /* images on the page */
    const char *why; /* it was chosen for the page; NULL: all classes are */
} dc3_gather_class;

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
    char gone[400];            /* why there is no dataset */
    dc3_gather_class *classes; /* [classes_count], in the order of the lines */
    int64_t classes_count;
    json_t *rows, *baselines;       /* of scores; of random images in other runs' folders */
    const json_t *score;            /* of them: the one that answers (score_answer.h), NULL: none */
    const json_t *by_class;         /* the one that the accuracy of the classes is from, or NULL */
    const json_t *random, *full;    /* of random images and of all data under the same conditions, or NULL */
    char why[300], why_random[300]; /* why there is no `score` or no `random`, "": nobody knows */
    /* Of the colours of stored images, of as many originals drawn at random, and of the first run of random
     * images in options->against that has as many, to the originals', mean of the channels; NaN: unknown. */
    double distance, random_distance, random_run_distance;
    int64_t looked, duplicates; /* stored images that were compared, those that equal an earlier one */
    int64_t absent;             /* images that have a place on the page, and are not there */
    int64_t done, total;        /* steps of the work */
    json_t *page;               /* what dc3_page_write takes */
    json_t *notes;              /* its member */
} dc3_reporting;

/* Adds a note for people; printf form. */
void dc3_gather_note(dc3_reporting *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One of r->total steps more is done, which the listener hears; by the calling thread. */
void dc3_gather_step(dc3_reporting *r);
/* [a, b] of texts. */
json_t *dc3_gather_pair(const char *a, const char *b);
/* 1 if the run's images were counted over all classes (total, fraction, budget), and some class has more of
 * them than another, or a budget left out what was planned: the number for each class is not settings.ipc. */
int dc3_gather_is_uneven(const dc3_reporting *r);
/* How many images the classes have: "10", "2 to 3". */
const char *dc3_gather_each(const dc3_reporting *r, char text[48]);
/* "1,234" */
const char *dc3_gather_count(int64_t n, char text[32]);

#endif
