/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for Ollama, for tests: the real program's routes with answers of the real shapes, and
 * no model behind them. It can be told to misbehave, by its environment or while it runs:
 *
 *   ollama standin hang=1          takes connections and answers nothing
 *   ollama standin busy=1          503 "server busy" for what needs a model
 *   ollama standin load_ms=5000    no byte, not even a head, until a model "is loaded"
 *   ollama standin count=20 every_ms=100    pieces of a stream, and the time between them
 *   ollama standin cut_after=3     streams break after so many pieces
 *   ollama standin gpu=0           the graphics card is lost: /api/ps shows size_vram 0
 *   ollama standin pull_fails=1    pulling ends with an error inside its stream
 *   STANDIN_START_MS=3000          at the start it listens, and does not answer for so long
 *
 * (POST /standin?hang=1 is the same; each also as STANDIN_HANG=1 at the start.) GET /standin tells
 * all that, and the head of the last request for anything else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "client.h"
#include "messages.h"
#include "models.h"
#include "serve.h"

#define VERSION "0.32.15"
#define JSON    "application/json; charset=utf-8"
#define NDJSON  "application/x-ndjson"
#define SSE     "text/event-stream"

typedef struct Knob {
        const char *name;
        unsigned value;
} Knob;

enum {
        HANG,
        BUSY,
        LOAD_MS,
        COUNT,
        EVERY_MS,
        CUT_AFTER,
        GPU,
        PULL_FAILS,
        KNOBS
};

static Knob knobs[KNOBS] = {
        [HANG] = { "hang", 0 },
        [BUSY] = { "busy", 0 },
        [LOAD_MS] = { "load_ms", 0 },
        [COUNT] = { "count", 5 },
        [EVERY_MS] = { "every_ms", 10 },
        [CUT_AFTER] = { "cut_after", 0 },
        [GPU] = { "gpu", 1 },
        [PULL_FAILS] = { "pull_fails", 0 },
};

static int64_t started; /* ms, when it begins to answer */
static char last_request[MAX_HEAD];
static char loaded[128];

/* ---- what a request says */

/* The string member of a JSON object, found by its name alone: enough for a stand-in. */
static void json_string(const char *body, const char *member, char *buffer, size_t size) {
        char quoted[64];

        buffer[0] = '\0';
        snprintf(quoted, sizeof quoted, "\"%s\"", member);
        const char *at = strstr(body, quoted);
        if (!at)
                return;
        at += strlen(quoted);
        at += strspn(at, " \t\r\n:");
        if (*at == '"')
                snprintf(buffer, size, "%.*s", (int) strcspn(at + 1, "\"\\"), at + 1);
}

static bool wants_stream(const Request *request, bool otherwise) {
        const char *at = strstr(request->body, "\"stream\"");

        if (!at)
                return otherwise;
        at += strlen("\"stream\"");
        at += strspn(at, " \t\r\n:");
        return strncmp(at, "true", 4) == 0;
}

static void model_of(const Request *request, char *buffer, size_t size) {
        json_string(request->body, "model", buffer, size);
        if (!*buffer)
                json_string(request->body, "name", buffer, size);
}

static const char *timestamp(void) {
        static char text[32];
        time_t now = time(NULL);
        struct tm utc;

        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
        return text;
}

/* ---- pieces of streams */

static bool last(unsigned n, const Stream *s) {
        return n + 1 >= s->count;
}

static void generate_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        if (last(n, s))
                snprintf(
                        buffer, size,
                        "{\"model\":\"%s\",\"created_at\":\"%s\",\"response\":\"\",\"done\":true,"
                        "\"done_reason\":\"stop\",\"total_duration\":1000000,\"eval_count\":%u}\n",
                        s->model, timestamp(), n
                );
        else
                snprintf(
                        buffer, size,
                        "{\"model\":\"%s\",\"created_at\":\"%s\",\"response\":\"word%u \","
                        "\"done\":false}\n",
                        s->model, timestamp(), n
                );
}

static void chat_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        snprintf(
                buffer, size,
                "{\"model\":\"%s\",\"created_at\":\"%s\",\"message\":{\"role\":\"assistant\","
                "\"content\":\"%s\"},%s}\n",
                s->model, timestamp(), last(n, s) ? "" : "word ",
                last(n, s) ? "\"done_reason\":\"stop\",\"done\":true" : "\"done\":false"
        );
}

static void openai_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        if (last(n, s))
                snprintf(buffer, size, "data: [DONE]\n\n");
        else
                snprintf(
                        buffer, size,
                        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                        "\"created\":%lld,\"model\":\"%s\",\"choices\":[{\"index\":0,\"delta\":"
                        "{\"role\":\"assistant\",\"content\":\"word \"},\"finish_reason\":%s}]}\n\n",
                        (long long) time(NULL), s->model, n + 2 >= s->count ? "\"stop\"" : "null"
                );
}

static void pull_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        static const char digest[] =
                "dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff";

        if (n == 0) {
                snprintf(buffer, size, "{\"status\":\"pulling manifest\"}\n");
        } else if (last(n, s) && (knobs[PULL_FAILS].value || strstr(s->model, "missing"))) {
                snprintf(
                        buffer, size, "{\"error\":\"pull model manifest: file does not exist\"}\n"
                );
        } else if (last(n, s)) {
                models_add(s->model);
                snprintf(buffer, size, "{\"status\":\"success\"}\n");
        } else {
                snprintf(
                        buffer, size,
                        "{\"status\":\"pulling %.12s\",\"digest\":\"sha256:%s\",\"total\":%llu,"
                        "\"completed\":%llu}\n",
                        digest, digest, MODEL_SIZE, MODEL_SIZE * n / (s->count - 2)
                );
        }
}

static void begin(Client *client, const char *model, const char *type, Piece *piece) {
        Stream s = { .piece = piece,
                     .type = type,
                     .count = knobs[COUNT].value < 3 ? 3 : knobs[COUNT].value,
                     .cut_after = knobs[CUT_AFTER].value,
                     .every_ms = knobs[EVERY_MS].value };

        if (piece != pull_piece)
                s.first_ms = knobs[LOAD_MS].value;
        snprintf(s.model, sizeof s.model, "%s", model);
        stream(client, &s);
}

/* A whole answer that comes as one piece after the time a model needs to load. */
static void whole_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        if (n == 0)
                snprintf(
                        buffer, size,
                        "{\"model\":\"%s\",\"created_at\":\"%s\",\"response\":\"word\",\"message\":"
                        "{\"role\":\"assistant\",\"content\":\"word\"},\"object\":"
                        "\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
                        "\"assistant\",\"content\":\"word\"},\"finish_reason\":\"stop\"}],"
                        "\"embedding\":[0.5],\"embeddings\":[[0.5]],\"done\":true}",
                        s->model, timestamp()
                );
}

/* ---- routes */

static void route_root(Client *client, const Request *request) {
        (void) request;
        answer(client, 200, "text/plain; charset=utf-8", "Ollama is running");
}

static void route_version(Client *client, const Request *request) {
        (void) request;
        answer(client, 200, JSON, "{\"version\":\"" VERSION "\"}");
}

static void route_models(Client *client, const Request *request) {
        bool openai = strncmp(request->path, "/v1/", 4) == 0;
        char text[MAX_MODELS * 400] = "";
        size_t used = 0;
        Models models;

        models_list(&models);
        for (size_t i = 0; i < models.count && used < sizeof text; i++) {
                const char *name = models.names[i];
                used += (size_t) snprintf(
                        text + used, sizeof text - used,
                        openai ? "%s{\"id\":\"%s\",\"object\":\"model\",\"created\":0,\"owned_by\":"
                                 "\"library\"}"
                               : "%s{\"name\":\"%s\",\"model\":\"%s\",\"modified_at\":"
                                 "\"2026-01-01T00:00:00Z\",\"size\":2019393189,\"digest\":"
                                 "\"a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72\""
                                 ",\"details\":{\"format\":\"gguf\",\"family\":\"standin\"}}",
                        i ? "," : "", name, name
                );
        }
        answer(client, 200, JSON,
               openai ? "{\"object\":\"list\",\"data\":[%s]}" : "{\"models\":[%s]}", text);
}

static void route_ps(Client *client, const Request *request) {
        (void) request;
        if (!*loaded) {
                answer(client, 200, JSON, "{\"models\":[]}");
                return;
        }
        answer(client, 200, JSON,
               "{\"models\":[{\"name\":\"%s\",\"model\":\"%s\",\"size\":%llu,\"size_vram\":%llu,"
               "\"expires_at\":\"2100-01-01T00:00:00Z\",\"context_length\":4096}]}",
               loaded, loaded, MODEL_SIZE, knobs[GPU].value ? MODEL_SIZE : 0);
}

static bool model_or_404(Client *client, const Request *request, char *model, size_t size) {
        model_of(request, model, size);
        if (models_has(model))
                return true;
        answer(client, 404, JSON, "{\"error\":\"model '%s' not found\"}", model);
        return false;
}

static void route_show(Client *client, const Request *request) {
        char model[128];

        if (model_or_404(client, request, model, sizeof model))
                answer(client, 200, JSON,
                       "{\"details\":{\"format\":\"gguf\",\"family\":\"standin\"},\"model_info\":{},"
                       "\"capabilities\":[\"completion\",\"tools\"]}");
}

static void route_infer(Client *client, const Request *request) {
        bool openai = strncmp(request->path, "/v1/", 4) == 0;
        char model[128];

        if (knobs[BUSY].value) {
                answer(client, 503, JSON,
                       "{\"error\":\"server busy, please try again.  maximum pending requests "
                       "exceeded\"}");
                return;
        }
        if (!model_or_404(client, request, model, sizeof model))
                return;
        models_full_name(model, loaded, sizeof loaded);
        bool embeds = strstr(request->path, "/embed") != NULL;
        bool messages = strcmp(request->path, "/v1/messages") == 0;
        if (embeds || !wants_stream(request, !openai))
                begin(client, model, JSON, messages ? messages_whole_piece : whole_piece);
        else if (openai)
                begin(client, model, SSE, messages ? messages_piece : openai_piece);
        else
                begin(client, model, NDJSON,
                      strcmp(request->path, "/api/chat") == 0 ? chat_piece : generate_piece);
}

static void route_pull(Client *client, const Request *request) {
        char model[128];

        model_of(request, model, sizeof model);
        if (!*model)
                answer(client, 400, JSON, "{\"error\":\"invalid model name\"}");
        else
                begin(client, model, NDJSON, pull_piece);
}

/* What changes models or concerns the account: not done, but told apart from a refusal. */
static void route_other(Client *client, const Request *request) {
        char model[128];

        model_of(request, model, sizeof model);
        if (strcmp(request->path, "/api/delete") == 0)
                models_remove(model);
        if (strcmp(request->path, "/api/copy") == 0) {
                json_string(request->body, "destination", model, sizeof model);
                models_add(model);
        }
        answer(client, 200, JSON, "{\"standin\":\"%s %s\",\"bytes\":%llu}", request->method,
               request->path, (unsigned long long) request->body_size);
}

static void put_json_text(char *buffer, size_t size, const char *text) {
        size_t used = 0;

        for (; *text && used + 3 < size; text++) {
                if (*text == '\r')
                        continue;
                if (*text == '"' || *text == '\\' || *text == '\n')
                        buffer[used++] = '\\';
                buffer[used++] = *text == '\n' ? 'n' : *text;
        }
        buffer[used] = '\0';
}

static void route_headers(Client *client, const Request *request) {
        char text[MAX_HEAD];

        put_json_text(text, sizeof text, request->headers);
        answer(client, 200, JSON, "{\"method\":\"%s\",\"headers\":\"%s\"}", request->method, text);
}

static unsigned knob_in(const char *text, const Knob *knob) {
        char sought[32];

        int n = snprintf(sought, sizeof sought, "%s=", knob->name);
        const char *at = strstr(text, sought);
        return at ? (unsigned) strtoul(at + n, NULL, 10) : knob->value;
}

static void route_standin(Client *client, const Request *request) {
        char text[MAX_HEAD];
        char values[512] = "";
        size_t used = 0;

        for (size_t i = 0; i < KNOBS; i++) {
                knobs[i].value = knob_in(request->query, &knobs[i]);
                used += (size_t) snprintf(
                        values + used, sizeof values - used, "\"%s\":%u,", knobs[i].name,
                        knobs[i].value
                );
        }
        put_json_text(text, sizeof text, last_request);
        answer(client, 200, JSON, "{%s\"last_request\":\"%s\"}", values, text);
}

typedef struct Route {
        const char *methods;
        const char *path; /* ending in "*": all that begin so */
        void (*run)(Client *client, const Request *request);
} Route;

static const Route routes[] = {
        { "GET HEAD POST", "/standin", route_standin },
        { "GET HEAD", "/", route_root },
        { "GET HEAD", "/api/version", route_version },
        { "GET HEAD", "/api/tags", route_models },
        { "GET", "/v1/models", route_models },
        { "GET", "/api/ps", route_ps },
        { "POST", "/api/show", route_show },
        { "POST", "/api/generate", route_infer },
        { "POST", "/api/chat", route_infer },
        { "POST", "/api/embed", route_infer },
        { "POST", "/api/embeddings", route_infer },
        { "POST", "/v1/chat/completions", route_infer },
        { "POST", "/v1/completions", route_infer },
        { "POST", "/v1/embeddings", route_infer },
        { "POST", "/v1/responses", route_other },
        { "POST", "/v1/messages", route_infer },
        { "POST", "/api/pull", route_pull },
        { "POST", "/api/push", route_other },
        { "POST", "/api/create", route_other },
        { "POST", "/api/copy", route_other },
        { "DELETE", "/api/delete", route_other },
        { "POST HEAD", "/api/blobs/*", route_other },
        { "POST", "/api/me", route_other },
        { "POST", "/api/signout", route_other },
        { "DELETE", "/api/user/keys/*", route_other },
        { "GET POST", "/api/experimental/*", route_other },
        { "GET HEAD POST", "/debug/headers", route_headers },
};

static bool path_matches(const char *pattern, const char *path) {
        size_t length = strlen(pattern);

        if (pattern[length - 1] == '*')
                return strncmp(pattern, path, length - 1) == 0;
        return strcmp(pattern, path) == 0;
}

void handle(Client *client, const Request *request) {
        bool control = strcmp(request->path, "/standin") == 0;

        if (!control) {
                snprintf(
                        last_request, sizeof last_request, "%s %s\r\n%.*s", request->method,
                        request->path, MAX_HEAD / 2, request->headers
                );
                if (knobs[HANG].value || now_ms() < started)
                        return;
        }
        for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
                if (!path_matches(routes[i].path, request->path))
                        continue;
                if (strstr(routes[i].methods, request->method))
                        routes[i].run(client, request);
                else
                        answer(client, 405, "text/plain", "405 method not allowed");
                return;
        }
        answer(client, 404, "text/plain", "404 page not found");
}

/* ---- the command */

static int run_serve(void) {
        Host host = host_from_env();
        char name[32] = "STANDIN_";

        for (size_t i = 0; i < KNOBS; i++) {
                for (size_t j = 0; j <= strlen(knobs[i].name); j++) {
                        char c = knobs[i].name[j];
                        name[8 + j] = c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
                }
                const char *value = getenv(name);
                if (value)
                        knobs[i].value = (unsigned) strtoul(value, NULL, 10);
        }
        const char *wait = getenv("STANDIN_START_MS");
        started = now_ms() + (wait ? strtol(wait, NULL, 10) : 0);
        models_open();
        return serve(host.name, host.port);
}

static int unreachable(int status, const char *body) {
        if (status < 0)
                fprintf(stderr, "Error: could not connect to ollama app, is it running?\n");
        else
                fprintf(stderr, "Error: %d %s\n", status, body);
        return 1;
}

/* As the real one: HEAD / and then the list. */
static int run_list(void) {
        static char body[MAX_BODY];
        int status = ask("HEAD", "/", "", body, sizeof body);

        if (status != 200)
                return unreachable(status, body);
        status = ask("GET", "/api/tags", "", body, sizeof body);
        if (status != 200)
                return unreachable(status, body);
        printf("NAME                ID              SIZE      MODIFIED\n");
        for (const char *at = body; (at = strstr(at, "\"name\":\"")); at++)
                printf("%-19.*s a80c4f17acd5    2.0 GB    3 weeks ago\n",
                       (int) strcspn(at + 8, "\""), at + 8);
        return 0;
}

static int run_ask(const char *method, const char *target, const char *text) {
        static char body[MAX_BODY];
        int status = ask(method, target, text, body, sizeof body);

        if (status != 200)
                return unreachable(status, body);
        printf("%s\n", body);
        return strstr(body, "{\"error\":") ? 1 : 0;
}

static int run_model(const char *method, const char *target, const char *model) {
        char text[256];

        snprintf(text, sizeof text, "{\"model\":\"%s\"}", model);
        return run_ask(method, target, text);
}

static int run_standin(int argc, char **argv) {
        char target[512] = "/standin?";
        size_t used = strlen(target);

        for (int i = 0; i < argc && used < sizeof target; i++)
                used += (size_t) snprintf(target + used, sizeof target - used, "%s&", argv[i]);
        return run_ask("POST", target, "");
}

int main(int argc, char **argv) {
        const char *verb = argc > 1 ? argv[1] : "";

        if (strcmp(verb, "serve") == 0)
                return run_serve();
        if (strcmp(verb, "list") == 0 || strcmp(verb, "ls") == 0)
                return run_list();
        if (strcmp(verb, "ps") == 0)
                return run_ask("GET", "/api/ps", "");
        if (strcmp(verb, "pull") == 0 && argc == 3)
                return run_model("POST", "/api/pull", argv[2]);
        if (strcmp(verb, "rm") == 0 && argc == 3)
                return run_model("DELETE", "/api/delete", argv[2]);
        if (strcmp(verb, "standin") == 0)
                return run_standin(argc - 2, argv + 2);
        if (strcmp(verb, "--version") == 0 || strcmp(verb, "-v") == 0) {
                printf("ollama version is " VERSION " (a stand-in)\n");
                return 0;
        }
        fprintf(stderr, "a stand-in for ollama: serve, list, ps, pull, rm, standin, --version\n");
        return 2;
}
