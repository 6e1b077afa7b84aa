/* The settings of an edit by their table (dc3/edit_options.h): taken from options, checked, read and written
 * as JSON. */
#ifndef DC3_DIFFUSION_EDIT_OPTIONS_H
#define DC3_DIFFUSION_EDIT_OPTIONS_H

#include <jansson.h>
#include "dc3/condense.h"
#include "dc3/edit_options.h"
#include "dc3/editor.h"
#include "dc3/generate.h"
#include "diffusion/editor.h"

/* Leaves all of them to the model. */
void dc3_condense_options_unset(dc3_condense_options *options);
void dc3_image_edit_options_unset(dc3_image_edit_options *options);
void dc3_generate_options_unset(dc3_generate_options *options);
/* Those that are not left to the model, into settings. DC3_ERR_ARGUMENT where one is out of its range. */
dc3_status dc3_edit_settings_of_condense(const dc3_condense_options *options, dc3_edit_settings *settings);
dc3_status dc3_edit_settings_of_image(const dc3_image_edit_options *options, dc3_edit_settings *settings);
dc3_status dc3_edit_settings_of_generate(const dc3_generate_options *options, dc3_edit_settings *settings);
/* DC3_ERR_ARGUMENT where one is out of its range. */
dc3_status dc3_edit_settings_check(const dc3_edit_settings *settings);

/* Adds them to an object, as dc3.json has them. */
void dc3_edit_settings_write(const dc3_edit_settings *settings, json_t *to);
/* From an object, NULL or without some: those stay as they are. DC3_ERR_FORMAT where one is not what it
 * should be; `file` names it then. */
dc3_status dc3_edit_settings_read(const json_t *from, const char *file, dc3_edit_settings *settings);

#endif
