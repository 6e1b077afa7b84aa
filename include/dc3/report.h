/* The report of a run: one page of HTML that opens from disk and loads nothing. */
#ifndef DC3_REPORT_H
#define DC3_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DC3_REPORT_AGAINST = 6 };

/* NULL means the default. */
typedef struct dc3_report_options {
    size_t struct_size; /* set by dc3_report_defaults; not to be changed */
    const char *run;    /* folder that dc3_condense, dc3_compare or dc3_finetune made */
    const char *out;    /* file to write; default RUN/report.html */
    const char *data;   /* where the dataset is now; default as the run's dc3.json says */
    const char *scores; /* rows of dc3_tests_row or of a comparison's table.json; default RUN/scores.json and,
                           of a run that is a part of a comparison, its table.json, if they are there */
    const char *const *against; /* folders of other runs whose colours are shown beside this one's, NULL after
                                   the last; at most DC3_REPORT_AGAINST */
    int threads;                /* 1 to 1024; the page does not depend on it */
    dc3_listener listener;
    int force; /* replace a file at `out` that dc3 did not write */
    const char
        *measures; /* of a folder of dc3_finetune: JSON of dc3_measure of images that its results made */
} dc3_report_options;

DC3_API dc3_report_options dc3_report_defaults(void);

typedef struct dc3_report_result {
    int64_t images, shown; /* in the run, on the page */
    int64_t originals;     /* of the images shown, those beside which their original stands */
    double bytes;          /* of the page */
} dc3_report_result;

/* Settings, the condensed set class by class with the originals that are still there, curves of colour beside
 * the dataset's, scores, times of RUN/state.db, skipped images. A first box
 * tells whether the set is good: its figures beside those of random images and of all data, as far as they
 * are known. The page takes at most about 8 MB: at most 500 images are shown, the first of each class, of
 * many classes a sample (docs/report.md); curves are of at most 500 images of each side, drawn by the run's
 * seed. The listener hears of the progress as stage "report". Of a comparison the page has its table with the
 * best marked and some images of each method's first sets; `scores` and `against` are not for it. Of a folder
 * that dc3_finetune made it has the samples, the loss and `measures`, with curves over the steps; `data`,
 * `scores` and `against` are DC3_ERR_OPTION then. Missing
 * parts are left out, and the page says so; DC3_ERR_FORMAT where the run is not complete, DC3_ERR_BUSY where
 * a process works in it, DC3_ERR_IO or DC3_ERR_FORMAT where `data`, `scores` or `against` are given and
 * cannot be read. */
DC3_API dc3_status dc3_report(const dc3_report_options *options, dc3_report_result *result);

#ifdef __cplusplus
}
#endif
#endif
