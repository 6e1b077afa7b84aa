/* Near-duplicates by embeddings. */
#ifndef DC3_DUPLICATES_EMBEDDINGS_H
#define DC3_DUPLICATES_EMBEDDINGS_H

#include "duplicates/finding.h"

/* DC3_ERR_OPTION unless the options say how near embeddings are where they name some, or how they are made.
 */
dc3_status dc3_embeddings_check(const dc3_duplicates_options *options);
/* Images at most whose embeddings are compared with those of other classes: minutes of one core. */
enum { DC3_ACROSS_MOST = 200000 };
/* Of the images that stood for themselves, in each class: which do no more (dc3_near_rows, the largest
 * first). Of those that still do: which are near to one of another class, the nearest (dc3_near_others). */
dc3_status dc3_embeddings_compare(dc3_finding *finding);

#endif
