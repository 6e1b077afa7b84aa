/* The names that the folders of runs and comparisons keep for themselves (docs/run-folder.md). */
#ifndef DC3_RUN_FOLDER_OWN_FILES_H
#define DC3_RUN_FOLDER_OWN_FILES_H

/* What starting over removes beside the images; NULL behind the last. */
extern const char *const dc3_run_files[];
/* 1 for a folder with dc3.json, compare.json or generate.json in it. */
int dc3_is_run_folder(const char *path);
/* 1 for the name of a file that such a folder has for itself. */
int dc3_is_run_file(const char *name);

#endif
