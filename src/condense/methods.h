/* The methods of condensation: dc3 and what it is compared with. Adding one is a line in methods.c, and a
 * file for the part of it that is new. */
#ifndef DC3_CONDENSE_METHODS_H
#define DC3_CONDENSE_METHODS_H

#include "condense/picture_edit.h"
#include "condense/run.h"
#include "select/choose.h"

/* What a method needs to choose and to make its pictures. */
enum {
    DC3_NEEDS_FEATURES = 1, /* the teacher's, if one is given; else the VAE's */
    DC3_NEEDS_BINS = 2,     /* the VAE's features always, and the teacher's too if one is given */
    DC3_NEEDS_TEACHER = 4,  /* and no method can do without it that needs it */
    DC3_NEEDS_EDITOR = 8    /* the diffusion model's edits */
};

/* What is made of the parts of a stored picture. */
typedef struct dc3_made {
    dc3_image image;            /* on success */
    dc3_image edits;            /* what it was combined from (kept_edits.h), or none */
    const dc3_part *unreadable; /* after a failure, the part whose picture itself cannot be read, or NULL */
} dc3_made;

/* chosen.c: frees the pictures, also after a failure. */
void dc3_made_free(dc3_made *made);

/* How the stored pictures are made. */
struct dc3_maker {
    const char *stage; /* as the report calls it */
    const char *again; /* how the repeats of a picture differ, after "used again" */
    int combines;      /* makes several edits of a picture and combines them */
    /* The picture of `parts` [run->each]; *made is zero before. */
    dc3_status (*make)(dc3_run *run, const dc3_part *parts, dc3_made *made);
    /* Steps that a picture is made in where each takes long enough to be told, else 1; NULL: 1. */
    int (*steps)(const dc3_run *run);
    /* Adds to the picture's line of metadata.jsonl what was done. */
    void (*describe)(const dc3_run *run, const dc3_part *parts, json_t *line);
    /* Adds to the settings in dc3.json what the result depends on; NULL: nothing. */
    void (*settings)(const dc3_run *run, json_t *settings);
};

struct dc3_method {
    const char *name, *summary;
    int needs;
    dc3_status (*select)(dc3_run *run, dc3_chosen *chosen);
    dc3_chooser *chooser; /* of dc3_run_select; NULL: bins and a submodular maximiser in each */
    const dc3_maker *maker;
    const dc3_picture_edit *edit; /* of dc3_conventional */
};

/* The first is dc3; `name` is NULL after the last. */
extern const dc3_method dc3_methods[];

/* condense.c: tells that of the picture that is being made so many steps are done. */
void dc3_run_made(const dc3_run *run, int steps);

/* chosen.c: returns `status`, that of reading the part's picture; notes in `made` if it cannot be read. */
dc3_status dc3_note_unreadable(dc3_made *made, const dc3_part *part, dc3_status status);

/* choose.c: rows of the features. */
dc3_status dc3_run_select(dc3_run *run, dc3_chosen *chosen);
/* choose_random.c: random pictures; none but those is decoded. */
dc3_status dc3_run_select_random(dc3_run *run, dc3_chosen *chosen);
/* rded.c: crops that the teacher is sure of. */
dc3_status dc3_run_select_crops(dc3_run *run, dc3_chosen *chosen);

/* compensate.c, as_is.c, conventional.c, rded.c */
extern const dc3_maker dc3_compensation, dc3_as_is, dc3_conventional, dc3_stitching;

#endif
