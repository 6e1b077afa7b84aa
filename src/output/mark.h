/* By what a file is known as dc3's. */
#ifndef DC3_OUTPUT_MARK_H
#define DC3_OUTPUT_MARK_H

/* 1 if all the marks, of which the last is NULL, stand in the first or the last DC3_MARK_BYTES of the file.
 */
int dc3_is_marked(const char *path, const char *const *marks);

#endif
