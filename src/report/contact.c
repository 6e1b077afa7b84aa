/* A grid of originals beside results of a finished run, or of images that were generated. */
#include <stdlib.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "output/output_path.h"
#include "report/sheet.h"
#include "run_folder/origins.h"
#include "run_folder/sources.h"
#include "run_folder/document.h"
#include "run_folder/images_place.h"
#include "run_folder/made_of.h"
#include "dc3/condense.h"

enum { TILE = 96, ACROSS = 8 }; /* pixels of an image; pairs of a class at most */

/* What the pairs come from. */
typedef struct origins {
    const char *train;
    const dc3_dataset *dataset;
    const json_t *items; /* dc3_sources_find */
    dc3_fit fit;
} origins;

/* The original above what is stored, at the same size, and both brought to a tile alike: so that a difference
 * is one of the images. */
static dc3_status paste_pair(const origins *from, const json_t *line, dc3_sheet *sheet, int row, int column)
{
    const char *source = json_string_value(json_object_get(line, "source"));
    if (!source) return dc3_fail(DC3_ERR_FORMAT, "%s/metadata.jsonl: a line has no source", from->train);
    int64_t item = dc3_sources_item(from->items, source);
    dc3_image stored, original;
    if (item < 0) {
        dc3_sources_lost(from->items, source);
        return dc3_fail_in(DC3_ERR_FORMAT, "%s names the run's dataset", dc3_setting("data"));
    }
    DC3_TRY(dc3_sources_stored(from->train, line, 0, 0, &stored));
    dc3_status status =
        dc3_dataset_read(from->dataset, item, stored.width, stored.height, from->fit, &original);
    if (status == DC3_OK) {
        status = dc3_sheet_paste(sheet, row, column, 0, &original);
        dc3_image_free(&original);
    }
    if (status == DC3_OK) status = dc3_sheet_paste(sheet, row, column, 1, &stored);
    dc3_image_free(&stored);
    return status;
}

/* How many classes the lines have, and how many of the images of one stand together at the most. */
static void count_lines(const json_t *lines, int *classes, int *across)
{
    int here = 0;
    json_int_t last = -1;
    size_t i;
    json_t *line;
    *classes = *across = 0;
    json_array_foreach(lines, i, line)
    {
        json_int_t label = json_integer_value(json_object_get(line, "label"));
        here = label == last ? here + 1 : 1;
        *classes += label != last;
        last = label;
        *across = here > *across ? here : *across;
    }
}

/* Up to `rows` classes downwards, and of each as many pairs as the first has, up to ACROSS, across. */
static dc3_status draw(const origins *from, const json_t *lines, int rows, const char *place)
{
    int classes, across, row = -1, column = 0;
    json_int_t last = -1;
    size_t i;
    json_t *line;
    count_lines(lines, &classes, &across);
    if (!classes) return dc3_fail(DC3_ERR_FORMAT, "%s: no images", from->train);
    if (classes > rows) classes = rows;
    if (across > ACROSS) across = ACROSS;
    dc3_sheet sheet;
    dc3_status status = dc3_sheet_open(classes, across, 2, TILE, &sheet);
    json_array_foreach(lines, i, line)
    {
        json_int_t label = json_integer_value(json_object_get(line, "label"));
        const char *name = json_string_value(json_object_get(line, "class"));
        column = label == last ? column + 1 : 0;
        row += label != last;
        last = label;
        if (status == DC3_OK && row < classes && column == 0)
            status = dc3_sheet_name(&sheet, row, name ? name : "");
        if (status == DC3_OK && row < classes && column < across)
            status = paste_pair(from, line, &sheet, row, column);
    }
    if (status == DC3_OK) status = dc3_sheet_save(&sheet, place);
    dc3_sheet_close(&sheet);
    return status;
}

/* The dataset must be the one that the run was made of. */
static dc3_status check_data(const char *run, const dc3_dataset *dataset, json_t *items)
{
    dc3_origins found;
    char text[DC3_ORIGINS_TEXT];
    DC3_TRY(dc3_origins_check(run, dataset, items, &found));
    if (!dc3_origins_are_others(&found)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected the dataset of the run %s, found another: %s; %s names it",
                    dc3_dataset_path(dataset), run, dc3_origins_text(&found, text), dc3_setting("data"));
}

/* ---- images without originals, as dc3 generate makes them ---- */

/* Images of the class that has most. */
static int largest_class(const dc3_dataset *d)
{
    int here = 0, most = 0;
    for (int64_t i = 0; i < dc3_dataset_size(d); i++) {
        here = i && dc3_dataset_label(d, i) == dc3_dataset_label(d, i - 1) ? here + 1 : 1;
        most = here > most ? here : most;
    }
    return most;
}

static dc3_status paste_alone(const dc3_dataset *d, int64_t item, int column, dc3_sheet *sheet)
{
    dc3_image image;
    int row = dc3_dataset_label(d, item);
    if (column == 0) DC3_TRY(dc3_sheet_name(sheet, row, dc3_dataset_class_name(d, row)));
    DC3_TRY(dc3_dataset_read(d, item, 0, 0, DC3_FIT_CROP, &image));
    dc3_status status = dc3_sheet_paste(sheet, row, column, 0, &image);
    dc3_image_free(&image);
    return status;
}

/* Up to `rows` classes downwards, of each up to ACROSS images. */
static dc3_status draw_alone(const dc3_dataset *d, int rows, const char *place)
{
    int classes = dc3_dataset_classes(d), across = largest_class(d), column = 0;
    dc3_sheet sheet;
    if (classes > rows) classes = rows;
    if (across > ACROSS) across = ACROSS;
    dc3_status status = dc3_sheet_open(classes, across, 1, TILE, &sheet);
    for (int64_t i = 0; status == DC3_OK && i < dc3_dataset_size(d); i++) {
        column = i && dc3_dataset_label(d, i) == dc3_dataset_label(d, i - 1) ? column + 1 : 0;
        if (dc3_dataset_label(d, i) < classes && column < across) status = paste_alone(d, i, column, &sheet);
    }
    if (status == DC3_OK) status = dc3_sheet_save(&sheet, place);
    dc3_sheet_close(&sheet);
    return status;
}

static int is_generated(const char *folder)
{
    return dc3_folder_holds(folder, "generate.json") && !dc3_folder_holds(folder, "dc3.json");
}

static dc3_status contact_generated(const char *folder, const char *png, int rows, int force)
{
    char *path = NULL;
    dc3_images_place generated;
    dc3_dataset *dataset = NULL;
    dc3_status status = dc3_images_place_find(folder, &generated);
    const dc3_input inputs[] = {{"the generated images", generated.folder}};
    dc3_output_path output = {"png", png, &dc3_image_output, force, inputs, 1, NULL};
    if (status == DC3_OK) status = dc3_output_path_check(&output, &path);
    if (status == DC3_OK) status = dc3_dataset_open(generated.folder, &dataset);
    if (status == DC3_OK) status = draw_alone(dataset, rows, path);
    dc3_dataset_close(&dataset);
    dc3_images_place_free(&generated);
    free(path);
    return status;
}

dc3_status dc3_contact_command(const char *run, const char *data, const char *png, int rows, int force,
                               const dc3_cancel *cancel)
{
    DC3_CALL_SCOPE(cancel);
    DC3_TRY(dc3_options_need("run", run));
    DC3_TRY(dc3_options_need("png", png));
    if (rows < 1) rows = 1;
    if (is_generated(run) && data)
        return dc3_fail_setting("data", "images that dc3 generate made (%s) have no originals; leave it out",
                                run);
    if (is_generated(run)) return contact_generated(run, png, rows, force);
    char *place = NULL;
    json_t *document = NULL, *lines = NULL;
    dc3_dataset *dataset = NULL;
    char *path = dc3_path_join(run, "dc3.json"), *train = dc3_path_join(run, "train");
    dc3_status status =
        path && train ? dc3_document_read(run, &document) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_check_complete(path, document);
    const json_t *settings = json_object_get(document, "settings");
    const char *source = data ? data : json_string_value(json_object_get(settings, "data"));
    if (status == DC3_OK && !source) status = dc3_fail(DC3_ERR_FORMAT, "%s: names no dataset", path);
    dc3_input inputs[] = {{"the dataset", source}, {"the run's images", train}};
    dc3_output_path output = {"png", png, &dc3_image_output, force, inputs, 2, NULL};
    if (status == DC3_OK) status = dc3_output_path_check(&output, &place);
    if (status == DC3_OK && (status = dc3_made_of_open(settings, source, &dataset)) != DC3_OK && !data)
        dc3_fail_in(status, "%s says where the dataset is now", dc3_setting("data"));
    if (status == DC3_OK) status = dc3_metadata_read(train, &lines);
    json_t *items = status == DC3_OK ? dc3_sources_find(lines, dataset) : NULL;
    if (status == DC3_OK) status = check_data(run, dataset, items);
    origins from = {train, dataset, items, dc3_sources_fit(settings)};
    if (status == DC3_OK) status = draw(&from, lines, rows, place);
    json_decref(items);
    dc3_dataset_close(&dataset);
    json_decref(document);
    json_decref(lines);
    free(path);
    free(train);
    free(place);
    return status;
}
