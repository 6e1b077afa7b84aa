/* Which format, size and labels a budget in bytes is spent on best, by short trainings on the dataset's own
 * images. */
#ifndef DC3_SEARCH_H
#define DC3_SEARCH_H

#include "dc3/condense.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DC3_SEARCH_MOST = 10 };

/* A way to spend the budget. */
typedef struct dc3_search_tried {
    dc3_image_format format;
    int quality, size; /* size: pixels */
    int64_t images;    /* that the budget holds; 0: not one of each class */
    double top1;       /* of a student on images of the dataset that none of the sets has, 0 to 1 */
    int label_bits,
        label_top_k; /* of soft labels that the budget is for, as dc3_label_options; bits 0: none */
} dc3_search_tried;

typedef struct dc3_search_found {
    int count, best; /* tried[best] is it; best -1: of a dry run, nothing was tried */
    dc3_search_tried tried[DC3_SEARCH_MOST];
    int64_t held_out;        /* images of the tests */
    double images_seen;      /* by each student */
    double estimate_seconds; /* of all students, before the first was trained; 0: none was to be */
} dc3_search_found;

/* Tries, of `options` with a budget, sets of random images that fill it: WebP of quality 30, 20 and 50 at the
 * usual size, 30 and 50 at three quarters and at half of it, 50 at a quarter of at least 32 pixels, or of
 * these what `format` and `size` of the options leave open. Where the budget is for soft labels and there is
 * a teacher, students learn from such labels of 8 bits, and of 16 bits, or of 20 classes or more the largest
 * tenth of the logits, of the first way's images; else with hard labels. On each a student (ConvNet-3, above
 * 64 pixels ResNet-18) is trained until it has seen `images_seen` images (0: 100,000), and tested on up to
 * 2,000 images that are in none of the sets, the same number of each class. The first that is no worse than
 * the best by more than its standard error goes into `options`: format, quality, size and label precision;
 * and `found`, which must live as long as they are used, into options->search. Works in options->out/.search,
 * which dc3_condense removes, and resumes there; where options->out is a run that was searched for, that is
 * what is found; options->fresh starts over. The options are checked first, by dc3_condense_check.
 * DC3_ERR_ARGUMENT where the search or the run there is of other settings. With options->dry_run it makes one
 * set in a folder of its own for temporary files, says how long all students take at most, and leaves
 * `options` as they are. DC3_ERR_OPTION without a budget, and where format and size are both given. */
DC3_API dc3_status dc3_search(dc3_condense_options *options, double images_seen, dc3_search_found *found);

#ifdef __cplusplus
}
#endif
#endif
