/* Which images of a dataset are taken. */
#ifndef DC3_DATA_H
#define DC3_DATA_H

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0: all. It stands inside other options and does not change. */
typedef struct dc3_data_choice {
    const char *split; /* of a manifest: the rows whose split this is; NULL: those of "train" (or another such
                          word), or all where no row has a split */
    const char *classes;         /* these classes alone: "A,B", or a file with a name on each line */
    const char *without_classes; /* the same: all classes but these */
    int unlabelled; /* 1: a folder of images, with or without folders in it, is one class, "images" */
} dc3_data_choice;

#ifdef __cplusplus
}
#endif
#endif
