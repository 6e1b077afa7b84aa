/* edit MODEL IN.ppm PROMPT OUT.ppm: one image in memory, edited by the diffusion model in the directory MODEL
 * (dc3 comes with dc3-mini: pkg-config --variable=modelsdir dc3).
 *
 *     cc edit.c $(pkg-config --cflags --libs dc3) -o edit && ./edit dc3-mini in.ppm 'golden hour' out.ppm */
#include <dc3/dc3.h>
#include <stdio.h>
#include <stdlib.h>

/* A binary PPM without comments: [height, width, 3] bytes, which the caller frees; NULL if it is none. */
static uint8_t *read_ppm(const char *path, int *width, int *height)
{
    FILE *file = fopen(path, "rb");
    uint8_t *pixels = NULL;
    if (file && fscanf(file, "P6 %d %d 255", width, height) == 2 && fgetc(file) != EOF && *width > 0 &&
        *height > 0 && *width <= 16384 && *height <= 16384) {
        size_t bytes = (size_t)*width * (size_t)*height * 3;
        pixels = malloc(bytes);
        if (pixels && fread(pixels, 1, bytes, file) != bytes) {
            free(pixels);
            pixels = NULL;
        }
    }
    if (file) fclose(file);
    return pixels;
}

static int write_ppm(const char *path, int width, int height, const uint8_t *pixels)
{
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    size_t bytes = (size_t)width * (size_t)height * 3;
    int good =
        fprintf(file, "P6\n%d %d\n255\n", width, height) > 0 && fwrite(pixels, 1, bytes, file) == bytes;
    return fclose(file) == 0 && good;
}

int main(int argc, char **argv)
{
    if (argc != 5) return fprintf(stderr, "usage: edit MODEL IN.ppm PROMPT OUT.ppm\n"), 2;
    int width, height;
    uint8_t *image = read_ppm(argv[2], &width, &height);
    if (!image) return fprintf(stderr, "%s: not a PPM file\n", argv[2]), 1;
    uint8_t *edit = malloc((size_t)width * (size_t)height * 3);

    /* Opened once; each call may bring several images of one size, each with a prompt and a seed of its own.
     */
    dc3_image_editor *editor = NULL;
    dc3_image_editor_options opening = dc3_image_editor_defaults();
    opening.threads = 2;
    dc3_status status = edit ? dc3_image_editor_open(argv[1], &opening, &editor) : DC3_ERR_MEMORY;
    if (status == DC3_OK) {
        const char *prompts[] = {argv[3]};
        dc3_image_edit_options options = dc3_image_edit_defaults();
        options.steps = 20;
        status = dc3_image_editor_edit(editor, &options, 1, height, width, image, prompts, NULL, edit);
    }
    if (status != DC3_OK) fprintf(stderr, "%s\n", dc3_error_text());
    int good = status == DC3_OK && write_ppm(argv[4], width, height, edit);
    dc3_image_editor_close(&editor);
    free(edit);
    free(image);
    return good ? 0 : 1;
}
