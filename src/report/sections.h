/* The page's sections: each prints itself, or nothing where the document has nothing of it. Private to this
 * folder. */
#ifndef DC3_REPORT_SECTIONS_H
#define DC3_REPORT_SECTIONS_H

#include <stdio.h>
#include "io/json.h"

/* A member as text; "" where it is none. Owned by the object. */
const char *dc3_section_text(const json_t *object, const char *key);
/* <dl> of [[name, value], ..]. */
void dc3_section_facts(FILE *to, const json_t *facts);

void dc3_section_answers(FILE *to, const json_t *document);
void dc3_section_class_table(FILE *to, const json_t *document);
void dc3_section_settings(FILE *to, const json_t *document);
void dc3_section_classes(FILE *to, const json_t *document);
void dc3_section_calibration(FILE *to, const json_t *document);
void dc3_section_colour(FILE *to, const json_t *document);
void dc3_section_bytes(FILE *to, const json_t *document);
void dc3_section_samples(FILE *to, const json_t *document);
void dc3_section_plots(FILE *to, const json_t *document);
void dc3_section_measured(FILE *to, const json_t *document);
void dc3_section_scores(FILE *to, const json_t *document);
void dc3_section_times(FILE *to, const json_t *document);
void dc3_section_groups(FILE *to, const json_t *document);
void dc3_section_skipped(FILE *to, const json_t *document);

#endif
