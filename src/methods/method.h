/* What a method of condensation is made of. */
#ifndef DC3_METHODS_METHOD_H
#define DC3_METHODS_METHOD_H

#include "colour/image_edit.h"
#include "methods/parts.h"
#include "features/crew.h"
#include "options/method_names.h"
#include "select/choose.h"

/* What a method needs to choose and to make its images. */
enum {
    DC3_NEEDS_FEATURES = 1, /* the teacher's, if one is given; else the VAE's */
    DC3_NEEDS_BINS = 2,     /* the VAE's features always, and the teacher's too if one is given */
    DC3_NEEDS_TEACHER = 4,  /* and no method can do without it that needs it */
    DC3_NEEDS_EDITOR = 8    /* the diffusion model's edits */
};

/* Which settings of dc3_select_options its choice depends on. */
enum {
    DC3_USES_BINS = 1,
    DC3_USES_OBJECTIVE = 2, /* and components */
    DC3_USES_MAXIMIZER = 4,
    DC3_USES_ALL = DC3_USES_BINS | DC3_USES_OBJECTIVE | DC3_USES_MAXIMIZER
};

/* What is made of the parts of a stored image. */
typedef struct dc3_made {
    dc3_image image;            /* on success */
    dc3_image edits;            /* what it was combined from (saved_edits.h), or none */
    const dc3_part *unreadable; /* after a failure, the part whose image itself cannot be read, or NULL */
} dc3_made;

/* How the stored images are made. */
struct dc3_synthesis {
    const char *stage; /* as the report calls it */
    const char *again; /* how the repeats of an image differ, after "used again" */
    int combines;      /* makes several edits of an image and combines them */
    /* How many edits of an image are made; NULL: what `combines` says. */
    int (*edits)(const dc3_run *run);
    /* Bytes that `prepare` needs beside the crew for `count` images, and seconds beside their edits, where
     * an image of the dataset takes `reading` and a view by the teacher `forward`; NULL: few. */
    double (*bytes)(const dc3_run *run, int64_t count);
    dc3_status (*time)(const dc3_run *run, int64_t count, double reading, double forward, double *seconds);
    /* Before the first image is made, by a crew that is open, and when the last is stored; NULL: nothing. */
    dc3_status (*prepare)(dc3_run *run, dc3_chosen *chosen, const dc3_crew *crew);
    void (*tidy)(dc3_run *run, const dc3_chosen *chosen);
    /* The image of `parts` [run->each], 4 of them at most; *made is zero before. Threads do so at once, each
     * with a run of its own (features/crew.h). */
    dc3_status (*make)(dc3_run *run, const dc3_part *parts, dc3_made *made);
    /* Steps that an image is made in where each takes long enough to be reported, else 1; NULL: 1. */
    int (*steps)(const dc3_run *run);
    /* Adds to the image's line of metadata.jsonl what was done. */
    void (*describe)(const dc3_run *run, const dc3_part *parts, json_t *line);
    /* Adds to the settings in dc3.json what the result depends on; NULL: nothing. */
    void (*settings)(const dc3_run *run, json_t *settings);
};

struct dc3_method {
    const dc3_method_words *words;
    int needs, uses;
    dc3_status (*select)(dc3_run *run, dc3_chosen *chosen);
    dc3_chooser *chooser; /* of dc3_run_select; NULL: bins and a submodular maximiser in each */
    const dc3_synthesis *synthesis;
    const dc3_image_edit *edit; /* of dc3_conventional */
    int crops;                  /* of an image that are drawn, where nothing is said (dc3_run.crops) */
    /* How many images of a class that gives ipc are looked at, where it has them; NULL: all. */
    int64_t (*looks)(const dc3_run *run, int64_t ipc);
};

#endif
