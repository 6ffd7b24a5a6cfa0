/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINERS_MAX ((size_t) WORLD_CONSUMERS_MAX * 4)

struct World {
        Index *consumers;  /* by identity key */
        Index *containers; /* by id: its consumer */
        Index *projects;   /* by name */
        Index *followed;   /* containers by id: its consumer */
        bool followed_changed;
        size_t n_ordered;
        size_t n_speaking;
};

static Project *project_free(Project *project) {
        free(project->name);
        free(project);
        return NULL;
}

static Consumer *consumer_free(Consumer *consumer) {
        swap_record_free(consumer->record);
        json_decref(consumer->speech);
        sd_event_source_disable_unref(consumer->timer);
        free(consumer->failure);
        free(consumer->swap_failure);
        free(consumer->reason);
        free(consumer->next);
        free(consumer->note);
        free(consumer->intent);
        free(consumer->way_why);
        free(consumer);
        return NULL;
}

int world_new(World **ret) {
        cleanup(world_freep) World *world = calloc(1, sizeof *world);
        if (world == NULL || index_new(WORLD_CONSUMERS_MAX, &world->consumers) < 0
            || index_new(CONTAINERS_MAX, &world->containers) < 0
            || index_new(WORLD_CONSUMERS_MAX, &world->projects) < 0
            || index_new(CONTAINERS_MAX, &world->followed) < 0)
                return -ENOMEM;
        *ret = take_ptr(world);
        return 0;
}

static void free_consumer(const char *key, void *value, void *data) {
        (void) key;
        (void) data;
        (void) consumer_free(value);
}

static void free_project(const char *key, void *value, void *data) {
        (void) key;
        (void) data;
        (void) project_free(value);
}

World *world_free(World *world) {
        if (world == NULL)
                return NULL;
        if (world->consumers != NULL)
                index_visit(world->consumers, free_consumer, NULL);
        if (world->projects != NULL)
                index_visit(world->projects, free_project, NULL);
        index_free(world->consumers);
        index_free(world->containers);
        index_free(world->projects);
        index_free(world->followed);
        free(world);
        return NULL;
}

static int ensure_project(World *world, const char *name, Project **ret) {
        Project *project = index_get(world->projects, name);

        if (project == NULL) {
                project = calloc(1, sizeof *project);
                if (project == NULL)
                        return -ENOMEM;
                project->name = strdup(name);
                int r = project->name ? index_put(world->projects, name, project) : -ENOMEM;
                if (r < 0) {
                        (void) project_free(project);
                        return r;
                }
        }
        *ret = project;
        return 0;
}

/* Of several that speak always the same one. */
static Consumer *elect_speaker(const Project *project) {
        Consumer *speaker = NULL;

        for (Consumer *c = project->first; c != NULL; c = c->next_in_project)
                if (c->speech != NULL
                    && (speaker == NULL || strcmp(c->identity.key, speaker->identity.key) < 0))
                        speaker = c;
        return speaker;
}

static void join_project(Project *project, Consumer *consumer) {
        if (project == NULL)
                return;
        consumer->next_in_project = project->first;
        project->first = consumer;
}

static void leave_project(World *world, Project *project, Consumer *consumer) {
        if (project == NULL)
                return;
        for (Consumer **p = &project->first; *p != NULL; p = &(*p)->next_in_project) {
                if (*p == consumer) {
                        *p = consumer->next_in_project;
                        break;
                }
        }
        if (project->swapping == consumer)
                project->swapping = NULL;
        if (project->speaker == consumer)
                project->speaker = elect_speaker(project);
        if (project->first != NULL)
                return;
        index_remove(world->projects, project->name);
        (void) project_free(project);
}

int world_ensure(World *world, const Identity *identity, Consumer **ret) {
        Consumer *consumer = index_get(world->consumers, identity->key);
        if (consumer != NULL) {
                *ret = consumer;
                return 0;
        }

        consumer = calloc(1, sizeof *consumer);
        if (consumer == NULL)
                return -ENOMEM;
        consumer->identity = *identity;
        consumer->state = LINK_WAITING;
        consumer->backoff =
                (Backoff){ .min_usec = 2 * USEC_PER_SEC, .max_usec = 60 * USEC_PER_SEC };

        int r = 0;
        if (identity->project[0] != '\0')
                r = ensure_project(world, identity->project, &consumer->project);
        join_project(consumer->project, consumer);
        if (r >= 0)
                r = index_put(world->consumers, identity->key, consumer);
        if (r < 0) {
                leave_project(world, consumer->project, consumer);
                (void) consumer_free(consumer);
                return r;
        }
        *ret = consumer;
        return 0;
}

Consumer *world_find(const World *world, const char *identity) {
        return index_get(world->consumers, identity);
}

Consumer *world_find_container(const World *world, const char *container_id) {
        return index_get(world->containers, container_id);
}

Project *world_find_project(const World *world, const char *name) {
        return index_get(world->projects, name);
}

size_t world_count(const World *world) {
        return index_size(world->consumers);
}

Tracked *consumer_tracked(Consumer *consumer, const char *container_id) {
        for (size_t i = 0; i < consumer->n_tracked; i++)
                if (strcmp(consumer->tracked[i].id, container_id) == 0)
                        return &consumer->tracked[i];
        return NULL;
}

static int follow_one(World *world, Consumer *consumer, const char *container_id) {
        if (index_get(world->followed, container_id) != NULL)
                return 0;
        world->followed_changed = true;
        return index_put(world->followed, container_id, consumer);
}

int world_attach(World *world, Consumer *consumer, const char *container_id, bool follow) {
        if (world_find_container(world, container_id) == consumer)
                return follow ? follow_one(world, consumer, container_id) : 0;
        if (consumer->n_tracked == CONSUMER_CONTAINERS_MAX
            || strlen(container_id) >= CONTAINER_ID_SIZE)
                return -ENOSPC;

        world_detach(world, container_id);
        int r = index_put(world->containers, container_id, consumer);
        if (r < 0)
                return r;

        Tracked *tracked = &consumer->tracked[consumer->n_tracked++];
        *tracked = (Tracked){ 0 };
        (void) snprintf(tracked->id, sizeof tracked->id, "%s", container_id);
        return follow ? follow_one(world, consumer, tracked->id) : 0;
}

void world_detach(World *world, const char *container_id) {
        Consumer *consumer = world_find_container(world, container_id);
        if (consumer == NULL)
                return;

        /* container_id may be the very array that moves: look it up before. */
        Tracked *tracked = consumer_tracked(consumer, container_id);
        if (index_get(world->followed, container_id) != NULL) {
                index_remove(world->followed, container_id);
                world->followed_changed = true;
        }
        index_remove(world->containers, container_id);
        if (tracked != NULL)
                *tracked = consumer->tracked[--consumer->n_tracked];
}

bool world_drop_if_empty(World *world, Consumer *consumer) {
        if (consumer->n_tracked > 0 || consumer->record != NULL || consumer->pass != PASS_IDLE
            || consumer->waits_for_restart || consumer->ordered)
                return false;
        world->n_speaking -= consumer->speech != NULL;
        leave_project(world, consumer->project, consumer);
        index_remove(world->consumers, consumer->identity.key);
        (void) consumer_free(consumer);
        return true;
}

typedef struct Following {
        const char **ids;
        size_t n;
        size_t max;
} Following;

static void add_followed(const char *key, void *value, void *data) {
        Following *following = data;

        (void) value;
        if (following->n < following->max)
                following->ids[following->n++] = key;
}

size_t world_followed(const World *world, const char **ret_ids, size_t max) {
        Following following = { .ids = ret_ids, .max = max };

        index_visit(world->followed, add_followed, &following);
        return following.n;
}

bool world_followed_changed(World *world) {
        bool changed = world->followed_changed;

        world->followed_changed = false;
        return changed;
}

int world_order(World *world, Consumer *consumer, bool ordered) {
        if (consumer->ordered == ordered)
                return 0;
        if (ordered && world->n_ordered >= WORLD_ORDERS_MAX)
                return -ENOSPC;
        world->n_ordered += ordered ? 1 : (size_t) -1;
        consumer->ordered = ordered;
        return 0;
}

size_t world_count_ordered(const World *world) {
        return world->n_ordered;
}

bool world_has_sources(const World *world) {
        return world->n_ordered > 0 || world->n_speaking > 0;
}

bool world_speak(World *world, Consumer *consumer, json_t *speech) {
        Project *project = consumer->project;
        bool same = consumer->speech == speech || json_equal(consumer->speech, speech);

        if (same || project == NULL) {
                json_decref(speech);
                return false;
        }
        bool counted = project->speaker == consumer;
        world->n_speaking += (speech != NULL) - (size_t) (consumer->speech != NULL);
        json_decref(consumer->speech);
        consumer->speech = speech;
        project->speaker = elect_speaker(project);
        return counted || project->speaker == consumer;
}

OptInSources world_sources(const World *world, const Identity *identity) {
        const Consumer *consumer =
                world->n_ordered > 0 ? index_get(world->consumers, identity->key) : NULL;
        const Project *project = index_get(world->projects, identity->project);

        return (OptInSources){
                .speech = project && project->speaker ? project->speaker->speech : NULL,
                .ordered = consumer != NULL && consumer->ordered,
        };
}

typedef struct Visiting {
        WorldVisit *visit;
        void *data;
} Visiting;

static void visit_consumer(const char *key, void *value, void *data) {
        const Visiting *visiting = data;

        (void) key;
        visiting->visit(value, visiting->data);
}

void world_visit(const World *world, WorldVisit *visit, void *data) {
        Visiting visiting = { visit, data };

        index_visit(world->consumers, visit_consumer, &visiting);
}

void tracked_update(Tracked *tracked, const Container *container, uint64_t now_usec) {
        bool up = container_is_up(container);
        bool settled =
                up && (container->health == HEALTH_NONE || container->health == HEALTH_HEALTHY);

        if (strcmp(tracked->started_at, container->started_at) != 0) {
                (void) snprintf(
                        tracked->started_at, sizeof tracked->started_at, "%s", container->started_at
                );
                tracked->up_since_usec = 0;
                tracked->settled_since_usec = 0;
                tracked->signalled_usec = 0;
        }
        if (!up)
                tracked->up_since_usec = 0;
        else if (tracked->up_since_usec == 0)
                tracked->up_since_usec = now_usec;
        if (!settled)
                tracked->settled_since_usec = 0;
        else if (tracked->settled_since_usec == 0)
                tracked->settled_since_usec = now_usec;
}
