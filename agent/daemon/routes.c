/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/routes.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "model/pause.h"

#define JSON_TYPE "application/json"

static void answer_error(ControlRequest *request, unsigned status, const char *text) {
        json_t *json = json_pack("{s:s}", "error", text);
        char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;

        control_reply(request, status, JSON_TYPE, body ? body : "{\"error\":\"out of memory\"}");
        free(body);
        json_decref(json);
}

static void answer_document(ControlRequest *request, unsigned status, const json_t *json) {
        char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;

        if (body == NULL) {
                answer_error(request, 500, "out of memory");
                return;
        }
        control_reply(request, status, JSON_TYPE, body);
        free(body);
}

/* Takes the document over. */
static void answer_json(ControlRequest *request, json_t *json) {
        answer_document(request, 200, json);
        json_decref(json);
}

static bool is_root(const ControlRequest *request) {
        return control_peer(request).uid == 0;
}

static bool may_read(const ControlRequest *request) {
        return is_root(request) || control_peer_in_group(request, "docker");
}

typedef struct Route {
        const char *method;
        const char *path;
        bool (*allowed)(const ControlRequest *request);
        const char *refusal; /* of everybody else */
        void (*answer)(ControlRequest *request, Reconciler *reconciler);
} Route;

#define FOR_READERS "not allowed: run it as root, or as a member of the group docker"
#define FOR_ROOT    "not allowed: this takes root, run it with sudo"

static void answer_status(ControlRequest *request, Reconciler *reconciler) {
        answer_json(request, reconciler_status(reconciler));
}

static void answer_plan(ControlRequest *request, Reconciler *reconciler) {
        answer_json(request, reconciler_plan(reconciler));
}

static void on_answered(unsigned status, const json_t *document, void *data) {
        answer_document(data, status, document);
}

/* The name that is asked for; NULL: none was, which is answered. */
static const char *name_of(ControlRequest *request) {
        const char *name = control_query(request, "name");

        if (name != NULL && name[0] != '\0')
                return name;
        answer_error(request, 400, "which one? Ask with ?name=NAME");
        return NULL;
}

static void answer_verify(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_verify(reconciler, name, on_answered, request);
}

static void answer_explain(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_explain(reconciler, name, is_root(request), on_answered, request);
}

static void answer_unlink(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_unlink(reconciler, name, on_answered, request);
}

static void answer_relink(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_relink(reconciler, name, on_answered, request);
}

/* Who asks, as the kernel says it. */
static const char *asker(const ControlRequest *request, char buffer[static PAUSE_BY_MAX]) {
        const ControlPeer peer = control_peer(request);
        struct passwd *user = NULL;
        struct passwd entry;
        char text[1024];

        if (getpwuid_r(peer.uid, &entry, text, sizeof text, &user) == 0 && user != NULL)
                (void) snprintf(
                        buffer, PAUSE_BY_MAX, "%.40s (process %d)", user->pw_name, (int) peer.pid
                );
        else
                (void) snprintf(
                        buffer, PAUSE_BY_MAX, "user %u (process %d)", (unsigned) peer.uid,
                        (int) peer.pid
                );
        return buffer;
}

static void answer_pause(ControlRequest *request, Reconciler *reconciler) {
        char by[PAUSE_BY_MAX];

        reconciler_pause(
                reconciler, asker(request, by), control_query(request, "for"), on_answered, request
        );
}

static void answer_resume(ControlRequest *request, Reconciler *reconciler) {
        char by[PAUSE_BY_MAX];

        reconciler_resume(reconciler, asker(request, by), on_answered, request);
}

static void answer_down(ControlRequest *request, Reconciler *reconciler) {
        const char *unlink = control_query(request, "unlink");
        char by[PAUSE_BY_MAX];

        reconciler_down(
                reconciler, asker(request, by), unlink != NULL && strcmp(unlink, "yes") == 0,
                on_answered, request
        );
}

static void answer_story(ControlRequest *request, Reconciler *reconciler) {
        const char *after = control_query(request, "after");

        reconciler_story(reconciler, after ? strtoull(after, NULL, 10) : 0, on_answered, request);
}

static void answer_upgrade(ControlRequest *request, Reconciler *reconciler) {
        reconciler_upgrade(reconciler, on_answered, request);
}

static void answer_ollama(ControlRequest *request, Reconciler *reconciler) {
        answer_json(request, reconciler_ollama(reconciler));
}

static void answer_candidate(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_candidate(reconciler, name, on_answered, request);
}

static void answer_link(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_link(reconciler, name, on_answered, request);
}

static void answer_trust(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_trust(reconciler, name, false, on_answered, request);
}

static void answer_distrust(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_trust(reconciler, name, true, on_answered, request);
}

static void answer_provider(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_provider_use(reconciler, name, on_answered, request);
}

static void answer_env(ControlRequest *request, Reconciler *reconciler) {
        const char *name = name_of(request);

        if (name != NULL)
                reconciler_env(reconciler, name, on_answered, request);
}

static const Route routes[] = {
        { "GET", "/status", may_read, FOR_READERS, answer_status },
        { "GET", "/plan", may_read, FOR_READERS, answer_plan },
        { "GET", "/explain", may_read, FOR_READERS, answer_explain },
        { "GET", "/candidate", is_root, FOR_ROOT, answer_candidate },
        { "POST", "/link", is_root, FOR_ROOT, answer_link },
        { "POST", "/env", is_root, FOR_ROOT, answer_env },
        { "POST", "/trust", is_root, FOR_ROOT, answer_trust },
        { "POST", "/distrust", is_root, FOR_ROOT, answer_distrust },
        { "POST", "/unlink", is_root, FOR_ROOT, answer_unlink },
        { "POST", "/relink", is_root, FOR_ROOT, answer_relink },
        { "POST", "/pause", is_root, FOR_ROOT, answer_pause },
        { "POST", "/resume", is_root, FOR_ROOT, answer_resume },
        { "POST", "/down", is_root, FOR_ROOT, answer_down },
        { "POST", "/upgrade", is_root, FOR_ROOT, answer_upgrade },
        { "GET", "/ollama", is_root, FOR_ROOT, answer_ollama },
        { "GET", "/story", is_root, FOR_ROOT, answer_story },
        { "POST", "/provider", is_root, FOR_ROOT, answer_provider },
        { "POST", "/verify", is_root, FOR_ROOT, answer_verify },
};

void routes_answer(ControlRequest *request, Reconciler *reconciler) {
        const Route *found = NULL;

        for (size_t i = 0; i < ARRAY_LEN(routes); i++)
                if (strcmp(routes[i].path, control_path(request)) == 0)
                        found = &routes[i];

        if (found == NULL)
                answer_error(request, 404, "there is nothing by this path");
        else if (strcmp(found->method, control_method(request)) != 0)
                answer_error(request, 405, "this path is asked with another method");
        else if (!found->allowed(request))
                answer_error(request, 403, found->refusal);
        else if (reconciler == NULL)
                answer_error(request, 503, "coollamad is starting");
        else
                found->answer(request, reconciler);
}
