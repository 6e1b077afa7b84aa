/* The edits that went into a stored image, saved for people to look at: OUT/edits/<class>/<name of the
 * image>, one image of all of them side by side, the warm ones first, shrunk. */
#ifndef DC3_RUN_FOLDER_SAVED_EDITS_H
#define DC3_RUN_FOLDER_SAVED_EDITS_H

#include "io/image.h"

/* Images of a run that its report shows: the first of each class. */
enum { DC3_REPORT_IMAGES = 1000, DC3_MOST_EDITS = 4 };

/* How many of each class the report shows. */
int64_t dc3_report_each(int64_t classes);
/* Edits [size, size, 3], `count` of them, side by side; the caller frees. */
dc3_status dc3_edits_join(int size, int count, const float *const *edits, dc3_image *joined);
/* Writes them for the image `relative` (below OUT/train), whole or not at all. */
dc3_status dc3_edits_write(const char *out, const char *relative, const dc3_image *joined);
/* Removes them where they are saved. */
void dc3_edits_remove(const char *out, const char *relative);
/* Reads them: *count is 0 where none are saved. The caller frees each. */
dc3_status dc3_edits_read(const char *out, const char *relative, dc3_image edits[DC3_MOST_EDITS], int *count);
/* "<class>/<name>.png" or .jpg for the image `relative`; the caller frees, NULL without memory. */
char *dc3_edits_name(const char *relative, dc3_image_format format);

#endif
