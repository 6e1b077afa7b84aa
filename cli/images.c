/* The commands on single images. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>

/* ---- edit ---- */

typedef struct edit_values {
    settings common;
    const char *prompt;
} edit_values;

static const option edit_options[] = {{"prompt", 'p', OPTION_TEXT, offsetof(edit_values, prompt), ANY,
                                       "What the colours should be, or a whole instruction; " MINI_KNOWS,
                                       "TEXT"},
                                      {0}};
static const option *const edit_tables[] = {compute_options, result_options, model_options,
                                            adapter_options, store_options,  editing_options,
                                            force_options,   edit_options,   NULL};

static int run_edit(const command *c, int argc, char **argv)
{
    edit_values v = {.prompt = NULL};
    dc3_condense_options *o = &v.common.options;
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "image", "image") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!v.prompt)
        status = usage_error(c, "what should the colours be? Use --prompt TEXT");
    else if (!o->out)
        status = usage_error(c, "where should the image go? Use -o OUT.png");
    else {
        o->editor = editor_of(o->editor);
        status = finish(dc3_edit_command(o, rest[0], v.prompt), NULL);
        if (status == EXIT_DONE) print_result(&v.common, o->out);
    }
    g_strfreev(rest);
    return status;
}

const command edit_command = {"edit",
                              "Change the colours of one image by a prompt.",
                              "IMAGE --prompt TEXT -o OUT.png",
                              "  dc3 edit street.jpg --prompt 'golden hour' -o evening.png\n"
                              "  dc3 edit street.jpg --prompt underwater --steps 4 --detail edit -o sea.png",
                              edit_tables,
                              run_edit};

/* ---- contact ---- */

typedef struct contact_values {
    settings common;
    const char *png, *data;
    int rows;
} contact_values;

#define AT(field) offsetof(contact_values, field)

static const option contact_options[] = {
    {"output", 'o', OPTION_PATH, AT(png), ANY, "Image to write: PNG, JPEG, WebP or TIFF, as its name ends",
     "FILE"},
    {"data", 0, OPTION_PATH, AT(data), ANY, "Where the dataset is now", "DATA"},
    {"rows", 0, OPTION_WHOLE, AT(rows), FROM_1(""), "Classes to show (default 10)", "N"},
    {0}};
static const option *const contact_tables[] = {result_options, contact_options, force_options, NULL};

static int run_contact(const command *c, int argc, char **argv)
{
    contact_values v = {.rows = 10};
    char **rest;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (one_word(c, rest, "run's folder", "run's folder") != EXIT_DONE)
        status = EXIT_USAGE;
    else if (!v.png)
        status = usage_error(c, "where should the image go? Use -o GRID.png");
    else {
        status = finish(dc3_contact_command(rest[0], v.data, v.png, v.rows, v.common.options.force,
                                            v.common.options.listener.cancel),
                        NULL);
        if (status == EXIT_DONE) print_result(&v.common, v.png);
    }
    g_strfreev(rest);
    return status;
}

const command contact_command = {
    "contact",
    "Draw the originals of a run above its results, or the images of dc3 generate, as one image.",
    "OUT -o GRID.png",
    "  dc3 contact photos-ipc10 -o grid.png\n  dc3 contact photos-ipc10 --data /mnt/photos/train --rows 4 "
    "-o grid.png",
    contact_tables,
    run_contact};
