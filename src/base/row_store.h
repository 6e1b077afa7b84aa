/* Rows of numbers that are written one after the other and read when all are there. Few are kept in memory,
 * many in a file without a name, which goes with the process: mapped to be read, it takes memory for the
 * pages that are in use alone (dc3_map_forget), so that a million rows take no more than a thousand. */
#ifndef DC3_BASE_ROW_STORE_H
#define DC3_BASE_ROW_STORE_H

#include <stdint.h>
#include "base/status.h"

typedef struct dc3_row_store dc3_row_store;

/* Bytes of a store that are kept in memory. */
enum { DC3_ROW_STORE_MEMORY = 1 << 24 };

/* Room for at most `rows` of `row_bytes` each, both 1 or more: in memory where they take `most` bytes or
 * fewer, else in a file in `folder`, which exists. DC3_ERR_MEMORY, or DC3_ERR_IO with the folder and the
 * reason. The caller closes it. */
dc3_status dc3_row_store_open(const char *folder, int64_t rows, int64_t row_bytes, int64_t most,
                              dc3_row_store **store);
/* Appends a row; of none more than there is room for, and none after dc3_row_store_read. DC3_ERR_IO: a full
 * disk.
 */
dc3_status dc3_row_store_append(dc3_row_store *store, const void *row);
/* All rows so far, [rows, row_bytes], which are the store's: valid until it is closed. NULL where there are
 * none. */
dc3_status dc3_row_store_read(dc3_row_store *store, const void **rows);
/* Accepts NULL; nulls. */
void dc3_row_store_close(dc3_row_store **store);

#endif
