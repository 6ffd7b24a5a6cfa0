/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look at the stack, plan, execute; again until nothing is left to do. As for a consumer (pass.c),
 * but there is one of it, and it has no swap: its containers hold nothing that a volume does not
 * keep.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "config/config-check.h"
#include "model/container.h"
#include "reconcile/provider-inside.h"

static void pass_end(Provider *provider) {
        provider->look = provider_look_free(provider->look);
        provider->executor = executor_free(provider->executor);
        if (provider->dirty)
                provider_pass_begin(provider);
}

static void observed(Provider *provider) {
        if (provider->observed)
                return;
        provider->observed = true;
        provider->setup.changed(provider->setup.data);
}

/* Once, however often it is tried. */
static void tell_failure(Provider *provider) {
        if (provider->told != NULL && strcmp(provider->told, provider->failure) == 0)
                return;
        free(provider->told);
        provider->told = strdup(provider->failure);
        log_event(
                LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS,
                "The provider stack is not whole, trying again: %s", provider->failure
        );
}

static void remember_failure(Provider *provider, const char *text) {
        char *copy = strdup(text);

        if (copy == NULL)
                return;
        free(provider->failure);
        provider->failure = copy;
        provider->retry_usec =
                clock_monotonic_usec() + backoff_next(&provider->backoff, random_u32());
        if (!provider->port_trouble) /* the next look finds out who has it */
                tell_failure(provider);
}

static void on_action(const Action *action, Outcome outcome, void *data) {
        (void) data;
        log_event(
                LOG_NOTICE, MSG_PROVIDER_ACTION,
                FIELDS({ "ACTION", action_kind_to_string(action->kind) },
                       { "OUTCOME", outcome_to_string(outcome) }),
                "Provider: %s: %s", action->what, outcome_to_string(outcome)
        );
}

/* The engine's words for a port that somebody else has. */
static bool is_about_the_port(const char *text) {
        return strstr(text, "port is already allocated") != NULL
               || strstr(text, "address already in use") != NULL;
}

static void on_executed(const ExecutorResult *result, void *data) {
        Provider *provider = data;
        const Plan *plan = executor_plan(provider->executor);

        if (result->result < 0) {
                const char *what =
                        result->at < plan->n_actions ? plan->actions[result->at].what : "finish";
                cleanup(freep) char *text =
                        text_format("could not %s: %s", what, error_text(result->error));

                provider->port_trouble = is_about_the_port(error_text(result->error));
                bool refused = !provider->port_trouble
                               && provider_gpu_refused(provider, what, error_text(result->error));
                if (plan->actions[result->at].kind != ACTION_PULL && !refused)
                        remember_failure(provider, text ? text : what);
        } else {
                free(provider->failure);
                provider->failure = NULL;
                free(provider->told);
                provider->told = NULL;
                provider->port_trouble = false;
                provider->retry_usec = 0;
                backoff_reset(&provider->backoff);
        }
        provider->dirty = true;
        pass_end(provider);
}

static const char *state_of(const json_t *inspect) {
        const char *state =
                json_string_value(json_object_get(json_object_get(inspect, "State"), "Status"));
        return state ? state : "";
}

static bool is_stopped(const json_t *inspect) {
        return inspect != NULL
               && (strcmp(state_of(inspect), "exited") == 0
                   || strcmp(state_of(inspect), "dead") == 0);
}

static bool is_to_go(const Provider *provider) {
        PauseKind kind = provider->setup.pause->kind;

        return kind == PAUSE_DOWN
               || (kind == PAUSE_UNLINK_DOWN && provider->setup.may_go(provider->setup.data));
}

static ProviderView view_of(Provider *provider) {
        ProviderView view = {
                .stack = provider->stack,
                .undescribed = error_is_set(&provider->undescribed)
                                       ? error_text(&provider->undescribed)
                                       : NULL,
                .held = provider->held[0] != '\0' ? provider->held : NULL,
                .held_next = provider->held_next,
                .published =
                        provider->publisher != NULL && publisher_is_published(provider->publisher),
                .proven = provider->publisher != NULL && publisher_is_proven(provider->publisher),
                .failure = provider->failure,
                .pull_failure = provider->pull_failure,
                .pull_retry_usec = provider->pull_retry_usec,
                .retry_usec = provider->retry_usec,
                .finishing = provider->setup.finishing,
                .pause = provider->setup.pause,
                .down = is_to_go(provider),
                .upgrade = &provider->upgrade,
                .upgrade_since_usec = provider->upgrade_since_usec,
                .api_up = provider->health.up && provider->api_healthy,
        };
        uint64_t now_usec = clock_monotonic_usec();

        view.n_extras = provider_look_extras(provider->look, view.extras, ARRAY_LEN(view.extras));
        for (size_t i = 0; i < provider->stack->n_objects && i < PROVIDER_OBJECTS_MAX; i++) {
                const json_t *inspect = provider_look_object(provider->look, i);
                uint64_t *since_usec = &provider->stopped_since_usec[i];

                /* What went down with the engine, or before we came, was stopped by nobody; after a
                 * pause nothing is left to wait for. */
                if (provider->setup.pause->kind != PAUSE_NONE) {
                        *since_usec = 0;
                        provider->ran[i] = false;
                } else if (!is_stopped(inspect)) {
                        *since_usec = 0;
                        provider->ran[i] = inspect != NULL;
                } else if (*since_usec == 0 && provider->ran[i]) {
                        *since_usec = now_usec;
                }
                view.objects[i] = (SeenObject){
                        .inspect = inspect,
                        .image_present = provider_look_image_present(provider->look, i),
                        .image_id = provider_look_image_id(provider->look, i),
                        .stopped_since_usec = *since_usec,
                };
        }
        return view;
}

static void execute(Provider *provider, Plan *plan) {
        const ExecutorSetup setup = {
                .event = provider->setup.event,
                .engine = provider->setup.engine,
                .store = provider->setup.store,
                .identity = "",
                .note = provider_upgrade_note,
                .helpers = &provider->helpers,
                .done = on_executed,
                .tell = on_action,
                .data = provider,
        };

        provider_helpers(provider, &provider->helpers);
        int r = executor_start(&setup, plan, &provider->executor);
        if (r < 0) {
                (void) plan_free(plan);
                remember_failure(provider, strerrordesc_np(-r));
                provider_wake_at(provider, provider->retry_usec);
                pass_end(provider);
        }
}

/* What the plan says is what people see until the next one. */
static void take_verdict(Provider *provider, const Plan *plan) {
        (void) snprintf(
                provider->verdict, sizeof provider->verdict, "%s", plan->reason ? plan->reason : ""
        );
        (void) snprintf(provider->next, sizeof provider->next, "%s", plan->next ? plan->next : "");
        provider->whole = plan->state == LINK_LINKED;
        provider->leaving = is_to_go(provider);
        provider->gone = provider->leaving && plan->state == LINK_STOPPED;
        provider->stuck = provider->leaving && plan->state == LINK_REFUSED;
        provider->settled = provider->settled || provider->whole;
        provider_settle_up(provider);
        if (!provider->health.up && !provider->whole)
                (void
                ) snprintf(provider->why_down, sizeof provider->why_down, "%s", provider->verdict);
        provider_models_check(provider);
        provider_upgrade_tell(provider);
        provider->setup.said(provider->setup.data);
}

static void explain_port(Provider *provider) {
        const Config *config = provider->setup.config;
        const char *const fixed[] = { config->proxy.bind, NULL };
        bool gateway = strcmp(config->proxy.bind, "gateway") == 0;
        const PortWanted wanted = { .bind = gateway ? provider_look_addresses(provider->look)
                                                    : fixed,
                                    .port = config->proxy.port };
        const json_t *owner = port_holder(provider_look_port(provider->look), &wanted);

        if (!provider->port_trouble)
                return;
        char *text =
                owner ? text_format(
                        "port %s is taken by the container %s: stop it, or choose another port in [proxy]",
                        provider->port, container_list_name(owner)
                )
                      : text_format(
                              "port %s is taken by a process of the host (usually Ollama's own service): stop it, or choose another port in [proxy]",
                              provider->port
                      );
        if (text == NULL)
                return;
        free(provider->failure);
        provider->failure = text;
        tell_failure(provider);
}

static void hold(Provider *provider, const char *why, const char *next) {
        (void) snprintf(provider->held, sizeof provider->held, "%s", why);
        (void) snprintf(provider->held_next, sizeof provider->held_next, "%s", next);
}

/* Why nothing of ours is made. */
static void settle_held(Provider *provider) {
        const Config *config = provider->setup.config;
        char why[sizeof provider->held];

        provider->held[0] = '\0';
        if (provider->choice.kind == PROVIDER_IS_UNDECIDED) {
                hold(provider, provider->reason.why, provider->reason.next);
        } else if (!config->proxy.secured && provider->choice.kind == PROVIDER_IS_HOST) {
                hold(provider,
                     "consumers come to the host's own Ollama by the proxy, and without keys there is none",
                     "set secured = yes in [proxy], or: coollama provider use managed");
        } else if (!config->proxy.secured && provider->choice.kind == PROVIDER_IS_ADOPTED
                   && provider->adopted.id[0] != '\0'
                   && provider->adopted.published != config->proxy.port) {
                (void) snprintf(
                        why, sizeof why,
                        "%.200s does not publish port %u where consumers come, and without keys there is no proxy in front of it",
                        provider->choice.name, config->proxy.port
                );
                hold(provider, why, "set secured = yes in [proxy]");
        }
}

static void on_looked(int result, const Error *error, void *data) {
        Provider *provider = data;
        Plan *plan = NULL;

        if (result < 0) {
                const char *text = error_is_set(&provider->undescribed)
                                           ? error_text(&provider->undescribed)
                                           : error_text(error);

                (void) snprintf(provider->why_down, sizeof provider->why_down, "%s", text);
                remember_failure(provider, text);
                provider_wake_at(provider, provider->retry_usec);
                observed(provider);
                pass_end(provider);
                return;
        }

        provider_take_runs(provider);
        settle_held(provider);
        explain_port(provider);
        const ProviderView view = view_of(provider);
        int r = plan_provider(&view, clock_monotonic_usec(), &plan);
        if (r < 0) {
                remember_failure(provider, strerrordesc_np(-r));
                provider_wake_at(provider, provider->retry_usec);
                pass_end(provider);
                return;
        }
        take_verdict(provider, plan);
        provider_note_runs(provider);
        observed(provider);
        if (plan->n_actions > 0) {
                execute(provider, plan);
                return;
        }
        if (plan->wake_usec > 0)
                provider_wake_at(provider, plan->wake_usec);
        (void) plan_free(plan);
        pass_end(provider);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        (void) source;
        (void) usec;
        provider_pass_begin(data);
        return 0;
}

void provider_wake_at(Provider *provider, uint64_t usec) {
        int r;

        if (provider->timer == NULL) {
                r = sd_event_add_time(
                        provider->setup.event, &provider->timer, CLOCK_MONOTONIC, usec, 1, on_timer,
                        provider
                );
        } else {
                r = sd_event_source_set_time(provider->timer, usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(provider->timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_debug("Provider: no timer: %s", strerrordesc_np(-r));
}

void provider_gpu_unknown(Provider *provider, const char *why) {
        remember_failure(provider, why);
        provider_wake_at(provider, provider->retry_usec);
        observed(provider);
}

void provider_pass_begin(Provider *provider) {
        const Config *config = provider->setup.config;
        const ProviderLookSetup setup = {
                .engine = provider->setup.engine,
                .wants_gateway = strcmp(config->proxy.bind, "gateway") == 0
                                 || config_url_is_this_host(config->provider.url),
                .candidates = provider_choice_candidates(provider),
                .port = provider->port,
                .wants_port = provider->port_trouble,
                .choose = provider_choose,
                .describe = provider_describe,
                .done = on_looked,
                .data = provider,
        };

        if (!provider->tended || !provider->standing)
                return;
        if (provider->look != NULL || provider->executor != NULL) {
                provider->dirty = true;
                return;
        }
        provider->dirty = false;
        if (!provider_gpu_is_known(provider))
                return;

        int r = provider_look_start(&setup, &provider->look);
        if (r < 0) {
                remember_failure(provider, strerrordesc_np(-r));
                provider_wake_at(provider, provider->retry_usec);
        }
}

void provider_pass_cancel(Provider *provider) {
        provider_pull_cancel(provider);
        provider_gpu_close(provider);
        provider->look = provider_look_free(provider->look);
        provider->executor = executor_free(provider->executor);
        provider->timer = sd_event_source_disable_unref(provider->timer);
}
