#include "io/images/colours.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "io/images/profile.h"
#include "io/images/vips.h"

enum {
    STEP = 5, /* of 255 between two colours of the table */
    SIDE = 255 / STEP + 1,
    COLOURS = SIDE * SIDE * SIDE,
    RED = 3 * SIDE * SIDE, /* bytes to the next red, green, blue */
    GREEN = 3 * SIDE,
    BLUE = 3,
    KEPT = 8, /* profiles */
    PROFILE_LIMIT = 1 << 20
};

struct dc3_colours {
    atomic_int holders;
    uint8_t srgb[COLOURS * 3]; /* [red, green, blue, 3] */
};

/* One profile and what it means; without bytes: none yet. */
typedef struct meaning {
    void *profile;
    size_t size;
    int known;            /* 0: each of its images is left to libvips, which is not asked for a table again */
    dc3_colours *colours; /* NULL: sRGB */
} meaning;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static meaning kept[KEPT];
static int next;

dc3_colours *dc3_colours_retain(dc3_colours *colours)
{
    if (colours) atomic_fetch_add(&colours->holders, 1);
    return colours;
}

void dc3_colours_release(dc3_colours **colours)
{
    if (*colours && atomic_fetch_sub(&(*colours)->holders, 1) == 1) free(*colours);
    *colours = NULL;
}

/* A colour's place between two of the table along one axis, and how far it is to the next one. */
typedef struct place {
    int part, next; /* 0 to STEP - 1; bytes */
} place;

/* Orders two of them, the larger part first. */
static void order(place *a, place *b)
{
    if (a->part >= b->part) return;
    place swap = *a;
    *a = *b;
    *b = swap;
}

static int cell(int value)
{
    return value / STEP < SIDE - 1 ? value / STEP : SIDE - 2;
}

/* Each tetrahedron of a cell has the corners that one passes from the darkest along the axes, the largest
 * part first. */
void dc3_colours_apply(const dc3_colours *colours, uint8_t *pixels, int channels, size_t count)
{
    uint8_t *rgb = pixels;
    for (size_t i = 0; i < count; i++, rgb += channels) {
        int r = cell(rgb[0]), g = cell(rgb[1]), b = cell(rgb[2]);
        place x = {rgb[0] - r * STEP, RED}, y = {rgb[1] - g * STEP, GREEN}, z = {rgb[2] - b * STEP, BLUE};
        order(&x, &y);
        order(&y, &z);
        order(&x, &y);
        const uint8_t *p = colours->srgb + r * RED + g * GREEN + b * BLUE;
        const uint8_t *q = p + x.next, *s = q + y.next, *t = s + z.next;
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)((p[c] * (STEP - x.part) + q[c] * (x.part - y.part) + s[c] * (y.part - z.part) +
                                t[c] * z.part + STEP / 2) /
                               STEP);
    }
}

/* A cube of `side` colours along red, green and blue, `step` apart from `first` on. */
static int make_cube(int first, int step, int side, dc3_image *cube)
{
    if (!dc3_image_allocate((uint32_t)(side * side), (uint32_t)side, cube)) return 0;
    uint8_t *rgb = cube->pixels;
    for (int i = 0; i < side * side * side; i++, rgb += 3) {
        rgb[0] = (uint8_t)(first + i / side / side * step);
        rgb[1] = (uint8_t)(first + i / side % side * step);
        rgb[2] = (uint8_t)(first + i % side * step);
    }
    return 1;
}

/* `own`, of the profile, in sRGB, as images with it are brought there. */
static int transform(const dc3_image *own, const void *profile, size_t size, dc3_image *srgb)
{
    unsigned notes = 0;
    VipsImage *in = dc3_vips_start() == DC3_OK ? dc3_vips_wrap(own) : NULL;
    if (!in) return 0;
    vips_image_set_blob_copy(in, VIPS_META_ICC_NAME, profile, size);
    int done = dc3_profile_keep(in, &notes) &&
               dc3_vips_fit("profile", in, 1, own->width, own->height, DC3_FIT_SQUASH, srgb) == DC3_OK;
    g_object_unref(in);
    return done;
}

static int are_same(const uint8_t *a, const uint8_t *b)
{
    for (int i = 0; i < COLOURS * 3; i++)
        if (abs(a[i] - b[i]) > 1) return 0;
    return 1;
}

/* Whether colours between those of the table come out within 1 on average, as do those of any profile that a
 * device may have. */
static int is_near(const dc3_colours *colours, const void *profile, size_t size)
{
    enum { FIRST = 7, APART = 15, CHECKS = 17, COUNT = CHECKS * CHECKS * CHECKS };
    dc3_image own, srgb = {0};
    int sum = 0, done = make_cube(FIRST, APART, CHECKS, &own) && transform(&own, profile, size, &srgb);
    if (done) dc3_colours_apply(colours, own.pixels, 3, COUNT);
    for (int i = 0; done && i < COUNT * 3; i++) sum += abs(own.pixels[i] - srgb.pixels[i]);
    dc3_image_free(&own);
    dc3_image_free(&srgb);
    return done && sum <= COUNT * 3;
}

/* 1: known; *colours as in dc3_colours_of. */
static int ask(const void *profile, size_t size, dc3_colours **colours)
{
    dc3_image own, srgb = {0};
    *colours = NULL;
    int known = make_cube(0, STEP, SIDE, &own) && transform(&own, profile, size, &srgb);
    if (known && !are_same(own.pixels, srgb.pixels)) {
        dc3_colours *c = *colours = malloc(sizeof *c);
        if (c) atomic_init(&c->holders, 1);
        if (c) memcpy(c->srgb, srgb.pixels, sizeof c->srgb);
        known = c && is_near(c, profile, size);
        if (!known) dc3_colours_release(colours);
    }
    dc3_image_free(&own);
    dc3_image_free(&srgb);
    return known;
}

/* In place of the one that was added first. */
static void keep(const void *profile, size_t size, int known, dc3_colours *colours)
{
    meaning m = {malloc(size), size, known, colours};
    if (!m.profile) return;
    memcpy(m.profile, profile, size);
    dc3_colours_retain(colours);
    free(kept[next].profile);
    dc3_colours_release(&kept[next].colours);
    kept[next] = m;
    next = (next + 1) % KEPT;
}

static const meaning *find(const void *profile, size_t size)
{
    for (int i = 0; i < KEPT; i++)
        if (kept[i].profile && kept[i].size == size && memcmp(kept[i].profile, profile, size) == 0)
            return &kept[i];
    return NULL;
}

int dc3_colours_of(const void *profile, size_t size, dc3_colours **colours)
{
    *colours = NULL;
    if (!size || size > PROFILE_LIMIT) return 0;
    pthread_mutex_lock(&lock);
    const meaning *m = find(profile, size);
    int known = m ? m->known : ask(profile, size, colours);
    if (m)
        *colours = dc3_colours_retain(m->colours);
    else
        keep(profile, size, known, *colours);
    pthread_mutex_unlock(&lock);
    return known;
}

int dc3_colours_keep_white(const dc3_colours *colours)
{
    const uint8_t *white = colours->srgb + (COLOURS - 1) * 3;
    return white[0] == 255 && white[1] == 255 && white[2] == 255;
}
