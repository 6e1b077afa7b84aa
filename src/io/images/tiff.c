#include "io/images/tiff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include "io/pixels.h"

/* A file in memory. */
typedef struct memory {
    const unsigned char *data;
    size_t size, at;
    int made_up; /* whether libtiff invented which channels are extra */
} memory;

static tmsize_t read_memory(thandle_t handle, void *to, tmsize_t size)
{
    memory *m = handle;
    size_t there = m->at < m->size ? m->size - m->at : 0, take = (size_t)size < there ? (size_t)size : there;
    if (take) memcpy(to, m->data + m->at, take);
    m->at += take;
    return (tmsize_t)take;
}

static tmsize_t write_nothing(thandle_t handle, void *from, tmsize_t size)
{
    (void)handle, (void)from, (void)size;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence)
{
    memory *m = handle;
    toff_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->size;
    m->at = (size_t)(from + offset);
    return m->at;
}

static int close_nothing(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle)
{
    return ((memory *)handle)->size;
}

/* libtiff's own handlers, which all threads share, hear nothing. */
static int quiet(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    (void)tiff, (void)user, (void)module, (void)format, (void)args;
    return 1;
}

/* libtiff makes up a tag ExtraSamples that is missing, and warns. */
static int hear_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list args)
{
    (void)tiff, (void)module, (void)args;
    if (strstr(format, "ExtraSamples")) ((memory *)user)->made_up = 1;
    return 1;
}

static TIFF *open_memory(memory *m)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, quiet, NULL);
    TIFFOpenOptionsSetWarningHandlerExtR(options, hear_warning, m);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, DC3_DECODED_LIMIT);
    TIFF *tiff = TIFFClientOpenExt("", "rm", m, read_memory, write_nothing, seek, close_nothing, size_of,
                                   NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* Which samples are colour and which alpha. */
static void find_channels(TIFF *tiff, int photometric, int made_up, dc3_tiff *t)
{
    uint16_t extra = 0, *kinds = NULL;
    if (!TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds)) extra = 0;
    int colours = t->samples - extra;
    if (photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE)
        t->colours = 1;
    else if (photometric == PHOTOMETRIC_RGB && t->samples >= 3)
        t->colours = 3;
    else if (photometric == PHOTOMETRIC_CIELAB || photometric == PHOTOMETRIC_ICCLAB)
        t->colours = t->samples < 3 ? 1 : 3;
    else if (photometric == PHOTOMETRIC_SEPARATED && t->samples >= 4)
        t->colours = 4;
    for (int i = 0; i < extra && t->colours && !t->alpha; i++)
        if (kinds[i] != EXTRASAMPLE_UNSPECIFIED && colours + i >= t->colours) {
            t->alpha = colours + i;
            t->premultiplied = kinds[i] == EXTRASAMPLE_ASSOCALPHA;
        }
    if (made_up && t->samples == t->colours + 1) t->alpha = t->colours;  /* as others read it */
    if (t->colours == 1 && !t->alpha && t->samples >= 3) t->colours = 3; /* as arrays are stored */
}

static void find_limits(TIFF *tiff, dc3_tiff *t)
{
    uint16_t most, least = 0;
    if (TIFFGetField(tiff, TIFFTAG_SMAXSAMPLEVALUE, &t->high)) { /* of all samples the most, a double */
        t->limited = 1;
        TIFFGetField(tiff, TIFFTAG_SMINSAMPLEVALUE, &t->low);
    } else if (TIFFGetField(tiff, TIFFTAG_MAXSAMPLEVALUE, &most)) {
        t->limited = 1;
        t->high = most;
        if (TIFFGetField(tiff, TIFFTAG_MINSAMPLEVALUE, &least)) t->low = least;
    }
    if (!isfinite(t->low) || !isfinite(t->high)) t->limited = 0;
}

/* Whether the samples are such as are unpacked here. */
static int is_own(int photometric, int format, int plane_tiles, const dc3_tiff *t)
{
    if (t->lab)
        return t->samples >= 3 &&
               (format == SAMPLEFORMAT_IEEEFP ? t->bits == 32 : t->bits == 8 || t->bits == 16);
    int floats = format == SAMPLEFORMAT_IEEEFP && (t->bits == 16 || t->bits == 32 || t->bits == 64);
    if (photometric == PHOTOMETRIC_SEPARATED)
        return t->colours == 4 && (floats || (plane_tiles && format == SAMPLEFORMAT_UINT && t->bits == 8));
    if (photometric != PHOTOMETRIC_MINISBLACK && photometric != PHOTOMETRIC_MINISWHITE &&
        photometric != PHOTOMETRIC_RGB)
        return 0;
    if (format == SAMPLEFORMAT_IEEEFP) return floats;
    if (format == SAMPLEFORMAT_INT) return t->bits == 8 || t->bits == 16 || t->bits == 32 || t->bits == 64;
    if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) return 0;
    if (photometric == PHOTOMETRIC_MINISWHITE && t->bits == 16) return 1;
    if (plane_tiles && t->bits >= 8 && t->bits <= 32) return 1;
    if (t->bits < 8) return photometric == PHOTOMETRIC_RGB || (t->bits != 1 && t->bits != 2 && t->bits != 4);
    return (t->bits > 8 && t->bits < 16) || (t->bits > 16 && t->bits <= 32) || t->bits == 64;
}

/* Whether only libtiff knows the way to RGB: luma and chroma outside a JPEG, and JPEG of before 1995. */
static int is_left(TIFF *tiff, int photometric)
{
    uint16_t compression = COMPRESSION_NONE;
    TIFFGetField(tiff, TIFFTAG_COMPRESSION, &compression);
    return compression == COMPRESSION_OJPEG ||
           (photometric == PHOTOMETRIC_YCBCR && compression != COMPRESSION_JPEG);
}

static void look_at(TIFF *tiff, int made_up, dc3_tiff *t)
{
    uint16_t bits = 1, samples = 1, format = SAMPLEFORMAT_UINT, photometric = PHOTOMETRIC_MINISBLACK,
             turn = 1, planar = PLANARCONFIG_CONTIG;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &t->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &t->height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &turn);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    t->bits = bits;
    t->samples = samples;
    t->orientation = turn >= 1 && turn <= 8 ? turn : 1;
    t->type = format == SAMPLEFORMAT_IEEEFP ? DC3_VALUE_FLOAT
              : format == SAMPLEFORMAT_INT  ? DC3_VALUE_SIGNED
                                            : DC3_VALUE_UNSIGNED;
    t->white_is_zero = photometric == PHOTOMETRIC_MINISWHITE;
    t->lab = photometric == PHOTOMETRIC_CIELAB ? 1 : photometric == PHOTOMETRIC_ICCLAB ? 2 : 0;
    t->more = !TIFFLastDirectory(tiff);
    t->block = (double)(TIFFIsTiled(tiff) ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff));
    find_channels(tiff, photometric, made_up, t);
    find_limits(tiff, t);
    t->by_libtiff = is_left(tiff, photometric);
    t->own = t->width && t->height && samples &&
             (t->by_libtiff ||
              is_own(photometric, format, planar == PLANARCONFIG_SEPARATE && TIFFIsTiled(tiff), t));
    if (!t->by_libtiff) return;
    t->bits = 8;
    t->samples = t->colours = 3;
    t->alpha = t->white_is_zero = t->lab = 0;
    t->type = DC3_VALUE_UNSIGNED;
}

int dc3_tiff_look(const void *data, size_t size, dc3_tiff *t)
{
    memory m = {.data = data, .size = size};
    uint32_t length = 0;
    void *profile = NULL;
    *t = (dc3_tiff){0};
    TIFF *tiff = open_memory(&m);
    if (!tiff) return 0;
    look_at(tiff, m.made_up, t);
    if (t->own && TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &length, &profile) && length) {
        void *copy = malloc(length);
        if (copy) memcpy(copy, profile, length);
        t->profile = copy;
        t->profile_size = copy ? length : 0;
    }
    TIFFClose(tiff);
    return 1;
}

/* IEEE 754's binary16. */
static float of_half(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float size = exponent == 31 ? (fraction ? NAN : INFINITY)
                 : exponent     ? ldexpf((float)(1024 + fraction), exponent - 25)
                                : ldexpf((float)fraction, -24);
    return half & 0x8000 ? -size : size;
}

/* Whole bytes, in this machine's order. */
static float of_bytes(const unsigned char *from, int bits, dc3_value_type type)
{
    uint64_t u = 0;
    double d;
    float f;
    memcpy(&u, from, (size_t)bits / 8);
    if (type == DC3_VALUE_FLOAT && bits == 16) return of_half((uint16_t)u);
    if (type == DC3_VALUE_FLOAT && bits == 32) return memcpy(&f, from, 4), f;
    if (type == DC3_VALUE_FLOAT) return memcpy(&d, from, 8), (float)d;
    if (type == DC3_VALUE_SIGNED) return (float)((int64_t)(u << (64 - bits)) >> (64 - bits));
    return (float)u;
}

/* Sample i of a row: the most significant bit first, where samples are no whole bytes. */
static float sample_at(const unsigned char *row, size_t i, const dc3_tiff *t)
{
    size_t bit = i * (size_t)t->bits;
    if (t->bits % 8 == 0) return of_bytes(row + bit / 8, t->bits, t->type);
    uint32_t value = 0;
    for (int k = 0; k < t->bits; k++, bit++) value = value << 1 | (row[bit / 8] >> (7 - bit % 8) & 1);
    return (float)value;
}

/* A strip or tile: where it lies, and which samples it has. */
typedef struct block {
    uint32_t x, y, width, height; /* width: of its rows, perhaps beyond the image */
    int first, samples;
} block;

static void place(const unsigned char *bytes, const block *b, const dc3_tiff *t, float *values)
{
    size_t row_bytes = ((size_t)b->width * (size_t)b->samples * (size_t)t->bits + 7) / 8;
    uint32_t columns = b->width < t->width - b->x ? b->width : t->width - b->x;
    uint32_t rows = b->height < t->height - b->y ? b->height : t->height - b->y;
    for (uint32_t y = 0; y < rows; y++)
        for (uint32_t x = 0; x < columns; x++)
            for (int c = 0; c < b->samples; c++)
                values[((size_t)(b->y + y) * t->width + b->x + x) * (size_t)t->samples +
                       (size_t)(b->first + c)] =
                    sample_at(bytes + y * row_bytes, (size_t)x * (size_t)b->samples + (size_t)c, t);
}

/* 1 if the block was read. */
static int read_block(TIFF *tiff, int tiled, const block *b, void *buffer, tmsize_t room)
{
    uint16_t plane = (uint16_t)b->first;
    if (tiled)
        return TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, b->x, b->y, 0, plane), buffer, room) >= 0;
    return TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, b->y, plane), buffer, room) >= 0;
}

static int read_blocks(TIFF *tiff, const dc3_tiff *t, float *values)
{
    uint16_t planar = PLANARCONFIG_CONTIG;
    int tiled = TIFFIsTiled(tiff), good = 1;
    block b = {.width = t->width, .height = t->height};
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(tiff, tiled ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &b.height);
    if (tiled) TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &b.width);
    b.samples = planar == PLANARCONFIG_SEPARATE ? 1 : t->samples;
    tmsize_t room = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
    if (!tiled && b.height > t->height) b.height = t->height;
    unsigned char *buffer = room > 0 && b.width && b.height ? calloc(1, (size_t)room) : NULL;
    good = buffer != NULL;
    for (b.first = 0; good && b.first < t->samples; b.first += b.samples)
        for (uint64_t y = 0; good && y < t->height; y += b.height)
            for (uint64_t x = 0; good && x < t->width; x += b.width) {
                b.x = (uint32_t)x, b.y = (uint32_t)y;
                good = read_block(tiff, tiled, &b, buffer, room);
                if (good) place(buffer, &b, t, values);
            }
    free(buffer);
    return good;
}

static int read_rgb(TIFF *tiff, const dc3_tiff *t, float *values)
{
    size_t pixels = (size_t)t->width * t->height;
    uint32_t *raster = malloc(pixels * sizeof *raster);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT); /* it is turned later */
    int good = raster && TIFFReadRGBAImageOriented(tiff, t->width, t->height, raster, ORIENTATION_TOPLEFT, 1);
    for (size_t i = 0; good && i < pixels; i++) {
        values[3 * i] = (float)TIFFGetR(raster[i]);
        values[3 * i + 1] = (float)TIFFGetG(raster[i]);
        values[3 * i + 2] = (float)TIFFGetB(raster[i]);
    }
    free(raster);
    return good;
}

dc3_status dc3_tiff_read(const char *origin, const void *data, size_t size, const dc3_tiff *t, float **values)
{
    memory m = {.data = data, .size = size};
    *values = malloc((size_t)t->width * t->height * (size_t)t->samples * sizeof **values);
    if (!*values) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    TIFF *tiff = open_memory(&m);
    int good = tiff && (t->by_libtiff ? read_rgb : read_blocks)(tiff, t, *values);
    if (tiff) TIFFClose(tiff);
    if (good) return DC3_OK;
    free(*values);
    *values = NULL;
    return dc3_fail(DC3_ERR_FORMAT, "%s: the image is damaged or truncated", origin);
}

dc3_status dc3_tiff_fail(const char *origin, const void *data, size_t size)
{
    memory m = {.data = data, .size = size};
    uint16_t compression = COMPRESSION_NONE;
    dc3_tiff t = {0};
    TIFF *tiff = open_memory(&m);
    if (!tiff) return DC3_OK;
    look_at(tiff, m.made_up, &t);
    TIFFGetField(tiff, TIFFTAG_COMPRESSION, &compression);
    int known = TIFFIsCODECConfigured(compression);
    TIFFClose(tiff);
    if (!known)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: a TIFF of compression %d, which is not read; store it with LZW or ZIP compression", origin,
            compression);
    if (!t.own && t.bits != 1 && t.bits != 2 && t.bits != 4 && t.bits != 8 && t.bits != 16)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: a TIFF of %d bits a sample, which are not read; expected 1 to 16, or floats of "
                        "16, 32 or 64; convert it",
                        origin, t.bits);
    return DC3_OK;
}
