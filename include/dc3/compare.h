/* Methods of condensation side by side, under one protocol and one budget. */
#ifndef DC3_COMPARE_H
#define DC3_COMPARE_H

#include "dc3/condense.h"
#include "dc3/evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Lists end with NULL or 0. */
typedef struct dc3_compare_options {
    dc3_condense_options
        condense; /* data, teacher, editor and the rest; ipc, method, seed, out are set here */
    dc3_evaluate_options evaluate; /* val, epochs and the rest; data, arch, labels, seed are set here */
    const char *out;               /* folder to make */
    const int *ipcs;
    const char *const *methods; /* dc3_method_name */
    const char *const *archs;   /* of students */
    const char *const *labels;  /* "soft", "hard" */
    int seeds;        /* seeds 0..seeds-1 (above the options' seed) vary the condensation and the student */
    double real_hard; /* accuracy of the student trained on all data with hard labels, 0 to 1, for the
                         label-robust score; below 0: the teacher's own, where it is such a network */
} dc3_compare_options;

typedef struct dc3_compare_report {
    int done, reused, total; /* scores made now, read from an earlier run, wanted */
    char *table;             /* for people; caller frees */
    char *json;              /* an array of rows; caller frees */
} dc3_compare_report;

/* For each seed, IPC and method: condenses into OUT/ipcN/METHOD/seedS, trains and tests the students, and
 * adds a line to OUT/results.jsonl; what stands there already is not done again. A folder of other settings
 * is refused. Writes OUT/table.txt and OUT/table.json at the end.
 *
 * With hard and soft labels the table has DD-Ranking's label-robust score (its README, 2025): with accuracies
 * as fractions, HLR = real-hard - hard, IOR = soft - soft of random pictures,
 * alpha = 0.5 IOR - 0.5 HLR, score = (e^alpha - e^-1) / (e - e^-1). */
dc3_status dc3_compare(const dc3_compare_options *options, dc3_compare_report *report);

#ifdef __cplusplus
}
#endif
#endif
