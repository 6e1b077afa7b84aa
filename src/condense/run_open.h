/* The beginning of a command: what its options name is opened, and what they leave out is decided. */
#ifndef DC3_CONDENSE_RUN_OPEN_H
#define DC3_CONDENSE_RUN_OPEN_H

#include "features/run.h"

/* What a command works on: nothing but the editor; the dataset; features of it; the dataset by the options'
 * method and teacher. */
typedef enum dc3_run_needs {
    DC3_RUN_EDITOR,
    DC3_RUN_DATA,
    DC3_RUN_BINS,
    DC3_RUN_METHOD,
    DC3_RUN_CONDENSE /* the same, and a teacher is trained where the method uses one and none is given */
} dc3_run_needs;
/* Copies the options of a public call over their defaults. */
dc3_status dc3_condense_take(const dc3_condense_options *given, dc3_condense_options *own);
/* Opens what the command and the method need, and resolves defaults. Always close. */
dc3_status dc3_run_open(const dc3_condense_options *options, dc3_run_needs needs, dc3_condense_report *report,
                        dc3_run *run);
/* The same by features that are open already, those of the options' file, which must live as long; NULL: none
 * are. */
dc3_status dc3_run_open_by(const dc3_condense_options *options, dc3_run_needs needs,
                           const dc3_image_rows *opened, dc3_condense_report *report, dc3_run *run);
/* Before any work: whether the method's edits can be made; tells what of the model and the prompts is not
 * followed. */
dc3_status dc3_run_check_edits(const dc3_run *run);

#endif
