#include "io/images/value_range.h"

#include <math.h>
#include "io/image_notes.h"

/* The greatest that the type holds. */
static double full(const dc3_values *v)
{
    return ldexp(1, v->type == DC3_VALUE_SIGNED ? v->bits - 1 : v->bits) - 1;
}

/* Rule 4, and 5 of what is not negative. */
static dc3_value_range of_bits(const dc3_values *v, double most)
{
    const double usual[] = {255, 4095, 65535};
    const unsigned notes[] = {DC3_NOTE_8_BITS, DC3_NOTE_12_BITS, DC3_NOTE_16_BITS};
    double all = v->type == DC3_VALUE_FLOAT ? INFINITY : full(v);
    for (int i = 0; i < 3; i++)
        if (most <= usual[i] && usual[i] < all) return (dc3_value_range){0, usual[i], notes[i]};
    if (v->bits <= 16) return (dc3_value_range){0, all, 0};
    if (most * 16 >= all) return (dc3_value_range){0, all, DC3_NOTE_FULL};
    return (dc3_value_range){0, most, DC3_NOTE_SPREAD};
}

static dc3_value_range spread(double least, double most)
{
    return (dc3_value_range){least, most > least ? most : least + 1, DC3_NOTE_SPREAD};
}

static dc3_value_range of_extent(const dc3_values *v, double least, double most)
{
    if (v->type == DC3_VALUE_FLOAT) {
        if (least >= 0 && most <= 16) return (dc3_value_range){0, 1, DC3_NOTE_UNIT};
        if (least >= -1 && most <= 1) return (dc3_value_range){-1, 1, DC3_NOTE_SIGNED_UNIT};
    }
    if (v->type == DC3_VALUE_SIGNED && v->bits == 8) {
        double black = least < 0 ? -128 : 0;
        return (dc3_value_range){black, 127, DC3_NOTE_FULL};
    }
    return least < 0 ? spread(least, most) : of_bits(v, most);
}

/* Rule 2; what the type cannot hold is not asked for. */
static dc3_value_range of_names(const dc3_values *v)
{
    if (v->type == DC3_VALUE_FLOAT) return (dc3_value_range){v->low, v->high, 0};
    double least = v->type == DC3_VALUE_SIGNED ? -full(v) - 1 : 0;
    return (dc3_value_range){fmax(v->low, least), fmin(v->high, full(v)), 0};
}

dc3_value_range dc3_value_range_of(const dc3_values *v)
{
    if (v->type == DC3_VALUE_UNSIGNED && v->bits != 16 && v->bits < 24)
        return (dc3_value_range){0, full(v), 0};
    int named = v->limited && v->high > v->low;
    if (named && (float)v->high >= (float)v->most && (float)v->low <= (float)v->least) return of_names(v);
    dc3_value_range range = of_extent(v, v->least, v->most);
    if (named) range.notes |= DC3_NOTE_LIMITS;
    return range;
}
