/* Which of the scores answer whether a set is good. */
#ifndef DC3_GATHER_SCORE_ANSWER_H
#define DC3_GATHER_SCORE_ANSWER_H

#include "gather/gather.h"
#include "gather/score_rows.h"

/* Of r->rows the one of the run that tells most, into r->score: not one of students that diverged; rather one
 * of students that have learnt anything; then one beside which there is a score of random images, and of
 * students trained on everything, under the same conditions (r->random, r->full); then one of the protocol's
 * settings; then that of most epochs over all students; then one of soft labels; then the last. Random images
 * are in r->rows and in `baselines`. Where there is none of them r->why and r->why_random say why. */
void dc3_scores_answer(dc3_reporting *r, const dc3_identity *is, const json_t *baselines);

/* How a row was trained otherwise than the protocol says: ", learning rate 100 (not the protocol's)"; ""
 * where it was not. */
const char *dc3_row_departures(const json_t *row, char text[160]);

#endif
