#include "generate/contact.h"

#include <stdlib.h>
#include "base/file.h"
#include "report/sheet.h"

enum { ROWS = 10, ACROSS = 8, TILE = 128 }; /* pixels of an image at most */

static dc3_status paste(const dc3_generated *o, dc3_sheet *sheet, int row, int column)
{
    dc3_image image = {0};
    char *path = dc3_generated_path(o, &o->subjects->at[row], column);
    dc3_status status =
        path ? dc3_image_read(path, 0, 0, DC3_FIT_CROP, &image) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_sheet_paste(sheet, row, column, 0, &image);
    if (status == DC3_OK && column == 0) status = dc3_sheet_name(sheet, row, o->subjects->at[row].name);
    dc3_image_free(&image);
    free(path);
    return status;
}

dc3_status dc3_generated_contact(const dc3_generated *o, int size)
{
    int rows = o->subjects->count < ROWS ? o->subjects->count : ROWS;
    int across = o->options->images < ACROSS ? o->options->images : ACROSS;
    char *place = dc3_path_join(o->folder, "contact.png");
    dc3_sheet sheet = {.tile = 0};
    int tile = dc3_image_seen_side(size);
    dc3_status status = place ? dc3_sheet_open(rows, across, 1, tile < TILE ? tile : TILE, &sheet)
                              : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i < rows * across; i++)
        status = paste(o, &sheet, i / across, i % across);
    if (status == DC3_OK) status = dc3_sheet_save(&sheet, place);
    dc3_sheet_close(&sheet);
    free(place);
    return status;
}
