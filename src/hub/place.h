/* Where the hub is and who asks, as the environment says it by the names of Hugging Face's own programs. */
#ifndef DC3_HUB_PLACE_H
#define DC3_HUB_PLACE_H

#include "base/status.h"

typedef struct dc3_hub_place {
    char *endpoint;   /* HF_ENDPOINT, or "https://huggingface.co"; without a slash at its end */
    char *token;      /* HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or the contents of token_file; NULL: none, also by
                       * HF_HUB_DISABLE_IMPLICIT_TOKEN. It is never printed. */
    char *token_file; /* HF_TOKEN_PATH, or "token" in HF_HOME */
    int patience;     /* HF_HUB_DOWNLOAD_TIMEOUT: seconds without a byte, default 10 */
} dc3_hub_place;

/* Free it in any case. DC3_ERR_OPTION (endpoint, token, timeout) for a variable that cannot be understood, a
 * token file that cannot be read, and a token that would go unencrypted to another machine. */
dc3_status dc3_hub_place_read(dc3_hub_place *place);
void dc3_hub_place_free(dc3_hub_place *place);

/* 1 if HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) says that the network is not to be used. */
int dc3_hub_is_offline(void);

#endif
