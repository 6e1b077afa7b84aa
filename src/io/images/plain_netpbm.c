/* PBM, PGM and PPM, plain and raw (netpbm.sourceforge.net/doc): a header of decimal numbers, then samples
 * from 0 to the greatest that the header names. */
#include <ctype.h>
#include <stdlib.h>
#include "io/images/plain.h"

typedef struct reader {
    const unsigned char *data, *end;
    int good;
} reader;

/* A decimal number behind white space and comments, at most `most`. */
static uint32_t number(reader *r, uint32_t most)
{
    uint32_t value = 0;
    while (r->data < r->end && (isspace(*r->data) || *r->data == '#'))
        if (*r->data++ == '#')
            while (r->data < r->end && *r->data != '\n') r->data++;
    r->good &= r->data < r->end && isdigit(*r->data);
    for (; r->good && r->data < r->end && isdigit(*r->data); r->data++) {
        value = value * 10 + (uint32_t)(*r->data - '0');
        r->good &= value <= most;
    }
    return r->good ? value : 0;
}

/* A bit of a plain PBM, which needs no white space behind it. */
static uint32_t plain_bit(reader *r)
{
    while (r->data < r->end && isspace(*r->data)) r->data++;
    r->good &= r->data < r->end && (*r->data == '0' || *r->data == '1');
    return r->good ? (uint32_t)(*r->data++ - '0') : 0;
}

static uint32_t raw_sample(reader *r, uint32_t most)
{
    int wide = most > 255;
    r->good &= r->end - r->data > wide;
    if (!r->good) return 0;
    uint32_t value = *r->data++;
    if (wide) value = value << 8 | *r->data++;
    r->good &= value <= most;
    return value;
}

/* Samples of one row, [width, channels], as 0 to 255. */
static void read_row(reader *r, int form, uint32_t most, uint32_t count, uint8_t *to)
{
    for (uint32_t i = 0; i < count && r->good; i++) {
        uint32_t v = form == 1   ? plain_bit(r)
                     : form == 4 ? (r->data < r->end ? *r->data >> (7 - i % 8) & 1U : (r->good = 0U))
                     : form < 4  ? number(r, most)
                                 : raw_sample(r, most);
        if (form == 4 && (i % 8 == 7 || i + 1 == count)) r->data++;
        to[i] = form % 3 == 1 ? (uint8_t)(v ? 0 : 255) : (uint8_t)((v * 255 + most / 2) / most);
    }
}

/* Grey to RGB in place, from the end. */
static void widen(uint8_t *row, uint32_t width)
{
    for (uint32_t x = width; x-- > 0;) row[3 * x] = row[3 * x + 1] = row[3 * x + 2] = row[x];
}

/* Whether another image follows, as programs write several to one file. */
static int follows(reader *r)
{
    while (r->data < r->end && isspace(*r->data)) r->data++;
    return r->end - r->data > 8 && r->data[0] == 'P' && r->data[1] >= '1' && r->data[1] <= '6';
}

int dc3_plain_netpbm(const void *data, size_t size, dc3_image *image)
{
    reader r = {data, (const unsigned char *)data + size, 1};
    int form = r.data[1] - '0', colour = form % 3 == 0;
    r.data += 2;
    uint32_t w = number(&r, DC3_IMAGE_LIMIT), h = number(&r, DC3_IMAGE_LIMIT);
    uint32_t most = form % 3 == 1 ? 1 : number(&r, 65535);
    if (form > 3) r.good &= r.data < r.end && isspace(*r.data++);
    if (!r.good || !most || !dc3_image_allocate(w, h, image)) return 0;
    for (uint32_t y = 0; y < h && r.good; y++) {
        uint8_t *row = image->pixels + (size_t)y * w * 3;
        read_row(&r, form, most, colour ? 3 * w : w, row);
        if (!colour) widen(row, w);
    }
    return r.good ? 1 + follows(&r) : 0;
}
