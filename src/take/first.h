/* Which images of a run stand for a smaller one. */
#ifndef DC3_TAKE_FIRST_H
#define DC3_TAKE_FIRST_H

#include "io/json.h"

/* The lines of metadata.jsonl that are taken, in their order. */
typedef struct dc3_first {
    int64_t *lines;         /* [count], ascending */
    int64_t count, classes; /* of the run, all of which give at least one */
    int64_t most;           /* that a class gives */
} dc3_first;

/* The first of each class: `total` over all, or `ipc` of each where that is 0. A class's images come in the
 * order in which they were chosen: those that are repeats last, then by rank, of one rank by bin, of one bin
 * as the lines stand. (Of crops those of the first one, which repeats an image where crops of it stand in
 * lines before.) DC3_ERR_OPTION where there are not so many, or fewer than classes are wanted;
 * DC3_ERR_FORMAT, which names `train`, where lines have no classes. Free with dc3_first_free. */
dc3_status dc3_first_of(const char *train, const json_t *lines, int64_t ipc, int64_t total, dc3_first *first);
void dc3_first_free(dc3_first *first);

/* 1 if a run with these settings chooses the same images where it is to choose fewer: each of its images is
 * the next of one order (docs/methods.md). */
int dc3_is_nested(const json_t *settings);

#endif
