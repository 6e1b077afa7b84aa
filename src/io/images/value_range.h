/* Which values stand for black and white, where 8 bits do not say it. Private to this folder. */
#ifndef DC3_IO_VALUE_RANGE_H
#define DC3_IO_VALUE_RANGE_H

typedef enum dc3_value_type { DC3_VALUE_UNSIGNED, DC3_VALUE_SIGNED, DC3_VALUE_FLOAT } dc3_value_type;

typedef struct dc3_values {
    dc3_value_type type;
    int bits;           /* of a value */
    double least, most; /* of the image's finite values */
    int limited;        /* whether the file names the greatest value, and perhaps the least: */
    double low, high;
} dc3_values;

typedef struct dc3_value_range {
    double black, white; /* black < white */
    unsigned notes;      /* dc3_image_note bits */
} dc3_value_range;

/* The range of values, by these rules, of which the first that applies counts:
 *
 * 1. Unsigned whole numbers have all of their type, as TIFF 6.0 and PNG say, unless they have 16 bits, in
 * which cameras and scanners of fewer are kept, or 24 and more, which nothing fills.
 * 2. Where a file names its greatest value, and perhaps its least (else 0), these are white and black, as far
 *    as the type goes, and nothing is noted; unless some value lies beyond them, or none between.
 * 3. Floats within [0, 16] are 0 to 1, those beyond 1 being highlights; within [-1, 1] they are -1 to 1.
 * 4. What is not negative is 8, 12 or 16 bits, or all of the type: the least of these that holds it. Of a
 *    range beyond 16 bits it must fill a sixteenth.
 * 5. Else the least value is black and the greatest white.
 *
 * So a float image from 0 to 255 is not mistaken unless it has no value above 16, and would be all but black;
 * nor is one of 16 bits unless it has none above 4,095. */
dc3_value_range dc3_value_range_of(const dc3_values *values);

#endif
