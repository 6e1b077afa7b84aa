/* Comma-separated values as RFC 4180 has them. */
#ifndef DC3_IO_CSV_H
#define DC3_IO_CSV_H

#include <stddef.h>
#include <stdio.h>
#include "base/status.h"

/* Columns of a row at most, and bytes of one field. */
enum { DC3_CSV_COLUMNS = 256, DC3_CSV_FIELD = 1 << 16 };

typedef struct dc3_csv {
    const char *path; /* for messages; must live as long */
    const char *at, *end;
    char *text; /* of the row's fields, one behind the other */
    size_t room;
    long line, next; /* on which the row begins, and the next one, from 1 on */
    int count;
    char *fields[DC3_CSV_COLUMNS]; /* of the row, NUL-terminated; valid until the next */
} dc3_csv;

/* Goes through text [size], which must live as long. A byte order mark before it is passed over. */
void dc3_csv_open(const char *path, const char *text, size_t size, dc3_csv *csv);
/* The next row that is not empty; *found 0 at the end. Rows end with LF, CRLF or the text; fields in quotes
 * may hold commas, quotes (doubled) and ends of lines. DC3_ERR_FORMAT, which names the line. */
dc3_status dc3_csv_next(dc3_csv *csv, int *found);
void dc3_csv_close(dc3_csv *csv);

/* A field, in quotes where its text needs them; the caller prints commas and ends of lines. */
void dc3_csv_print(FILE *to, const char *text);

#endif
