/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intake: what the engine tells, turned into "look again".
 *
 * Events carry no truth here: they attach a container to its consumer, mark that consumer dirty,
 * and stamp the activity of projects that have consumers. None of it asks the engine anything, and
 * all of it costs a look-up or two, however many containers there are.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "model/labels.h"
#include "model/opt-in.h"
#include "reconcile/core.h"
#include "reconcile/deploying.h"
#include "reconcile/place.h"

#define LIST_RETRY_USEC (1 * USEC_PER_SEC) /* nothing is known before: not a resync's time */

/* A container that an event or a list names; borrowed. */
typedef struct Named {
        const char *id;
        const char *name;
        const char *image;
        const json_t *labels;
} Named;

static int identify(const Named *named, Identity *ret) {
        Error err = { 0 };

        int r = identity_from_labels(named->labels, named->name, ret, &err);
        if (r < 0 && labels_opt_in(named->labels))
                log_event(
                        LOG_WARNING, MSG_CONSUMER_UNREADABLE, FIELDS({ "CONTAINER", named->name }),
                        "Cannot look after container %s: %s", named->name, error_text(&err)
                );
        return r;
}

/* Who speaks for a stack is heard by the next look at each other one of it; what is there already
 * and is no consumer yet is listed. */
void intake_speak(Reconciler *reconciler, Consumer *consumer, json_t *speech) {
        if (!world_speak(reconciler->world, consumer, speech))
                return;
        for (Consumer *other = consumer->project->first; other; other = other->next_in_project)
                if (other != consumer)
                        queue_add(reconciler, other);
        listing_add(reconciler->listing, consumer->identity.project, "");
}

/* The consumer that one belongs to which has opted in; NULL when it cannot be told (which is
 * logged). */
static Consumer *
attach(Reconciler *reconciler, const Named *named, const Identity *identity, bool follow) {
        Consumer *consumer = NULL;

        int r = world_ensure(reconciler->world, identity, &consumer);
        if (r >= 0)
                r = world_attach(reconciler->world, consumer, named->id, follow);
        if (r < 0) {
                log_event(
                        LOG_WARNING, MSG_CONSUMER_UNREADABLE, FIELDS({ "CONTAINER", named->name }),
                        "Cannot look after container %s: %s", named->name, strerrordesc_np(-r)
                );
                return NULL;
        }
        if (consumer->speech == NULL)
                intake_speak(reconciler, consumer, opt_in_speech(named->labels));
        if (consumer->pass == PASS_IDLE)
                reconciler_await(reconciler, consumer);
        follow_check(reconciler);
        return consumer;
}

/* NULL for one that did not opt in: that costs a look-up or two, and no request. */
static Consumer *take_in(Reconciler *reconciler, const Named *named) {
        bool labelled = labels_opt_in(named->labels);
        Identity identity;

        if (!labelled && !world_has_sources(reconciler->world))
                return NULL;
        if (identify(named, &identity) < 0)
                return NULL;
        const OptInSources sources = world_sources(reconciler->world, &identity);
        if (opt_in_of(named->labels, named->image, &sources) == OPT_IN_NOT)
                return NULL;
        return attach(reconciler, named, &identity, !labelled);
}

/* Is this container part of the swap that is open (or was the last) in its project? */
static bool is_ours(const Project *project, const EngineEvent *event) {
        const SwapRecord *record = project->swapping ? project->swapping->record : NULL;

        if (strcmp(event->container_id, project->last_old) == 0
            || strcmp(event->container_id, project->last_new) == 0)
                return true;
        if (record == NULL)
                return false;
        return strcmp(event->container_id, record->old_id) == 0
               || strcmp(event->container_id, record->new_id) == 0
               || (record->new_id[0] == '\0' && strcmp(event->name, record->name) == 0);
}

static void stamp(Reconciler *reconciler, const EngineEvent *event, const Consumer *consumer) {
        Project *project = consumer ? consumer->project : NULL;

        if (project == NULL && event->project != NULL)
                project = world_find_project(reconciler->world, event->project);
        if (project != NULL && !is_ours(project, event))
                project->activity_usec = clock_monotonic_usec();
}

static void on_container(Reconciler *reconciler, const EngineEvent *event) {
        Consumer *consumer = world_find_container(reconciler->world, event->container_id);

        if (event->kind == EVENT_DESTROY)
                reconciler->removed_usec = clock_monotonic_usec();
        if (consumer == NULL && event->kind != EVENT_DESTROY) {
                const Named named = { event->container_id, event->name, event->image,
                                      event->labels };
                consumer = take_in(reconciler, &named);
        }
        if (event->kind == EVENT_CREATE || event->kind == EVENT_DESTROY
            || event->kind == EVENT_RENAME)
                stamp(reconciler, event, consumer);
        if (consumer == NULL)
                return;
        pass_container_changed(consumer, event->container_id);
        queue_add(reconciler, consumer);
}

/* What it lacks may have gone by that. */
static void queue_swap(Consumer *consumer, void *data) {
        if (consumer->record != NULL)
                queue_add(data, consumer);
}

/* Somebody may be stopping it, which can take a while. */
static void on_signal(const Reconciler *reconciler, const EngineEvent *event) {
        Consumer *consumer = world_find_container(reconciler->world, event->container_id);
        Tracked *tracked = consumer ? consumer_tracked(consumer, event->container_id) : NULL;

        if (tracked != NULL)
                tracked->signalled_usec = clock_monotonic_usec();
}

/* Somebody came into the network that it is known by. */
static void look_again(const char *owner, void *data) {
        Reconciler *reconciler = data;
        Consumer *consumer = world_find(reconciler->world, owner);

        if (consumer != NULL)
                queue_add(reconciler, consumer);
}

static void on_event(const EngineEvent *event, void *data) {
        Reconciler *reconciler = data;

        joins_event(reconciler->joins, event, place_is_held(reconciler, event->container_id));
        provider_event(reconciler->provider, event);
        deploying_event(reconciler, event);
        switch (event->kind) {
        case EVENT_CREATE:
        case EVENT_START:
        case EVENT_DIE:
        case EVENT_DESTROY:
        case EVENT_RENAME:
        case EVENT_PAUSE:
        case EVENT_UNPAUSE:
        case EVENT_HEALTH:
                on_container(reconciler, event);
                break;
        case EVENT_KILL:
                on_signal(reconciler, event);
                break;
        case EVENT_CONNECT: {
                const Consumer *consumer =
                        world_find_container(reconciler->world, event->container_id);
                if (consumer != NULL)
                        stamp(reconciler, event, consumer);
                stacks_tell(reconciler->stacks, event->actor, look_again, reconciler);
                break;
        }
        case EVENT_PRUNE:
                if (event->time_usec > reconciler->pruned_usec)
                        reconciler->pruned_usec = event->time_usec;
                world_visit(reconciler->world, queue_swap, reconciler);
                break;
        case EVENT_NETWORK_GONE:
                if (reconciler->reach != NULL)
                        reach_forget(reconciler->reach, event->actor);
                break;
        case EVENT_DISCONNECT:
        case EVENT_VOLUME_GONE:
        case EVENT_OTHER:
                break;
        }
}

static void on_found(const json_t *item, void *data) {
        Reconciler *reconciler = data;

        deploying_found(reconciler, item);
        const Named named = {
                .id = json_string_value(json_object_get(item, "Id")),
                .name = container_list_name(item),
                .image = json_string_value(json_object_get(item, "Image")),
                .labels = json_object_get(item, "Labels"),
        };

        if (named.id == NULL || named.name == NULL
            || world_find_container(reconciler->world, named.id) != NULL)
                return;
        Consumer *consumer = take_in(reconciler, &named);
        if (consumer != NULL && reconciler->listed)
                queue_add(reconciler, consumer);
}

static void add_place(Consumer *consumer, void *data) {
        Reconciler *reconciler = data;
        const Identity *identity = &consumer->identity;
        bool speaks = consumer->project != NULL && consumer->project->speaker == consumer;

        if (consumer->ordered || speaks)
                listing_add(reconciler->listing, identity->project, identity->member);
}

static void on_places(void *data) {
        Reconciler *reconciler = data;

        world_visit(reconciler->world, add_place, reconciler);
}

static void on_listed(int result, const Error *error, void *data) {
        Reconciler *reconciler = data;

        if (result < 0) {
                log_event(
                        LOG_WARNING, MSG_ENGINE_TROUBLE, NO_FIELDS,
                        "Cannot list the containers: %s", error_text(error)
                );
                (void) sd_event_source_set_time_relative(reconciler->resync, LIST_RETRY_USEC);
                (void) sd_event_source_set_enabled(reconciler->resync, SD_EVENT_ONESHOT);
                return;
        }

        reconciler->listed = true;
        queue_add_all(reconciler);
        (void) sd_event_source_set_enabled(reconciler->queue_source, SD_EVENT_ONESHOT);
        provider_look(reconciler->provider);
        leftovers_clean(reconciler->leftovers);
        reconciler_check(reconciler);
}

int intake_open(Reconciler *reconciler) {
        const ListingSetup setup = {
                .engine = reconciler->engine,
                .found = on_found,
                .places = on_places,
                .done = on_listed,
                .data = reconciler,
        };
        return listing_new(&setup, &reconciler->listing);
}

void intake_resync(Reconciler *reconciler) {
        if (!reconciler->standing || reconciler->prunes != NULL)
                return;
        if (!reconciler->listed)
                deploying_ask(reconciler);
        listing_start(reconciler->listing);
}

static void on_prunes(uint64_t pruned_usec, void *data) {
        Reconciler *reconciler = data;

        reconciler->prunes = prunes_free(reconciler->prunes);
        if (pruned_usec > reconciler->pruned_usec)
                reconciler->pruned_usec = pruned_usec;
        intake_resync(reconciler);
}

static void find_first(Consumer *consumer, void *data) {
        uint64_t *first_usec = data;
        uint64_t begun_usec = consumer->record != NULL ? consumer->record->begun_usec : 0;

        if (begun_usec != 0 && begun_usec < *first_usec)
                *first_usec = begun_usec;
}

/* What an open swap lacks may have been pruned while nobody followed the events. */
static void ask_for_prunes(Reconciler *reconciler) {
        uint64_t first_usec = UINT64_MAX;

        world_visit(reconciler->world, find_first, &first_usec);
        if (first_usec != UINT64_MAX)
                (void) prunes_ask(
                        reconciler->engine, first_usec, on_prunes, reconciler, &reconciler->prunes
                );
}

static void on_standing(void *data) {
        Reconciler *reconciler = data;

        reconciler->standing = true;
        reconciler->lost = (Error){ 0 };
        reconciler->lost_since = 0;
        log_event(
                LOG_INFO, NULL, NO_FIELDS, "Following Docker Engine %s (API 1.%u)",
                engine_version(reconciler->engine), engine_api(reconciler->engine)
        );
        ask_for_prunes(reconciler);
        intake_resync(reconciler);
        reconciler->setup.changed(reconciler->setup.data);
}

static void on_lost(const Error *error, void *data) {
        Reconciler *reconciler = data;

        reconciler->standing = false;
        reconciler->listed = false;
        reconciler->lost = *error;
        if (reconciler->lost_since == 0)
                reconciler->lost_since = clock_realtime_usec() / USEC_PER_SEC;
        reconciler->prunes = prunes_free(reconciler->prunes);
        listing_stop(reconciler->listing);
        log_event(
                LOG_WARNING, MSG_ENGINE_TROUBLE, NO_FIELDS, "%s, trying again: %s",
                error->code == -EPROTONOSUPPORT ? "Cannot work with this Docker Engine"
                                                : "The Docker Engine does not answer",
                error_text(error)
        );
        provider_lost(reconciler->provider);
        joins_lost(reconciler->joins);
        key_seen_follow(reconciler->key_seen, NULL);
        if (reconciler->reach != NULL)
                reach_forget(reconciler->reach, NULL);
        reconciler_await_all(reconciler);
        reconciler->setup.changed(reconciler->setup.data);
        reconciler_check(reconciler);
}

const WatchHandler intake_handler = {
        .standing = on_standing, .event = on_event, .followed = follow_heard, .lost = on_lost
};
