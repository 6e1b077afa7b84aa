/* plugin MODEL: loads libdc3.so.0 as a plug-in does, uses it, closes it, and goes on with what the library
 * has in common with the program: libvips's messages and OpenMP's threads. */
#include <dc3/dc3.h>
#include <dlfcn.h>
#include <stdio.h>

typedef void logger(const char *domain, int level, const char *format, ...);

#define GET(name) __typeof__(name) *name##_ = (__typeof__(name) *)dlsym(library, #name)

static int edit(const char *model)
{
    enum { SIDE = 24, THREADS = 2 };
    static uint8_t image[SIDE * SIDE * 3], result[SIDE * SIDE * 3];
    const char *const prompts[] = {"rainy"};
    void *library = dlopen("libdc3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) return fprintf(stderr, "%s\n", dlerror()), 1;
    GET(dc3_image_editor_defaults);
    GET(dc3_image_editor_open);
    GET(dc3_image_editor_edit);
    GET(dc3_image_editor_close);
    GET(dc3_image_edit_defaults);
    GET(dc3_error_text);
    dc3_image_editor *editor;
    dc3_image_editor_options opening = dc3_image_editor_defaults_();
    dc3_image_edit_options options = dc3_image_edit_defaults_();
    opening.threads = THREADS, options.steps = 1;
    if (dc3_image_editor_open_(model, &opening, &editor) != DC3_OK ||
        dc3_image_editor_edit_(editor, &options, 1, SIDE, SIDE, image, prompts, NULL, result) != DC3_OK)
        return fprintf(stderr, "%s\n", dc3_error_text_()), 1;
    dc3_image_editor_close_(&editor);
    return dlclose(library);
}

int main(int argc, char **argv)
{
    enum { WARNING = 1 << 4 };
    if (argc != 2) return 2;
    for (int i = 0; i < 2; i++)
        if (edit(argv[1]) != 0) return 1;
    void *glib = dlopen("libglib-2.0.so.0", RTLD_NOW);
    logger *log = glib ? (logger *)dlsym(glib, "g_log") : NULL;
    if (!log) return fprintf(stderr, "%s\n", dlerror()), 1;
    log("VIPS", WARNING, "of the program"); /* to a handler that the library has set */
    puts("done");
    return 0;
}
