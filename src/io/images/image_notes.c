#include "io/image_notes.h"

static const char *const texts[DC3_IMAGE_NOTES] = {
    "the colour profile is damaged or of another kind than the pixels, and is ignored",
    "there are several frames, pages or images, of which the first is read",
    "there are more channels than colour and transparency, which are ignored",
    "the greatest value that the file names is less than its values, and is ignored",
    "some values are no finite numbers, and are taken as black or white",
    "values of no stated range, taken as 0 for black to 1 for white",
    "values of no stated range, taken as -1 for black to 1 for white",
    "values of no stated range, taken as 0 for black to 255 for white",
    "values of no stated range, taken as 0 for black to 4095 for white",
    "values of no stated range, taken as 0 for black to 65535 for white",
    "values of no stated range, taken as all that their type can hold, from black to white",
    "values of no usual range, the least taken as black and the greatest as white",
    "the gamma that the file names is not that of sRGB, and is ignored"};

const char *dc3_image_note_text(int i)
{
    return texts[i];
}
