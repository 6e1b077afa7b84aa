/* Datasets with a choice as callers give it. */
#include "io/dataset.h"

dc3_status dc3_dataset_open_given(const char *path, const dc3_data_choice *given,
                                  void (*progress)(void *user, int64_t found), void *user,
                                  dc3_dataset **dataset)
{
    dc3_choice *choice;
    *dataset = NULL;
    DC3_TRY(dc3_choice_read(given, &choice));
    dc3_status status = dc3_dataset_open_chosen(path, choice, 0, progress, user, dataset);
    dc3_choice_free(&choice);
    return status;
}
