/* make_image FILE.png WIDTH HEIGHT RED GREEN BLUE: an image of that mean colour with a pattern, for the
 * tests of the command line. */
#include <stdio.h>
#include <stdlib.h>
#include "io/image.h"

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    dc3_image image = {atoi(argv[2]), atoi(argv[3]), NULL};
    image.pixels = malloc((size_t)image.width * (size_t)image.height * 3);
    for (int i = 0; image.pixels && i < image.width * image.height * 3; i++)
        image.pixels[i] =
            (uint8_t)(atoi(argv[4 + i % 3]) + (i / 3 % image.width * (i / 3 / image.width)) % 40);
    if (!image.pixels || dc3_image_write(argv[1], &image, DC3_PNG) != DC3_OK) {
        fprintf(stderr, "%s\n", dc3_error_text());
        return 1;
    }
    dc3_image_free(&image);
    return 0;
}
