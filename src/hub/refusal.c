#include "hub/refusal.h"
#include "hub/retry.h"

#include <glib.h>
#include <string.h>
#include "base/cancel.h"
#include "dc3/text.h"
#include "io/json.h"

/* The strings of members `key` of a list of objects, into `names`, but for `other`. */
static void add_names(GPtrArray *names, const json_t *list, const char *key, const char *other)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each)
    {
        const char *name = json_string_value(json_object_get(each, key));
        if (name && strcmp(name, other) != 0) g_ptr_array_add(names, g_strdup(name));
    }
}

/* For a hint, which is worth no waiting; NULL where nothing comes of it. */
static json_t *ask(dc3_hub_client *client, const char *path)
{
    dc3_hub_answer answer;
    char *text = NULL;
    size_t size = 0;
    json_t *document = NULL;
    if (dc3_hub_get_once(client, path, &answer, &text, &size) == DC3_OK && answer.code == 200)
        document = json_loadb(text, size, 0, NULL);
    g_free(text);
    return document;
}

/* "; did you mean 'X'?" of the owner's models, or of those that the hub finds by the name's last part. */
static void near_models(dc3_hub_client *client, const dc3_hub_name *name, char hint[DC3_HINT_SIZE])
{
    const char *slash = strchr(name->repository, '/');
    char *queries[] = {g_strdup_printf("/api/models?author=%.*s&limit=500", (int)(slash - name->repository),
                                       name->repository),
                       g_strdup_printf("/api/models?search=%s&limit=20", slash + 1)};
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    *hint = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        json_t *list = *hint || dc3_cancelled() ? NULL : ask(client, queries[i]);
        add_names(names, list, "id", name->repository);
        dc3_hint(name->repository, (const char *const *)names->pdata, names->len, hint);
        json_decref(list);
        g_free(queries[i]);
    }
    g_ptr_array_free(names, TRUE);
}

static void near_revisions(dc3_hub_client *client, const dc3_hub_name *name, char hint[DC3_HINT_SIZE])
{
    char *path = g_strdup_printf("/api/models/%s/refs", name->repository);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    json_t *refs = ask(client, path);
    add_names(names, json_object_get(refs, "branches"), "name", name->revision);
    add_names(names, json_object_get(refs, "tags"), "name", name->revision);
    dc3_hint(name->revision, (const char *const *)names->pdata, names->len, hint);
    json_decref(refs);
    g_ptr_array_free(names, TRUE);
    g_free(path);
}

/* How a token is given, or which one was; the caller frees with g_free. */
static char *about_token(dc3_hub_client *client, const dc3_hub_answer *answer)
{
    const dc3_hub_place *place = dc3_hub_client_place(client);
    if (answer->has_token)
        return g_strdup_printf("the token that was sent is of HF_TOKEN or %s", place->token_file);
    return g_strdup_printf(
        "a token of your account, from %s/settings/tokens, goes into HF_TOKEN or the file %s",
        place->endpoint, place->token_file);
}

static dc3_status not_found(dc3_hub_client *client, const dc3_hub_name *name, const dc3_hub_answer *answer)
{
    char hint[DC3_HINT_SIZE] = "";
    const char *endpoint = dc3_hub_client_place(client)->endpoint;
    if (strcmp(answer->error, "RevisionNotFound") == 0) {
        near_revisions(client, name, hint);
        DC3_TRY(dc3_check_cancel());
        return dc3_fail(DC3_ERR_IO, "hf:%s: has no branch, tag or commit '%s' at %s%s", name->repository,
                        name->revision, endpoint, hint);
    }
    if (strcmp(answer->error, "EntryNotFound") == 0)
        return dc3_fail(DC3_ERR_IO, "hf:%s: has no file '%s' at %s", name->repository,
                        name->file ? name->file : "", endpoint);
    near_models(client, name, hint);
    DC3_TRY(dc3_check_cancel());
    char *token = about_token(client, answer);
    dc3_status status = dc3_fail(DC3_ERR_IO, "hf:%s: no such model at %s, unless it is a private one (%s)%s",
                                 name->repository, endpoint, token, hint);
    g_free(token);
    return status;
}

/* 401 and 403. */
static dc3_status forbidden(dc3_hub_client *client, const dc3_hub_name *name, const dc3_hub_answer *answer)
{
    const char *endpoint = dc3_hub_client_place(client)->endpoint;
    char *token = about_token(client, answer);
    dc3_status status;
    if (strcmp(answer->error, "GatedRepo") == 0)
        status = dc3_fail(DC3_ERR_IO,
                          "hf:%s: its owner wants terms to be accepted, which your account does at %s/%s; %s",
                          name->repository, endpoint, name->repository, token);
    else
        status = dc3_fail(DC3_ERR_IO, "hf:%s: %s refuses it (error %d); %s", name->repository, endpoint,
                          answer->code, token);
    g_free(token);
    return status;
}

dc3_status dc3_hub_refused(dc3_hub_client *client, const dc3_hub_name *name, const dc3_hub_answer *answer)
{
    enum { UNKNOWN = 401, FORBIDDEN = 403, NOT_FOUND = 404 };
    const char *endpoint = dc3_hub_client_place(client)->endpoint;
    int code = answer->code;
    if (!code)
        return dc3_fail(
            DC3_ERR_IO, "%s: %s%s", dc3_hub_answerer(client, answer), answer->trouble,
            answer->unreached ? "; is there a network? (https_proxy names a proxy, if it needs one)" : "");
    if (*answer->host) /* which knows no tokens and no models */
        return dc3_fail(DC3_ERR_IO, "hf:%s: %s, where %s leads, answers with error %d", name->repository,
                        answer->host, endpoint, code);
    /* Who does not say who they are is told 401 of what does not exist, too. */
    if (code == NOT_FOUND || (code == UNKNOWN && strcmp(answer->error, "RepoNotFound") == 0))
        return not_found(client, name, answer);
    if (code == UNKNOWN || code == FORBIDDEN) return forbidden(client, name, answer);
    return dc3_fail(DC3_ERR_IO, "hf:%s: %s answers with error %d", name->repository, endpoint, code);
}
