#include "hub/place.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "hub/cache.h"

int dc3_hub_is_offline(void)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    const char *value = getenv("HF_HUB_OFFLINE");
    if (!value || !*value) value = getenv("TRANSFORMERS_OFFLINE");
    for (size_t i = 0; value && i < G_N_ELEMENTS(yes); i++)
        if (g_ascii_strcasecmp(value, yes[i]) == 0) return 1;
    return 0;
}

static dc3_status read_endpoint(dc3_hub_place *place)
{
    const char *value = getenv("HF_ENDPOINT");
    place->endpoint = g_strdup(value && *value ? value : "https://huggingface.co");
    size_t length = strlen(place->endpoint);
    while (length && place->endpoint[length - 1] == '/') place->endpoint[--length] = 0;
    if ((!g_str_has_prefix(place->endpoint, "https://") && !g_str_has_prefix(place->endpoint, "http://")) ||
        strpbrk(place->endpoint, "@?# \t\n"))
        return dc3_fail_about("endpoint", "HF_ENDPOINT: expected https://HOST, without a user's name");
    return DC3_OK;
}

/* A token goes into a line of a request as it is. */
static dc3_status check_token(const char *token, const char *from)
{
    for (const char *c = token; *c; c++)
        if (*c <= ' ' || *c > '~')
            return dc3_fail_about("token", "%s: expected a token in one line, of letters and digits", from);
    return DC3_OK;
}

static dc3_status read_token(dc3_hub_place *place)
{
    const char *path = getenv("HF_TOKEN_PATH"), *value = getenv("HF_TOKEN");
    char *home = dc3_hub_home(), *text = NULL;
    place->token_file = path && *path ? g_strdup(path) : g_build_filename(home, "token", NULL);
    g_free(home);
    int is_value = value && *value;
    if (is_value)
        text = g_strdup(value);
    else
        g_file_get_contents(place->token_file, &text, NULL, NULL);
    if (!text) return DC3_OK;
    g_strstrip(text);
    if (*text)
        place->token = text;
    else
        g_free(text);
    return place->token ? check_token(place->token, is_value ? "HF_TOKEN" : place->token_file) : DC3_OK;
}

static dc3_status read_patience(dc3_hub_place *place)
{
    enum { USUAL = 10, MOST = 86400 };
    const char *value = getenv("HF_HUB_DOWNLOAD_TIMEOUT");
    char *end;
    place->patience = USUAL;
    if (!value || !*value) return DC3_OK;
    long seconds = strtol(value, &end, 10);
    if (*end || seconds < 1 || seconds > MOST)
        return dc3_fail_about("timeout", "HF_HUB_DOWNLOAD_TIMEOUT: expected 1 to %d seconds, found '%.40s'",
                              MOST, value);
    place->patience = (int)seconds;
    return DC3_OK;
}

dc3_status dc3_hub_place_read(dc3_hub_place *place)
{
    *place = (dc3_hub_place){.token = NULL};
    DC3_TRY(read_endpoint(place));
    DC3_TRY(read_token(place));
    return read_patience(place);
}

void dc3_hub_place_free(dc3_hub_place *place)
{
    if (place->token) explicit_bzero(place->token, strlen(place->token));
    g_free(place->endpoint);
    g_free(place->token);
    g_free(place->token_file);
    *place = (dc3_hub_place){.token = NULL};
}
