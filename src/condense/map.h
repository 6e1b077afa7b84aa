/* A map of each class for the report. Private to this folder. */
#ifndef DC3_CONDENSE_MAP_H
#define DC3_CONDENSE_MAP_H

#include "condense/output.h"

/* Where the run has bins, writes OUT/map.json: by class, some of its images and all that are chosen at
 * their place on the first two principal components of the features that the bins come from, with their bin:
 * {"CLASS": {"of": images, "points": [[x, y, bin], ..], "chosen": [..]}}.
 * Where it has features, writes OUT/quality.json too (select/beside_random.h): {"distance",
 * "random_distance", "random_deviation", "by": whose features, "images": that were looked at}. */
dc3_status dc3_map_write(const dc3_output *output, const dc3_chosen *chosen);

#endif
