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
