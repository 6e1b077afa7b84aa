/* Colour jitter, as torchvision's ColorJitter on float images: brightness, contrast, saturation and hue in
 * a random order, with factors b, c, s uniform in 1 -+ 0.4 and a hue shift h uniform in -+ 0.1 turns, the
 * strength of MoCo v2 (Chen et al. 2020). brightness: b x        contrast: c x + (1 - c) mean of the
 * image's grey saturation: s x + (1 - s) grey of the pixel        hue: h added to the hue of HSV each cut
 * to [0, 1] after. */
#include <math.h>
#include <string.h>
#include "colour/image_edit.h"
#include "io/json.h"

enum {
    BRIGHTNESS,
    CONTRAST,
    SATURATION,
    HUE,
    ORDER
}; /* ORDER: four values, which comes first, second, ... */
static const double strength[] = {0.4, 0.4, 0.4, 0.1};
static const char *const names[] = {"brightness", "contrast", "saturation", "hue"};

static void draw(dc3_rng *rng, int size, double *values)
{
    (void)size;
    for (int i = 0; i < 4; i++) values[i] = (i == HUE ? 0 : 1) + strength[i] * (2 * dc3_rng_uniform(rng) - 1);
    for (int i = 0; i < 4; i++) values[ORDER + i] = i;
    for (int i = 0; i < 3; i++) {
        int other = i + (int)dc3_rng_below(rng, (uint64_t)(4 - i));
        double value = values[ORDER + other];
        values[ORDER + other] = values[ORDER + i];
        values[ORDER + i] = value;
    }
}

static float cut(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static void brightness(int pixels, float factor, float *x)
{
    for (int i = 0; i < 3 * pixels; i++) x[i] = cut(factor * x[i]);
}

static void contrast(int pixels, float factor, float *x)
{
    double sum = 0;
    for (int i = 0; i < pixels; i++) sum += dc3_grey(x + 3 * i);
    float mean = (float)(sum / pixels);
    for (int i = 0; i < 3 * pixels; i++) x[i] = cut(factor * x[i] + (1 - factor) * mean);
}

static void saturation(int pixels, float factor, float *x)
{
    for (int i = 0; i < pixels; i++) {
        float grey = dc3_grey(x + 3 * i);
        for (int c = 0; c < 3; c++) x[3 * i + c] = cut(factor * x[3 * i + c] + (1 - factor) * grey);
    }
}

/* Hue in [0, 1), saturation and value of a pixel. */
static void to_hsv(const float *rgb, float *hsv)
{
    float r = rgb[0], g = rgb[1], b = rgb[2];
    float most = fmaxf(r, fmaxf(g, b)), least = fminf(r, fminf(g, b)), range = most - least;
    float turn = 0;
    if (range > 0) {
        float rc = (most - r) / range, gc = (most - g) / range, bc = (most - b) / range;
        turn = most == r ? bc - gc : most == g ? 2 + rc - bc : 4 + gc - rc;
    }
    hsv[0] = fmodf(turn / 6 + 1, 1);
    hsv[1] = range > 0 ? range / most : 0;
    hsv[2] = most;
}

static void to_rgb(const float *hsv, float *rgb)
{
    float turn = floorf(hsv[0] * 6), part = hsv[0] * 6 - turn, s = hsv[1], v = hsv[2];
    float p = cut(v * (1 - s)), q = cut(v * (1 - s * part)), t = cut(v * (1 - s * (1 - part)));
    const float table[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
    memcpy(rgb, table[(int)turn % 6], sizeof table[0]);
}

static void hue(int pixels, float shift, float *x)
{
    for (int i = 0; i < pixels; i++) {
        float hsv[3];
        to_hsv(x + 3 * i, hsv);
        hsv[0] += shift;
        hsv[0] -= floorf(hsv[0]);
        to_rgb(hsv, x + 3 * i);
    }
}

static dc3_status apply(int size, const double *values, const float *in, float *out)
{
    static void (*const steps[])(int, float, float *) = {brightness, contrast, saturation, hue};
    memcpy(out, in, (size_t)size * (size_t)size * 3 * sizeof *out);
    for (int i = 0; i < 4; i++) {
        int what = (int)values[ORDER + i];
        steps[what](size * size, (float)values[what], out);
    }
    return DC3_OK;
}

static void describe(const double *values, json_t *to)
{
    json_t *order = json_array();
    for (int i = 0; i < 4; i++) {
        json_object_set_new(to, names[i], json_real(values[i]));
        json_array_append_new(order, json_string(names[(int)values[ORDER + i]]));
    }
    json_object_set_new(to, "order", order);
}

static void settings(int size, json_t *to)
{
    char key[32];
    (void)size;
    for (int i = 0; i < 4; i++) {
        strcpy(stpcpy(key, "jitter_"), names[i]);
        json_object_set_new(to, key, json_real(strength[i]));
    }
}

const dc3_image_edit dc3_color_jitter = {draw, apply, describe, settings};
