/* What choosers of rows choose. */
#ifndef DC3_TESTS_CHOICES_H
#define DC3_TESTS_CHOICES_H

#include "support/random_tensors.h"
#include "select/choose.h"

static inline int holds(const int64_t *picks, int64_t count, int64_t row)
{
    for (int64_t k = 0; k < count; k++)
        if (picks[k] == row) return 1;
    return 0;
}

/* `count` of the candidates, each once: picks [count]. */
static inline void run(const dc3_candidates *from, dc3_chooser *chooser, int64_t count, int64_t *picks)
{
    if (chooser(from, count, picks) != DC3_OK) fail_msg("%s", dc3_error_text());
    for (int64_t k = 0; k < count; k++) {
        assert_in_range(picks[k], 0, from->m - 1);
        assert_false(holds(picks, k, picks[k]));
    }
}

#endif
