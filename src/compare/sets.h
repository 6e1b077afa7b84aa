/* The condensed sets of a comparison. */
#ifndef DC3_COMPARE_SETS_H
#define DC3_COMPARE_SETS_H

#include "compare/comparing.h"

/* What a condensed set costs and how colourful it is. */
typedef struct dc3_set_cost {
    double seconds, bytes, colourfulness; /* bytes: of the images' files */
    double train;                         /* bytes of these and metadata.jsonl */
    int64_t images;
    double needed;   /* above 0: there is no set, for which so many bytes are the least */
    char format[24]; /* of a budget, which chooses it: as dc3.json has it */
} dc3_set_cost;

/* Condenses for a cell, unless that stands there already; *folder is its place, freed by the caller. Where
 * its budget does not hold an image of each class cost->needed has the bytes that would, and the rest of it
 * is 0.
 */
dc3_status dc3_comparing_condense(dc3_comparing *c, const dc3_cell *cell, char **folder, dc3_set_cost *cost);

/* Members of a listener whose user is the comparison, which pass on to its own listener warnings and notes
 * alone, each once; all that is said, but these once; progress. */
void dc3_comparing_note(void *comparing, const char *text);
void dc3_comparing_message(void *comparing, const char *text);
void dc3_comparing_progress(void *comparing, const char *stage, int64_t done, int64_t total);

#endif
