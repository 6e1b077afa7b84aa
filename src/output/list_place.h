/* Where a list of chosen images goes, and that of images that were skipped for it. */
#ifndef DC3_OUTPUT_LIST_PLACE_H
#define DC3_OUTPUT_LIST_PLACE_H

#include "dc3/condense.h"

/* Where the list goes, the caller frees; NULL of a dry run that says nothing of it. DC3_ERR_OPTION where it
 * may not go there (dc3_output_path_check), or would replace a list of skipped images without its own.
 * teachers: the files [count] that the options name. */
dc3_status dc3_list_place(const dc3_condense_options *options, char *const *teachers, int count,
                          char **place);
/* 1 if a list of that name has comma-separated values (.csv), 0: lines of JSON. */
int dc3_list_is_table(const char *out);
/* Images that are skipped are listed beside the output `out`. Caller frees; NULL without memory. */
char *dc3_list_skipped(const char *out);

#endif
