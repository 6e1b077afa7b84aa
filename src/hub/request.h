/* Requests to the hub, by libcurl: https verified, proxies as curl's environment says. */
#ifndef DC3_HUB_REQUEST_H
#define DC3_HUB_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/listener.h"
#include "hub/place.h"

typedef struct dc3_hub_client dc3_hub_client;

/* `place` and `listener` must outlive it. */
dc3_status dc3_hub_client_open(const dc3_hub_place *place, const dc3_listener *listener,
                               dc3_hub_client **client);
void dc3_hub_client_close(dc3_hub_client **client);
const dc3_hub_place *dc3_hub_client_place(const dc3_hub_client *client);
const dc3_listener *dc3_hub_client_listener(const dc3_hub_client *client);

/* What came of one try. */
typedef struct dc3_hub_answer {
    int code;          /* of HTTP; 0: none came whole, and `trouble` says why */
    char trouble[160]; /* the connection's; "": none */
    int unreached;     /* no server has answered this client at all */
    int passes;        /* 1: another try may do better */
    char host[160];    /* "https://HOST:PORT" of who answered, if it was redirected to; "": the endpoint */
    char etag[72];     /* X-Linked-Etag of Git LFS, without quotes; "": none */
    char error[40];    /* X-Error-Code, such as "GatedRepo"; "": none */
    double wait;       /* Retry-After, or until RateLimit lets others pass, in seconds; -1: none */
    int64_t start;     /* where a part (206) begins in its file */
    int has_token;     /* a token was sent */
} dc3_hub_answer;

/* Who answered, or should have: `host`, or the endpoint. */
const char *dc3_hub_answerer(const dc3_hub_client *client, const dc3_hub_answer *answer);

/* Takes the bytes of a file as they come (of answers 200 and 206 only). What it fails with ends the request.
 */
typedef dc3_status dc3_hub_take(void *user, const dc3_hub_answer *answer, const void *data, size_t size);

/* One try to get `path`, which begins with a slash behind the endpoint, from byte `from` on. Redirects are
 * followed, and only the endpoint's own host is told the token. DC3_OK whatever the answer says;
 * DC3_ERR_CANCELLED; what `take` fails with. */
dc3_status dc3_hub_try(dc3_hub_client *client, const char *path, int64_t from, dc3_hub_take *take, void *user,
                       dc3_hub_answer *answer);

#endif
