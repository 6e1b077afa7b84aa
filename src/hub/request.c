#include "hub/request.h"

#include <curl/curl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/cancel.h"

enum { REDIRECTS = 6, PART = 206, TOO_MANY = 429, BUFFER = 256 << 10 };

struct dc3_hub_client {
    const dc3_hub_place *place;
    const dc3_listener *listener;
    CURL *curl;
    char error[CURL_ERROR_SIZE];
    int reached; /* a server has answered */
};

/* A try that is under way. */
typedef struct transfer {
    dc3_hub_answer *answer;
    dc3_hub_take *take;
    void *user;
    dc3_status status; /* what `take` failed with */
} transfer;

/* ---- what comes ---- */

/* The value of a header line that begins with `name`, without quotes, into `value`. */
static int header(const char *line, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    if (g_ascii_strncasecmp(line, name, length) != 0 || line[length] != ':') return 0;
    char *text = g_strdup(line + length + 1);
    g_strstrip(text);
    const char *from = g_str_has_prefix(text, "W/") ? text + 2 : text;
    size_t n = 0;
    for (; *from && n + 1 < size; from++)
        if (*from != '"') value[n++] = *from > ' ' && *from <= '~' ? *from : ' ';
    value[n] = 0;
    g_free(text);
    return 1;
}

/* The seconds of a RateLimit header such as `api;r=0;t=55` (draft-ietf-httpapi-ratelimit-headers): nothing
 * remains until then. -1: it does not say so. */
static double until_reset(const char *value)
{
    const char *left = strstr(value, ";r="), *after = strstr(value, ";t=");
    return left && after && strtol(left + 3, NULL, 10) == 0 ? g_ascii_strtod(after + 3, NULL) : -1;
}

static void read_header(transfer *t, const char *line)
{
    dc3_hub_answer *a = t->answer;
    char value[80];
    if (g_ascii_strncasecmp(line, "HTTP/", 5) == 0) {
        const char *code = strchr(line, ' ');
        a->code = code ? atoi(code) : 0;
        a->wait = -1;
        a->start = 0;
        *a->error = 0;
    } else if (header(line, "X-Linked-Etag", value, sizeof value))
        g_strlcpy(a->etag, value, sizeof a->etag);
    else if (header(line, "X-Error-Code", value, sizeof value))
        g_strlcpy(a->error, value, sizeof a->error);
    else if (header(line, "Retry-After", value, sizeof value))
        a->wait = g_ascii_isdigit(*value) ? g_ascii_strtod(value, NULL) : a->wait;
    else if (header(line, "RateLimit", value, sizeof value) && a->code == TOO_MANY && a->wait < 0)
        a->wait = until_reset(value);
    else if (header(line, "Content-Range", value, sizeof value) && g_str_has_prefix(value, "bytes "))
        a->start = g_ascii_strtoll(value + strlen("bytes "), NULL, 10);
}

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
    char *line = g_strndup(data, one * size);
    read_header(user, line);
    g_free(line);
    return one * size;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    transfer *t = user;
    if (t->answer->code != 200 && t->answer->code != PART) return one * size;
    t->status = t->take(t->user, t->answer, data, one * size);
    return t->status == DC3_OK ? one * size : CURL_WRITEFUNC_ERROR;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t sent_total, curl_off_t sent)
{
    (void)user, (void)total, (void)now, (void)sent_total, (void)sent;
    return dc3_cancelled();
}

/* ---- the client ---- */

/* Certificates as other programs are told where they are. */
static void choose_certificates(CURL *curl)
{
    const char *file = getenv("CURL_CA_BUNDLE");
    if (!file || !*file) file = getenv("SSL_CERT_FILE");
    if (file && *file) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
}

dc3_status dc3_hub_client_open(const dc3_hub_place *place, const dc3_listener *listener,
                               dc3_hub_client **client)
{
    dc3_hub_client *c = *client = calloc(1, sizeof *c);
    if (c) c->curl = curl_easy_init();
    if (!c || !c->curl) {
        dc3_hub_client_close(client);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    c->place = place;
    c->listener = listener;
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_BUFFERSIZE, (long)BUFFER);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "dc3/" DC3_VERSION);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)place->patience);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)place->patience);
    curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    choose_certificates(c->curl);
    return DC3_OK;
}

void dc3_hub_client_close(dc3_hub_client **client)
{
    if (!*client) return;
    if ((*client)->curl) curl_easy_cleanup((*client)->curl);
    free(*client);
    *client = NULL;
}

const dc3_hub_place *dc3_hub_client_place(const dc3_hub_client *client)
{
    return client->place;
}

const dc3_listener *dc3_hub_client_listener(const dc3_hub_client *client)
{
    return client->listener;
}

const char *dc3_hub_answerer(const dc3_hub_client *client, const dc3_hub_answer *answer)
{
    return *answer->host ? answer->host : client->place->endpoint;
}

/* ---- a try ---- */

/* Scheme, host and port, with the port that the scheme has where none is named. */
static char *origin_of(const char *url)
{
    char *part[3] = {NULL}, *origin = NULL;
    CURLU *u = curl_url();
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &part[0], 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &part[1], 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &part[2], CURLU_DEFAULT_PORT) == CURLUE_OK)
        origin = g_strdup_printf("%s://%s:%s", part[0], part[1], part[2]);
    for (int i = 0; i < 3; i++) curl_free(part[i]);
    curl_url_cleanup(u);
    return origin;
}

static int is_transient(CURLcode code)
{
    static const CURLcode codes[] = {
        CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,  CURLE_OPERATION_TIMEDOUT, CURLE_PARTIAL_FILE,
        CURLE_RECV_ERROR,           CURLE_SEND_ERROR,       CURLE_GOT_NOTHING,        CURLE_HTTP2,
        CURLE_HTTP2_STREAM,         CURLE_SSL_CONNECT_ERROR};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        if (codes[i] == code) return 1;
    return 0;
}

/* 1 where the proxy has refused to connect, as it will again. */
static int is_proxys_refusal(CURL *curl)
{
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &code);
    return code >= 400 && code < 500;
}

/* 1 where there is no connection: names are not found, hosts refuse it, packets go nowhere. */
static int is_unconnected(CURL *curl, CURLcode code)
{
    curl_off_t connected = 0;
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
           (code == CURLE_OPERATION_TIMEDOUT && !connected);
}

/* Where no server has answered yet there is rather no network than a passing fault. */
static dc3_status note_trouble(dc3_hub_client *client, CURLcode code, transfer *t)
{
    dc3_hub_answer *a = t->answer;
    if (code == CURLE_ABORTED_BY_CALLBACK) return dc3_check_cancel();
    if (t->status != DC3_OK) return t->status;
    /* curl's sentence has all of what stands in the variable, a password among it. */
    int is_odd_proxy = strstr(client->error, "Unsupported proxy") != NULL;
    a->code = 0;
    a->unreached = is_unconnected(client->curl, code) && !client->reached && !is_odd_proxy;
    a->passes = is_transient(code) && !a->unreached && !is_odd_proxy && !is_proxys_refusal(client->curl);
    g_strlcpy(a->trouble,
              is_odd_proxy     ? "https_proxy or http_proxy names no proxy that can be understood"
              : *client->error ? client->error
                               : curl_easy_strerror(code),
              sizeof a->trouble);
    return DC3_OK;
}

/* Writing to a connection that has ended raises SIGPIPE under TLS, which must not end the program: it is kept
 * from this thread. */
static CURLcode perform_quietly(CURL *curl)
{
    const struct timespec now = {0, 0};
    sigset_t pipe_only, before, waiting;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&waiting);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    CURLcode code = curl_easy_perform(curl);
    if (!sigismember(&waiting, SIGPIPE)) sigtimedwait(&pipe_only, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* One request, without following redirects. */
static dc3_status perform(dc3_hub_client *client, const char *url, int64_t from, int tell, transfer *t)
{
    char range[32], *line = NULL;
    struct curl_slist *lines = NULL;
    if (tell) {
        line = g_strdup_printf("Authorization: Bearer %s", client->place->token);
        lines = curl_slist_append(NULL, line);
        explicit_bzero(line, strlen(line));
        g_free(line);
        t->answer->has_token = 1;
    }
    snprintf(range, sizeof range, "%lld-", (long long)from);
    *client->error = 0;
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(client->curl, CURLOPT_RANGE, from ? range : NULL);
    curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, t);
    CURLcode code = perform_quietly(client->curl);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(lines);
    if (code != CURLE_OK) return note_trouble(client, code, t);
    client->reached = 1;
    return DC3_OK;
}

static int is_redirect(int code)
{
    return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

/* Where the last answer leads, or NULL and what is wrong with it. */
static char *next_url(dc3_hub_client *client, const char *url, dc3_hub_answer *a)
{
    const char *to = NULL;
    curl_easy_getinfo(client->curl, CURLINFO_REDIRECT_URL, &to);
    int is_worse = to && g_str_has_prefix(url, "https://") && !g_str_has_prefix(to, "https://");
    if (to && !is_worse) return g_strdup(to);
    g_strlcpy(a->trouble, to ? "a redirect that leaves https" : "a redirect that leads nowhere",
              sizeof a->trouble);
    a->code = 0;
    return NULL;
}

dc3_status dc3_hub_try(dc3_hub_client *client, const char *path, int64_t from, dc3_hub_take *take, void *user,
                       dc3_hub_answer *answer)
{
    transfer t = {.answer = answer, .take = take, .user = user};
    char *url = g_strconcat(client->place->endpoint, path, NULL), *home = origin_of(url);
    dc3_status status = home ? DC3_OK : dc3_fail_about("endpoint", "HF_ENDPOINT: expected https://HOST");
    *answer = (dc3_hub_answer){.wait = -1};
    for (int hop = 0; status == DC3_OK && url; hop++) {
        char *origin = origin_of(url);
        int elsewhere = g_strcmp0(origin, home) != 0;
        g_strlcpy(answer->host, elsewhere && origin ? origin : "", sizeof answer->host);
        g_free(origin);
        status = perform(client, url, from, !elsewhere && client->place->token, &t);
        if (status != DC3_OK || !is_redirect(answer->code)) break;
        char *to = next_url(client, url, answer);
        g_free(url);
        url = to;
        if (url && hop == REDIRECTS) {
            g_strlcpy(answer->trouble, "too many redirects", sizeof answer->trouble);
            answer->code = 0;
            break;
        }
    }
    int c = answer->code;
    if (c == 408 || c == 429 || c == 500 || c == 502 || c == 503 || c == 504) answer->passes = 1;
    g_free(home);
    g_free(url);
    return status;
}
