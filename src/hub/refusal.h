/* What an answer of the hub that is no success means, and what to do about it. */
#ifndef DC3_HUB_REFUSAL_H
#define DC3_HUB_REFUSAL_H

#include "hub/name.h"
#include "hub/request.h"

/* Fails with a sentence about an answer other than 200 and 206 for `name`. May ask the hub for near names. */
dc3_status dc3_hub_refused(dc3_hub_client *client, const dc3_hub_name *name, const dc3_hub_answer *answer);

#endif
