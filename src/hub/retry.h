/* Requests that are tried again. */
#ifndef DC3_HUB_RETRY_H
#define DC3_HUB_RETRY_H

#include "hub/request.h"

/* Called after a try that failed with `passes`: waits, longer after each (as long as the answer says, else
 * 0.2 s and then each time four times as long), and DC3_OK says to try again. DC3_ERR_IO after five tries;
 * *tries counts them, and is 0 at first and whenever something has come. */
dc3_status dc3_hub_pause(dc3_hub_client *client, const dc3_hub_answer *answer, int *tries);

/* Gets a text of at most 64 MB whole, with further tries. DC3_OK for any answer that is not to be tried
 * again; free *text. */
dc3_status dc3_hub_get(dc3_hub_client *client, const char *path, dc3_hub_answer *answer, char **text,
                       size_t *size);
/* The same in one try, whatever comes of it. */
dc3_status dc3_hub_get_once(dc3_hub_client *client, const char *path, dc3_hub_answer *answer, char **text,
                            size_t *size);

#endif
