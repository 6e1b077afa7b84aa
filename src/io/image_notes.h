/* What an image's file says that is not followed, and what is assumed of values that it leaves open. */
#ifndef DC3_IO_IMAGE_NOTES_H
#define DC3_IO_IMAGE_NOTES_H

/* Bits of a set of notes. */
typedef enum dc3_image_note {
    DC3_NOTE_PROFILE = 1 << 0,    /* a colour profile that is damaged or not for such pixels */
    DC3_NOTE_FRAMES = 1 << 1,     /* frames, pages or images behind the first */
    DC3_NOTE_CHANNELS = 1 << 2,   /* channels beside colour and transparency */
    DC3_NOTE_LIMITS = 1 << 3,     /* a greatest value that the values exceed */
    DC3_NOTE_NOT_FINITE = 1 << 4, /* values that are no numbers */
    DC3_NOTE_UNIT = 1 << 5,       /* values taken as 0 to 1 */
    DC3_NOTE_SIGNED_UNIT = 1 << 6,
    DC3_NOTE_8_BITS = 1 << 7,
    DC3_NOTE_12_BITS = 1 << 8,
    DC3_NOTE_16_BITS = 1 << 9,
    DC3_NOTE_FULL = 1 << 10,   /* values taken as all that their type may be */
    DC3_NOTE_SPREAD = 1 << 11, /* the least and the greatest value taken as black and white */
    DC3_NOTE_GAMMA = 1 << 12,  /* a gamma other than sRGB's */
} dc3_image_note;

enum { DC3_IMAGE_NOTES = 13 };

/* The note of bit `i` as the rest of "NAME: ...", without a full stop. */
const char *dc3_image_note_text(int i);

#endif
