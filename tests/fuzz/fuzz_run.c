/* The files of a run: dc3.json, selection.json, pictures.txt and train/metadata.jsonl, with zero bytes
 * between them: continued, drawn as a contact sheet, and cleared, which removes nothing outside of the run.
 */
#include <sys/stat.h>
#include "run_folder/clear.h"
#include "methods/chosen.h"
#include "condense/output.h"
#include "run_folder/document.h"
#include "fuzz.h"

static const char *const names[] = {"run/dc3.json", "run/selection.json", "run/pictures.txt",
                                    "run/train/metadata.jsonl"};
/* What clearing must leave. */
static const char *const others[] = {"outside.png", "run/mine.png", "run/train/mine.png", "data/a/1.png"};

static char *place(const char *name, char path[FUZZ_PATH + 64])
{
    snprintf(path, FUZZ_PATH + 64, "%s/%s", fuzz_folder(), name);
    return path;
}

static dc3_dataset *prepare(void)
{
    static const char *const folders[] = {"data", "data/a", "data/b", "run", "run/train", "run/train/a"};
    dc3_dataset *d;
    char path[FUZZ_PATH + 64];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) mkdir(place(folders[i], path), 0777);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) fuzz_write(others[i], NULL, 0);
    fuzz_write("data/a/2.png", NULL, 0);
    fuzz_write("data/b/1.png", NULL, 0);
    if (dc3_dataset_open(place("data", path), &d) != DC3_OK) abort();
    return d;
}

static void go_on(dc3_dataset *d, char *folder, int each)
{
    dc3_condense_options options = {0};
    dc3_condense_report report = {0};
    dc3_run run = {.options = &options, .dataset = d, .report = &report, .each = each};
    dc3_output output = {.run = &run, .folder = folder, .continues = 1};
    dc3_chosen chosen;
    if (dc3_output_read_selection(&output, &chosen) == DC3_OK && chosen.count) {
        for (int64_t i = 0; i < chosen.count * each; i++)
            if (chosen.parts[i].item < 0 || chosen.parts[i].item >= dc3_dataset_size(d)) abort();
        if (dc3_chosen_number(&run, &chosen) != DC3_OK) abort();
    }
    dc3_chosen_free(&chosen);
    json_decref(run.skipped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dc3_dataset *d;
    char folder[FUZZ_PATH + 64], path[FUZZ_PATH + 64], other[FUZZ_PATH + 64];
    json_t *lines;
    if (!d) d = prepare();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const uint8_t *part;
        size_t length = fuzz_part(&data, &size, &part);
        fuzz_write(names[i], part, length);
    }
    mkdir(place("run/train/a", path), 0777);
    fuzz_write("run/train/a/000-1.png", NULL, 0);
    place("run", folder);
    for (int each = 1; each <= 2; each++) go_on(d, folder, each);
    dc3_metadata_read(place("run/train", path), &lines);
    json_decref(lines);
    dc3_contact_command(folder, place("data", path), place("sheet.png", other), 4, 1, NULL);
    dc3_clear_run(folder);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (access(place(others[i], path), F_OK) != 0) abort();
    return 0;
}
