/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The models that the configuration names: pulled once Ollama is up, through its own API, one after
 * another. Nothing waits for them. What is there is not pulled again; what failed is tried again at
 * growing intervals; nothing is ever restarted over a model.
 */
#include "reconcile/provider-models.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "docker/lines.h"
#include "reconcile/provider-inside.h"

#define LIST_TIMEOUT_USEC (30 * USEC_PER_SEC)
#define LIST_RETRY_USEC   (10 * USEC_PER_SEC)
#define SILENCE_USEC      (600 * USEC_PER_SEC) /* it verifies what came in without a word */
#define LINE_MAX_BYTES    ((size_t) 64 * 1024)

typedef enum ModelState {
        MODEL_UNKNOWN, /* not asked for yet, or missing and waiting for its turn */
        MODEL_PULLING,
        MODEL_THERE,
        MODEL_FAILED,
} ModelState;

static const char *const state_names[] = { "waiting", "pulling", "there", "failed" };

typedef struct WantedModel {
        ModelState state;
        char why[240];
        uint64_t retry_usec; /* monotonic: not before */
        Backoff backoff;
} WantedModel;

struct ProviderModels {
        Provider *provider;
        ModelNames names;
        WantedModel wanted[MODELS_MAX];
        bool listed; /* since it came up */
        size_t at;   /* the one that is being pulled */
        ModelPull pull;
        Lines *lines;
        HttpSlot *slot;
        sd_event_source *timer;
        uint64_t list_retry_usec;
};

static void go_on(ProviderModels *models);

int provider_models_open(Provider *provider, Error *err) {
        ProviderModels *models = calloc(1, sizeof *models);

        if (models == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        models->provider = provider;
        provider->models = models;
        for (size_t i = 0; i < MODELS_MAX; i++)
                models->wanted[i].backoff =
                        (Backoff){ .min_usec = 10 * USEC_PER_SEC, .max_usec = 1800 * USEC_PER_SEC };
        return model_names_parse(provider->setup.config->provider.models, &models->names, err);
}

void provider_models_close(Provider *provider) {
        ProviderModels *models = provider->models;

        provider->models = NULL;
        if (models == NULL)
                return;
        (void) http_slot_free(models->slot);
        (void) lines_free(models->lines);
        sd_event_source_disable_unref(models->timer);
        free(models);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        ProviderModels *models = data;

        (void) source;
        (void) usec;
        go_on(models);
        return 0;
}

static void wake_at(ProviderModels *models, uint64_t usec) {
        models->timer = sd_event_source_disable_unref(models->timer);
        int r = sd_event_add_time(
                models->provider->setup.event, &models->timer, CLOCK_MONOTONIC, usec, USEC_PER_MSEC,
                on_timer, models
        );
        if (r < 0)
                log_debug("Models: no timer: %s", strerrordesc_np(-r));
}

static int send_to_ollama(ProviderModels *models, HttpRequest *request, HttpDone *done) {
        const Provider *provider = models->provider;
        char authorization[KEY_LENGTH + 40];
        const char *const headers[] = { authorization, NULL };
        bool secured = provider->facts.secured;

        if (secured) {
                (void) snprintf(
                        authorization, sizeof authorization, "Authorization: Bearer %s",
                        keys_own(provider->keys)->key
                );
                request->socket_path = provider->paths.socket;
                request->headers = headers;
        } else {
                request->address = provider->bound;
        }
        int r = http_send(provider->setup.http, request, done, models, &models->slot);
        if (secured)
                explicit_bzero(authorization, sizeof authorization);
        return r;
}

/* ---- What is there? ---- */

static void on_list(const HttpResult *result, void *data) {
        ProviderModels *models = data;
        json_t *tags = result->error == 0 && result->status == 200
                               ? json_loadb(result->body, result->body_size, 0, NULL)
                               : NULL;

        models->slot = http_slot_free(models->slot);
        models->listed = tags != NULL;
        if (tags == NULL)
                models->list_retry_usec = clock_monotonic_usec() + LIST_RETRY_USEC;
        for (size_t i = 0; tags != NULL && i < models->names.n; i++)
                if (model_is_listed(models->names.names[i], tags))
                        models->wanted[i].state = MODEL_THERE;
                else if (models->wanted[i].state == MODEL_THERE)
                        models->wanted[i].state = MODEL_UNKNOWN;
        json_decref(tags);
        go_on(models);
}

static void ask_for_list(ProviderModels *models) {
        HttpRequest request = { .method = "GET",
                                .path = "/api/tags",
                                .timeout_usec = LIST_TIMEOUT_USEC,
                                .max_body = (size_t) 8 * 1024 * 1024 };

        if (models->list_retry_usec > clock_monotonic_usec()) {
                wake_at(models, models->list_retry_usec);
                return;
        }
        int r = send_to_ollama(models, &request, on_list);
        if (r < 0)
                wake_at(models, clock_monotonic_usec() + LIST_RETRY_USEC);
}

/* ---- Pulling one ---- */

static void end_pull(ProviderModels *models, const char *error) {
        WantedModel *model = &models->wanted[models->at];
        const char *name = models->names.names[models->at];

        models->slot = http_slot_free(models->slot);
        models->lines = lines_free(models->lines);
        if (error == NULL) {
                model->state = MODEL_THERE;
                backoff_reset(&model->backoff);
                log_event(
                        LOG_NOTICE, MSG_PROVIDER_ACTION, FIELDS({ "MODEL", name }),
                        "Model %s is there", name
                );
        } else {
                model->state = MODEL_FAILED;
                (void) snprintf(model->why, sizeof model->why, "%s", error);
                model->retry_usec =
                        clock_monotonic_usec() + backoff_next(&model->backoff, random_u32());
                log_event(
                        LOG_WARNING, MSG_PROVIDER_TROUBLE, FIELDS({ "MODEL", name }),
                        "Cannot pull the model %s, trying again: %s", name, model->why
                );
        }
        models->provider->setup.said(models->provider->setup.data);
        go_on(models);
}

static void on_pulled(const HttpResult *result, void *data) {
        ProviderModels *models = data;
        char text[260];

        if (models->pull.error[0] != '\0')
                (void) snprintf(text, sizeof text, "%s", models->pull.error);
        else if (result->error != 0)
                (void) snprintf(text, sizeof text, "%s", strerrordesc_np(-result->error));
        else if (result->status != 200)
                (void) snprintf(text, sizeof text, "Ollama answers %ld", result->status);
        else
                (void) snprintf(text, sizeof text, "Ollama broke off");
        bool fine = result->error == 0 && result->status == 200 && models->pull.succeeded
                    && models->pull.error[0] == '\0';
        end_pull(models, fine ? NULL : text);
}

static int on_object(json_t *object, void *data) {
        ProviderModels *models = data;

        if (model_pull_read(&models->pull, object))
                models->provider->setup.said(models->provider->setup.data);
        return 0;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        ProviderModels *models = data;

        return lines_feed(models->lines, bytes, size);
}

static void begin_pull(ProviderModels *models, size_t i) {
        const char *name = models->names.names[i];
        json_t *json = json_pack("{s:s, s:b}", "model", name, "stream", 1);
        cleanup(freep) char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
        HttpRequest request = { .method = "POST",
                                .path = "/api/pull",
                                .content_type = "application/json",
                                .body = body,
                                .body_size = body ? strlen(body) : 0,
                                .silence_usec = SILENCE_USEC,
                                .piece = on_piece };

        json_decref(json);
        models->at = i;
        models->pull = (ModelPull){ 0 };
        models->wanted[i].state = MODEL_PULLING;
        log_event(
                LOG_NOTICE, MSG_PROVIDER_ACTION, FIELDS({ "MODEL", name }), "Pulling the model %s",
                name
        );
        int r = body ? lines_new(LINE_MAX_BYTES, on_object, models, &models->lines) : -ENOMEM;
        if (r >= 0)
                r = send_to_ollama(models, &request, on_pulled);
        if (r < 0)
                end_pull(models, strerrordesc_np(-r));
}

/* ---- All ---- */

/* Whoever says that nothing is begun means models too. */
static bool may_pull(const Provider *provider) {
        return provider->facts.up && !provider->setup.finishing
               && provider->setup.pause->kind == PAUSE_NONE
               && (provider->facts.secured || provider->bound[0] != '\0');
}

/* The next that is missing, or the earliest time for one. */
static void pull_next(ProviderModels *models) {
        uint64_t now_usec = clock_monotonic_usec();
        uint64_t wake_usec = 0;

        for (size_t i = 0; i < models->names.n; i++) {
                const WantedModel *model = &models->wanted[i];

                if (model->state == MODEL_THERE)
                        continue;
                if (model->retry_usec <= now_usec) {
                        begin_pull(models, i);
                        return;
                }
                if (wake_usec == 0 || model->retry_usec < wake_usec)
                        wake_usec = model->retry_usec;
        }
        if (wake_usec > 0)
                wake_at(models, wake_usec);
}

static void go_on(ProviderModels *models) {
        if (models->slot != NULL || models->names.n == 0 || !may_pull(models->provider))
                return;
        if (models->listed)
                pull_next(models);
        else
                ask_for_list(models);
}

void provider_models_check(Provider *provider) {
        ProviderModels *models = provider->models;

        if (models == NULL)
                return;
        if (!provider->facts.up)
                models->listed = false;
        go_on(models);
}

bool provider_models_sentence(const Provider *provider, char *buffer, size_t size) {
        const ProviderModels *models = provider->models;

        if (models == NULL || models->lines == NULL)
                return false;
        const char *name = models->names.names[models->at];
        uint64_t total = models->pull.total_bytes;
        if (total == 0)
                (void) snprintf(buffer, size, "pulling %s", name);
        else
                (void) snprintf(
                        buffer, size, "pulling %s: %u %% of %.1f MB", name,
                        (unsigned) (models->pull.done_bytes * 100 / total), (double) total / 1e6
                );
        return true;
}

json_t *provider_models_status(const Provider *provider) {
        const ProviderModels *models = provider->models;
        json_t *list = json_array();

        for (size_t i = 0; list != NULL && models != NULL && i < models->names.n; i++) {
                const WantedModel *model = &models->wanted[i];

                (void) json_array_append_new(
                        list, json_pack(
                                      "{s:s, s:s, s:s?}", "name", models->names.names[i], "state",
                                      state_names[model->state], "why",
                                      model->state == MODEL_FAILED ? model->why : NULL
                              )
                );
        }
        return list;
}
