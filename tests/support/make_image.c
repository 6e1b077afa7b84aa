/* make_image FILE.png WIDTH HEIGHT RED GREEN BLUE: an image of that mean colour with a pattern, for the
 * tests of the command line. Hundreds are made, so this needs libpng alone: dc3's libraries take longer to
 * load than such an image to write. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

/* In bytes [height, width, 3]. libpng ends the program where something fails. */
static void write_png(FILE *file, png_uint_32 width, png_uint_32 height, unsigned char *pixels)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (png_uint_32 y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * 3);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    int width = atoi(argv[2]), height = atoi(argv[3]);
    unsigned char *pixels = malloc((size_t)width * (size_t)height * 3);
    for (int i = 0; pixels && i < width * height * 3; i++)
        pixels[i] = (unsigned char)(atoi(argv[4 + i % 3]) + (i / 3 % width * (i / 3 / width)) % 40);
    FILE *file = pixels ? fopen(argv[1], "wb") : NULL;
    if (!file) return perror(argv[1]), 1;
    write_png(file, (png_uint_32)width, (png_uint_32)height, pixels);
    free(pixels);
    return fclose(file) != 0;
}
