/* Lines of text as images: what contact sheets write above a class. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "io/image.h"

enum { WIDTH = 200, HEIGHT = 18 };

/* Pixels that are not white, and how far to the right one stands. */
static int ink_of(const char *text, int *last, dc3_image *image)
{
    int ink = 0;
    *last = -1;
    assert_int_equal(dc3_image_caption(text, WIDTH, HEIGHT, image), DC3_OK);
    assert_int_equal(image->width, WIDTH);
    assert_int_equal(image->height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            const uint8_t *p = image->pixels + (y * WIDTH + x) * 3;
            if (p[0] == 255) continue;
            ink++;
            if (x > *last) *last = x;
        }
    return ink;
}

static int ink(const char *text, int *last)
{
    dc3_image image;
    int count = ink_of(text, last, &image);
    dc3_image_free(&image);
    return count;
}

static void names(void **state)
{
    (void)state;
    int last, longer;
    if (!ink("tench", &last)) skip(); /* a machine without fonts */
    assert_true(last < WIDTH / 2);
    assert_true(ink("tench and more", &longer) && longer > last);
    /* What Pango would take for markup, what is not UTF-8, what a terminal would obey. */
    static const char *const odd[] = {"a & b", "<b>bold</b>", "<", "&amp", "\xff\xfe", "\x1b[31mred", "%s%n"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (!ink(odd[i], &last)) fail_msg("'%s' is not drawn", odd[i]);
    assert_true(ink("<b>m</b>", &longer) && ink("m", &last) && longer > last);
}

static void no_name(void **state)
{
    (void)state;
    int last;
    assert_int_equal(ink("", &last), 0);
}

static void long_names(void **state)
{
    (void)state;
    char text[5001];
    int last;
    memset(text, 'W', 5000), text[5000] = 0;
    if (!ink("W", &last)) skip();
    assert_true(ink(text, &last) > 0 && last < WIDTH && last > WIDTH / 2);
    for (int i = 0; i < 5000; i++) text[i] = "\xc3\x84"[i % 2]; /* cut between characters only */
    assert_true(ink(text, &last) > 0 && last < WIDTH && last > WIDTH / 2);
}

static void repeats(void **state)
{
    (void)state;
    int last;
    dc3_image a, b;
    ink_of("cassette player", &last, &a);
    ink_of("cassette player", &last, &b);
    assert_memory_equal(a.pixels, b.pixels, WIDTH * HEIGHT * 3);
    dc3_image_free(&a);
    dc3_image_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(no_name),
                                       cmocka_unit_test(long_names), cmocka_unit_test(repeats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
