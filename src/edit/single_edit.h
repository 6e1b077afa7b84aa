/* One image, one prompt, where nothing else is stored with it: dc3 edit, and the public editor. */
#ifndef DC3_EDIT_SINGLE_EDIT_H
#define DC3_EDIT_SINGLE_EDIT_H

#include <stdint.h>
#include "diffusion/editor.h"

/* Memory of one edit, values in [0, 1]. */
typedef struct dc3_single_edit {
    int small, width, height;
    dc3_detail detail;
    float *input, *reconstruction, *edit; /* [small, small, 3] */
    float *original, *out;                /* [height, width, 3] */
} dc3_single_edit;

/* small: the settings' size. detail: KEEP or EDIT. Free with dc3_single_edit_close. */
dc3_status dc3_single_edit_open(int small, int width, int height, dc3_detail detail, dc3_single_edit *edit);
void dc3_single_edit_close(dc3_single_edit *edit);
/* `input` to `edit`, and where that keeps the detail with `original` to `out`. The noise is drawn from
 * the seed and the prompt, which is of less than DC3_PROMPT_SIZE bytes. */
dc3_status dc3_single_edit_run(dc3_editor *editor, const dc3_edit_settings *settings, const char *prompt,
                               uint64_t seed, const dc3_single_edit *edit);

#endif
