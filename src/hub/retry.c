#include "hub/retry.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/listener.h"

enum { TRIES = 5, LONGEST_WAIT = 300 };

static dc3_status rest(double seconds)
{
    const double step = 0.1;
    for (double end = dc3_seconds_now() + seconds;;) {
        DC3_TRY(dc3_check_cancel());
        double left = end - dc3_seconds_now();
        if (left <= 0) return DC3_OK;
        struct timespec pause = {0, (long)(1e9 * (left < step ? left : step))};
        nanosleep(&pause, NULL);
    }
}

dc3_status dc3_hub_pause(dc3_hub_client *client, const dc3_hub_answer *answer, int *tries)
{
    const double first = 0.2, factor = 4, told = 2;
    char what[sizeof answer->trouble + 32];
    if (answer->code)
        snprintf(what, sizeof what, "it answers with error %d", answer->code);
    else
        snprintf(what, sizeof what, "%s", answer->trouble);
    double seconds = first;
    for (int i = 0; i < *tries; i++) seconds *= factor;
    if (answer->wait >= 0) seconds = answer->wait;
    if (++*tries >= TRIES || seconds > LONGEST_WAIT)
        return dc3_fail(DC3_ERR_IO, "%s: %s; tried %d time%s; the same command goes on where it was",
                        dc3_hub_answerer(client, answer), what, *tries, *tries == 1 ? "" : "s");
    if (seconds >= told)
        dc3_listener_say(dc3_hub_client_listener(client), "%s: %s; trying again in %.0f s",
                         dc3_hub_answerer(client, answer), what, seconds);
    return rest(seconds);
}

static dc3_status collect(void *user, const dc3_hub_answer *answer, const void *data, size_t size)
{
    enum { MOST = 64 << 20 };
    GString *text = user;
    (void)answer;
    if (text->len + size > MOST) return dc3_fail(DC3_ERR_FORMAT, "the hub's answer is longer than 64 MB");
    g_string_append_len(text, data, (gssize)size);
    return DC3_OK;
}

static dc3_status get(dc3_hub_client *client, const char *path, int once, dc3_hub_answer *answer, char **text,
                      size_t *size)
{
    GString *body = g_string_new(NULL);
    dc3_status status;
    int tries = 0;
    do {
        g_string_truncate(body, 0);
        status = dc3_hub_try(client, path, 0, collect, body, answer);
        if (status != DC3_OK || !answer->passes || once) break;
        status = dc3_hub_pause(client, answer, &tries);
    } while (status == DC3_OK);
    *size = body->len;
    *text = g_string_free(body, FALSE);
    return status;
}

dc3_status dc3_hub_get(dc3_hub_client *client, const char *path, dc3_hub_answer *answer, char **text,
                       size_t *size)
{
    return get(client, path, 0, answer, text, size);
}

dc3_status dc3_hub_get_once(dc3_hub_client *client, const char *path, dc3_hub_answer *answer, char **text,
                            size_t *size)
{
    return get(client, path, 1, answer, text, size);
}
