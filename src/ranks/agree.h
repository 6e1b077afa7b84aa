/* Whether all ranks work on the same: otherwise what they make would not fit together. */
#ifndef DC3_RANKS_AGREE_H
#define DC3_RANKS_AGREE_H

#include "io/json.h"

/* What a rank works on: "what: value" in a line each, the same lines on all ranks, whose values are short and
 * for people. Rank 0 waits for the others' and fails with DC3_ERR_ARGUMENT where one has another value; the
 * others send theirs. With one rank nothing is done. A part of a command that all ranks do together may ask
 * again. */
dc3_status dc3_ranks_agree(const char *states);
/* The same of the program, of what its kernels are (dc3_kernels_text), and of settings, an object. All ranks
 * wait until rank 0 has found them alike: what they change comes after it. No sum (sum.h) is open. */
dc3_status dc3_ranks_agree_on(const json_t *settings);

#endif
