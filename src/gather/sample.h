/* Which classes and images the page shows. */
#ifndef DC3_GATHER_SAMPLE_H
#define DC3_GATHER_SAMPLE_H

#include "gather/gather.h"

enum { DC3_PAGE_IMAGES = 500, DC3_PAGE_CLASSES = 48 };

/* Lists the classes of r->lines in r->classes, which dc3_reporting's owner frees. */
dc3_status dc3_gather_list_classes(dc3_reporting *r);
/* The class whose lines have number `line` among them. */
dc3_gather_class *dc3_gather_class_of(const dc3_reporting *r, size_t line);
/* Decides for each class how many of its images are `shown`: the first ones, at most `most` in all. Of more
 * than DC3_PAGE_CLASSES classes, or than `most`, a sample is shown: a third each of those with the lowest
 * accuracy, of those that compensation changes most, and drawn by the run's seed; where accuracy or change
 * is unknown the others take its places. */
void dc3_gather_sample(dc3_reporting *r, int64_t most);

#endif
