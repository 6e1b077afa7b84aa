#include "run_folder/made_of.h"

dc3_status dc3_made_of_open(const json_t *settings, const char *path, dc3_dataset **dataset)
{
    dc3_choice *choice;
    *dataset = NULL;
    DC3_TRY(dc3_choice_of_json(settings, &choice));
    dc3_status status = dc3_dataset_open_chosen(path, choice, 0, NULL, NULL, dataset);
    dc3_choice_free(&choice);
    return status;
}

int dc3_made_of_alike(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"split", "classes", "without_classes", "unlabelled"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);
        if (x != y && !json_equal(x, y)) return 0;
    }
    return 1;
}
