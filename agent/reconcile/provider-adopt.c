/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adopted Ollama: where the proxy reaches it, whose the port is, which events concern it.
 *
 * Nothing of it is ever changed. The proxy joins one of its networks for as long as it runs, and
 * asks it by the address that was seen in this very run of it; see "An adopted Ollama" in
 * agent/README.md.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "model/image.h"
#include "reconcile/provider-inside.h"

/* How long nobody of its stack must have the port before it is ours: longer than a redeploy. */
#define PORT_FREE_USEC (600 * USEC_PER_SEC)

/* How long its stack must be quiet before it is said that nobody of it takes the port. */
#define PORT_QUIET_USEC (5 * USEC_PER_SEC)

static bool is_adopted(const Provider *provider) {
        return provider->choice.kind == PROVIDER_IS_ADOPTED;
}

/* The adopted one itself, or another container of its compose project. */
static bool
is_held_by_its_stack(const Provider *provider, const ProviderLook *look, const PortWanted *wanted) {
        const json_t *holder = port_holder(provider_look_port(look), wanted);
        const json_t *labels = json_object_get(holder, "Labels");
        const char *id = json_string_value(json_object_get(holder, "Id"));
        const char *project =
                json_string_value(json_object_get(labels, "com.docker.compose.project"));

        return (id != NULL && strcmp(id, provider->adopted.id) == 0)
               || (project != NULL && provider->choice.project[0] != '\0'
                   && strcmp(project, provider->choice.project) == 0);
}

static bool is_quiet(const Provider *provider, uint64_t now_usec) {
        return provider->active_usec == 0 || provider->active_usec + PORT_QUIET_USEC <= now_usec;
}

/*
 * A port that its stack has is never taken from it, not even while that stack is being deployed:
 * its deployment would fail. So it is theirs until it was free for long while they ran.
 */
static PortOwner
owner_of_port(Provider *provider, const ProviderLook *look, const PortWanted *wanted) {
        uint64_t now_usec = clock_monotonic_usec();
        PortOwner before = provider->choice.port;

        if (provider->adopted.publishes || is_held_by_its_stack(provider, look, wanted)) {
                provider->port_free_usec = 0;
                return PORT_THEIRS;
        }
        if (before == PORT_OURS || !provider->adopted.running) {
                provider->port_free_usec = 0;
                return before;
        }
        if (before == PORT_UNKNOWN) {
                if (is_quiet(provider, now_usec))
                        return PORT_OURS;
                provider_wake_at(provider, provider->active_usec + PORT_QUIET_USEC);
                return before;
        }
        if (provider->port_free_usec == 0)
                provider->port_free_usec = now_usec;
        if (provider->port_free_usec + PORT_FREE_USEC <= now_usec)
                return PORT_OURS;
        provider_wake_at(provider, provider->port_free_usec + PORT_FREE_USEC);
        return before;
}

static void say_trouble(Provider *provider) {
        const Adopted *adopted = &provider->adopted;
        ChooseReason *trouble = &provider->trouble;
        const char *name = provider->choice.name;

        if (adopted->id[0] == '\0') {
                (void) snprintf(
                        trouble->why, sizeof trouble->why,
                        "%.200s is away: there is no container of it", name
                );
                (void) snprintf(
                        trouble->next, sizeof trouble->next,
                        "deploy it again, or choose another: coollama provider use NAME (or managed)"
                );
        } else if (!adopted->running) {
                (void) snprintf(
                        trouble->why, sizeof trouble->why,
                        "%.200s is away: its container %.100s is %s", name, adopted->name,
                        adopted->state
                );
                (void) snprintf(
                        trouble->next, sizeof trouble->next,
                        "start it where it was deployed, or: docker start %.100s", adopted->name
                );
        } else if (adopted->problem[0] != '\0') {
                (void) snprintf(
                        trouble->why, sizeof trouble->why, "%.200s cannot be reached: %.150s", name,
                        adopted->problem
                );
                (void) snprintf(
                        trouble->next, sizeof trouble->next,
                        "give it a network of its own and deploy it again"
                );
        }
}

/* The network is left by itself when this run of it ends (reconcile/joins.h). */
static void join(Provider *provider) {
        const Adopted *adopted = &provider->adopted;
        bool wanted = provider->facts.secured && adopted->address[0] != '\0';
        const JoinWish wish = {
                .container = adopted->id,
                .network = adopted->network_id,
                .network_name = adopted->network,
        };
        cleanup(freep) char *why = text_format("for the adopted Ollama %s", provider->choice.name);

        if (why == NULL || joins_set(provider->setup.joins, "", why, &wish, wanted ? 1 : 0) < 0)
                log_debug("Provider: no memory for the network of the adopted Ollama");
}

void provider_adopt(Provider *provider, const ProviderLook *look, const PortWanted *wanted) {
        ProviderChoice choice = provider->choice;

        provider->trouble = (ChooseReason){ 0 };
        adopted_read(
                is_adopted(provider) ? provider_look_chosen(look) : NULL, wanted, &provider->adopted
        );
        join(provider);
        if (provider->choice.kind == PROVIDER_IS_HOST)
                provider_host_port(provider, look, wanted);
        if (!is_adopted(provider))
                return;
        choice.port = owner_of_port(provider, look, wanted);
        provider_choice_take(provider, &choice);
        say_trouble(provider);
}

bool provider_publishes(const Provider *provider) {
        if (provider->choice.kind == PROVIDER_IS_HOST)
                return provider->choice.port != PORT_THEIRS;
        return !is_adopted(provider) || provider->choice.port == PORT_OURS;
}

static bool is_of_its_stack(const Provider *provider, const EngineEvent *event) {
        if (provider->adopted.id[0] != '\0'
            && strcmp(event->container_id, provider->adopted.id) == 0)
                return true;
        if (provider->choice.project[0] != '\0')
                return event->project != NULL
                       && strcmp(event->project, provider->choice.project) == 0;
        return strcmp(event->name, provider->choice.member) == 0;
}

static bool may_be_adopted(const EngineEvent *event) {
        const char *image = json_string_value(json_object_get(event->labels, "image"));

        return event->kind == EVENT_DESTROY || (image != NULL && image_is(image, "ollama/ollama"));
}

bool provider_adopt_event(Provider *provider, const EngineEvent *event) {
        if (event->container_id[0] == '\0')
                return false;
        if (provider->choice.kind == PROVIDER_IS_UNDECIDED)
                return provider->chosen && may_be_adopted(event);
        if (!is_adopted(provider) || !is_of_its_stack(provider, event))
                return false;
        if (event->kind == EVENT_CREATE || event->kind == EVENT_START)
                provider->active_usec = clock_monotonic_usec();
        return true;
}
