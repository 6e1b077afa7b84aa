/* The page about the training of a generator. */
#ifndef DC3_REPORT_TRAINING_PAGE_H
#define DC3_REPORT_TRAINING_PAGE_H

#include "dc3/report.h"

/* 1 for the folder of dc3 finetune, whether its training is complete or not. */
int dc3_report_is_training(const char *folder);
/* dc3_report of such a folder. */
dc3_status dc3_report_training(const dc3_report_options *options, dc3_report_result *result);

#endif
