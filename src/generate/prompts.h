/* What there is to say of prompts before images are made. */
#ifndef DC3_GENERATE_PROMPTS_H
#define DC3_GENERATE_PROMPTS_H

#include "diffusion/pipeline.h"
#include "generate/subjects.h"

/* Fills in which are cut and how many tokens the model sees, and which subjects share one. */
dc3_status dc3_prompts_look(const dc3_pipeline *pipeline, dc3_subjects *subjects);

#endif
