/* Methods of condensation side by side, under one protocol and one budget. */
#ifndef DC3_COMPARE_H
#define DC3_COMPARE_H

#include <stddef.h>
#include "dc3/condense.h"
#include "dc3/evaluate.h"
#include "dc3/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lists end with NULL or 0. */
typedef struct dc3_compare_options {
    size_t struct_size; /* set by dc3_compare_defaults; not to be changed */
    dc3_condense_options
        condense; /* data, teacher (of several, "A,B", the first selects and the averaged logits of all are
                     the soft labels), editor and the rest; ipc, method, seed, out are set here */
    dc3_evaluate_options evaluate; /* val, epochs and the rest; data, arch, labels, augment, teacher, seed,
                                      folder are set here */
    const char *out;               /* folder to make */
    const int *ipcs;               /* images of each class; NULL: budgets */
    const char *const *methods;    /* dc3_method_name */
    const char *const *archs;      /* of students */
    const dc3_label_kind *labels;  /* soft and hard ones; DC3_LABELS_END after the last */
    int seeds;          /* seeds 0..seeds-1 (above the options' seed) vary the condensation and the student */
    double real_hard;   /* accuracy of the student trained on all data with hard labels, 0 to 1, for the
                           label-robust score; below 0: the teacher's own, where it is such a network */
    int augment_robust; /* 1: a second student of each, without augmentation, for the
                           augmentation-robust score; not where evaluate.augment is DC3_AUGMENT_NONE */
    int verbose;        /* 1: the listener hears all that condensing says; 0: its warnings and notes, each
                           once, beside a line for each score */
    const int64_t *budgets; /* in place of ipcs: bytes that a condensed set may take, as condense.budget; 0
                               after the last; NULL: ipcs */
} dc3_compare_options;

/* Defaults of both parts, 3 seeds, real_hard -1; the lists and the folders are the caller's to set. */
DC3_API dc3_compare_options dc3_compare_defaults(void);

typedef struct dc3_compare_report {
    int done, reused, total; /* scores made now, read from an earlier run, wanted */
    int unmet;               /* of them, not made: their budget does not hold an image of each class */
    double estimate_seconds; /* of a dry run (condense.dry_run), which makes nothing else of all this */
    char *table;             /* for people; caller frees */
    char *json;              /* an array of rows; caller frees */
} dc3_compare_report;

/* For each seed, IPC (or budget) and method: condenses into OUT/ipcN/METHOD/seedS (or, of a budget,
 * OUT/budgetBYTES/METHOD/seedS), trains and tests the students, and adds a line to OUT/results.jsonl; scores
 * that are already there are not computed again. A method that takes more bytes than a budget for an image of
 * each class is left out there, and OUT/unmet.json has the bytes that it needs; DC3_ERR_OPTION where nothing
 * else is left. A folder of other settings is refused. Writes OUT/table.txt
 * and OUT/table.json at the end.
 *
 * A line's "augment" says how its student's views were drawn; lines of earlier versions, which have none, are
 * of the options' evaluate.augment. With hard and soft labels and the method "random" the table has the
 * label-robust score, with augment_robust and "random" the augmentation-robust score of each kind of
 * labels, both from means over the seeds. */
DC3_API dc3_status dc3_compare(const dc3_compare_options *options, dc3_compare_report *report);

/* The scores of DD-Ranking (Li et al. 2025, arXiv 2505.13300; formulas of its README), with its weights of
 * 0.5. Accuracies are fractions, scores lie in 0 to 1 (its documentation has them in percent): x becomes
 * (e^x - e^-1) / (e - e^-1), so 0 becomes 0.269.
 *
 * Label-robust: x = 0.5 IOR - 0.5 HLR, with the hard label recovery HLR = real_hard - hard and the
 * improvement over random images IOR = soft - random. */
DC3_API double dc3_label_robust_score(double real_hard, double hard, double soft, double random);
/* Augmentation-robust: x = 0.5 (with - random_with) + 0.5 (without - random_without), of students with and
 * without augmentation, on what was condensed and on random images. */
DC3_API double dc3_augment_robust_score(double with, double random_with, double without,
                                        double random_without);

#ifdef __cplusplus
}
#endif
#endif
