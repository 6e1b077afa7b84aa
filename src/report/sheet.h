/* A contact sheet: rows of small images, each row below a line of text. */
#ifndef DC3_REPORT_SHEET_H
#define DC3_REPORT_SHEET_H

#include "io/image.h"

typedef struct dc3_sheet {
    dc3_image image;
    int tile; /* pixels of a side of an image on it */
    int down; /* images of a row one below the other */
} dc3_sheet;

/* White, for `rows` rows of `across` times `down` images; no narrower than a name of some length. */
dc3_status dc3_sheet_open(int rows, int across, int down, int tile, dc3_sheet *sheet);
void dc3_sheet_close(dc3_sheet *sheet);
/* The text above a row. */
dc3_status dc3_sheet_name(dc3_sheet *sheet, int row, const char *text);
/* An image of any size, cropped to a square, to its place in a row; `line`, below `down`, counts downwards.
 */
dc3_status dc3_sheet_paste(dc3_sheet *sheet, int row, int column, int line, const dc3_image *image);
/* As the ending of the name says; else as PNG. */
dc3_status dc3_sheet_save(const dc3_sheet *sheet, const char *path);

#endif
