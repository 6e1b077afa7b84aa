/* The folder that a run makes. */
#ifndef DC3_CONDENSE_OUTPUT_H
#define DC3_CONDENSE_OUTPUT_H

#include "base/lock.h"
#include "methods/parts.h"
#include "run_folder/shards.h"

typedef struct dc3_output {
    dc3_run *run;
    char *folder, *train;
    char **folders; /* of the classes, below train */
    int *labels;    /* [classes], as stored: classes without an image have -1 and no number is left out */
    int continues;  /* the folder holds an earlier part of the same run */
    int clears;     /* the folder holds a run that goes */
    int complete;   /* all is stored */
    int whole;      /* it was when the call began: the run is complete, and lacks no image and no teacher */
    dc3_shards *shards; /* that hold all of the images already; NULL: they are files */
    int reopened;       /* dc3.json says that it is not, though an earlier part of the run was */
    dc3_lock lock;
} dc3_output;
/* What a dry run takes for its folder where it is given none. */
extern const char dc3_nowhere[];
/* Looks whether the folder may be written to, and takes its lock if there is a run in it. Changes nothing
 * else. */
dc3_status dc3_output_open(dc3_run *run, dc3_output *output);
/* Takes the folder's lock and changes nothing in it. With strict a run that continues is refused if its
 * inputs are not those that it began with. What may be refused later is best looked at before
 * dc3_output_start. */
dc3_status dc3_output_claim(dc3_output *output);
/* Then removes an earlier run if that is wanted, makes the folders, dc3.json and state.db; of a run that
 * continues compares the inputs with those that it began with. */
dc3_status dc3_output_start(const dc3_output *output);
void dc3_output_close(dc3_output *output);
/* The folder's lock, which dc3_output_close does not release then. */
dc3_lock dc3_output_hand_over_lock(dc3_output *output);
/* The selection of an earlier part of the run; count 0 if there is none. The caller frees it. */
dc3_status dc3_output_read_selection(const dc3_output *output, dc3_chosen *chosen);
dc3_status dc3_output_write_selection(const dc3_output *output, const dc3_chosen *chosen);
/* "train/<class>/<place>-<stem>.png" of a stored image, named after its first part: relative to OUT/train
 * and absolute, caller frees. */
dc3_status dc3_output_name(const dc3_output *output, const dc3_part *part, char **relative, char **path);
/* Writes the names of what will be stored, for dc3_clear_run. */
dc3_status dc3_output_plan(const dc3_output *output, const dc3_chosen *chosen);
/* A line of metadata.jsonl, without its end, of an image of class number `number`; the caller frees. NULL
 * without memory. */
char *dc3_metadata_line(const dc3_run *run, int number, const char *relative, const dc3_part *parts);
/* Of what is stored, unless it is in shards; numbers the classes. */
dc3_status dc3_output_write_metadata(dc3_output *output, const dc3_chosen *chosen);
dc3_status dc3_output_finish(dc3_output *output);
/* Says in dc3.json that not all is stored, before something is made anew in a run that may be complete. */
dc3_status dc3_output_reopen(dc3_output *output);

#endif
