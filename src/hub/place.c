#include "hub/place.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "hub/cache.h"

static const char *given(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value ? value : NULL;
}

static int is_set(const char *variable)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    const char *value = given(variable);
    for (size_t i = 0; value && i < G_N_ELEMENTS(yes); i++)
        if (g_ascii_strcasecmp(value, yes[i]) == 0) return 1;
    return 0;
}

int dc3_hub_is_offline(void)
{
    return is_set(given("HF_HUB_OFFLINE") ? "HF_HUB_OFFLINE" : "TRANSFORMERS_OFFLINE");
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

/* The host of an endpoint is this machine. */
static int is_loopback(const char *endpoint)
{
    static const char *const hosts[] = {"localhost", "[::1]"};
    const char *host = endpoint + strlen("http://");
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++)
        if (strlen(hosts[i]) == length && g_ascii_strncasecmp(host, hosts[i], length) == 0) return 1;
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length;
}

/* Nobody on the way may read it. */
static dc3_status check_way(const dc3_hub_place *place)
{
    if (g_str_has_prefix(place->endpoint, "https://") || is_loopback(place->endpoint)) return DC3_OK;
    return dc3_fail_about("endpoint",
                          "HF_ENDPOINT: %s would be sent your token unencrypted; expected https://HOST, or "
                          "HF_HUB_DISABLE_IMPLICIT_TOKEN=1, with which none is sent",
                          place->endpoint);
}

/* *text stays NULL where there is no such file. */
static dc3_status read_token_file(const char *path, char **text)
{
    GError *error = NULL;
    if (g_file_get_contents(path, text, NULL, &error)) return DC3_OK;
    int is_none = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
                  g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
    dc3_status status =
        is_none ? DC3_OK : dc3_fail_about("token", "the token cannot be read: %s", error->message);
    g_error_free(error);
    return status;
}

static dc3_status read_token(dc3_hub_place *place)
{
    const char *path = given("HF_TOKEN_PATH"), *variable = "HF_TOKEN", *value = given(variable);
    char *home = dc3_hub_home(), *text = NULL;
    place->token_file = path ? dc3_hub_of_user(path) : g_build_filename(home, "token", NULL);
    g_free(home);
    if (is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return DC3_OK;
    if (!value) value = given(variable = "HUGGING_FACE_HUB_TOKEN");
    if (value)
        text = g_strdup(value);
    else
        DC3_TRY(read_token_file(place->token_file, &text));
    if (!text) return DC3_OK;
    g_strstrip(text);
    if (*text)
        place->token = text;
    else
        g_free(text);
    if (!place->token) return DC3_OK;
    DC3_TRY(check_token(place->token, value ? variable : place->token_file));
    return check_way(place);
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
