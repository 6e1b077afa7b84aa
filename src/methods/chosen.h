/* What was chosen to be stored, and what is made of it. */
#ifndef DC3_METHODS_CHOSEN_H
#define DC3_METHODS_CHOSEN_H

#include "methods/method.h"

/* Room for `most` images, count 0. */
dc3_status dc3_chosen_open(const dc3_run *run, int64_t most, dc3_chosen *chosen);
void dc3_chosen_free(dc3_chosen *chosen);
/* Numbers the stored images within their classes, and the repeats of images; none is stored yet. */
dc3_status dc3_chosen_number(const dc3_run *run, dc3_chosen *chosen);
/* How the repeats of an image differ, after "used again". */
const char *dc3_run_again(const dc3_run *run);
/* Adds the squares that a stored image is made of to its line of metadata.jsonl, if it is: "patches", a list
 * of
 * {"source", "box", "loss"} and how each was chosen; and to the settings in dc3.json what they depend on. */
void dc3_describe_patches(const dc3_run *run, const dc3_part *parts, json_t *line);
void dc3_crop_settings(const dc3_run *run, json_t *settings);
/* Warns, or fails with strict, where a class has fewer readable images than it is to give; of DC3_NOTE_LIMIT
 * classes. */
dc3_status dc3_run_check_class(dc3_run *run, int label, int64_t readable, int64_t wanted);
/* Adds what is known of how the image was chosen: "bin", "rank", "gain"; and takes it from there. */
void dc3_part_to_json(const dc3_part *part, json_t *object);
void dc3_part_of_json(const json_t *object, dc3_part *part);
/* Tells that of the image that is being made so many steps are done. */
void dc3_run_made(const dc3_run *run, int steps);
/* How many edits are made of an image that is stored. */
int dc3_run_edits(const dc3_run *run);
/* The same, and how many of them an editor makes at once; none where the method needs no editor. */
dc3_crew_edits dc3_run_crew_edits(const dc3_run *run);
/* Pixels of an edit's side in the stored image: all of it, or half for the fourfold view. */
int dc3_run_placed_size(const dc3_run *run);

/* Frees the images, also after a failure. */
void dc3_made_free(dc3_made *made);
/* Returns `status`, that of reading the part's image; notes in `made` if it cannot be read. */
dc3_status dc3_note_unreadable(dc3_made *made, const dc3_part *part, dc3_status status);

#endif
