/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/plan-provider.h"

#define NOW (1000 * USEC_PER_SEC)

enum {
        NETWORK,
        VOLUME,
        API,
        PROXY,
        OBJECTS
};

static const char *const NAMES[] = { "0-coollama", "coollama-models", "coollama-api",
                                     "coollama-proxy" };
static const char *const DOCUMENTS[] = { "28.5-network", "28.5-volume", "28.5-api1.51-secured-api",
                                         "28.5-api1.51-secured-proxy" };

/* The engine, as far as the provider's plan goes: what is there, and what calls do to it. */
typedef struct Engine {
        Stack *stack;
        json_t *documents[OBJECTS]; /* of the object as it should be */
        json_t *seen[OBJECTS];      /* NULL: absent */
        bool images[OBJECTS];
        bool extra;
        ProviderView view; /* the rest of it */
} Engine;

static json_t *load(const char *name) {
        char file[512];

        (void) snprintf(file, sizeof file, "%s/stack/%s.json", TEST_DATA, name);
        json_t *json = json_load_file(file, 0, NULL);
        cr_assert_not_null(json, "%s", file);
        return json;
}

static Stack *build(void) {
        static const char *const bind[] = { "172.17.0.1", NULL };
        const StackSettings settings = {
                .api_image = "ollama/ollama:latest",
                .proxy_image = "nginx:alpine",
                .api_alias = "ollama-api-ab12cd34",
                .bind = bind,
                .port = 11434,
                .proxy_user = "12345:12345",
                .conf_dir = "/srv/coollama/proxy/conf",
                .run_dir = "/srv/coollama/proxy/run",
                .dirs_made = "6743a1b2.00000000-6743a1b2.00000000",
                .secured = true,
        };
        json_t *pattern = json_load_file(PROJECT_SOURCE "/templates/stack.json", 0, NULL);
        Stack *stack = NULL;

        cr_assert_not_null(pattern);
        cr_assert_eq(stack_build(pattern, &settings, &stack, NULL), 0);
        json_decref(pattern);
        cr_assert_eq(stack->n_objects, OBJECTS);
        return stack;
}

static void open_engine(Engine *engine) {
        *engine = (Engine){ .stack = build() };
        for (size_t i = 0; i < OBJECTS; i++) {
                engine->documents[i] = load(DOCUMENTS[i]);
                engine->images[i] = true;
        }
}

static void put(Engine *engine, size_t i, const char *status) {
        json_decref(engine->seen[i]);
        engine->seen[i] = json_deep_copy(engine->documents[i]);
        if (i >= API)
                (void) json_object_set_new(
                        json_object_get(engine->seen[i], "State"), "Status", json_string(status)
                );
}

static void take(Engine *engine, size_t i) {
        json_decref(engine->seen[i]);
        engine->seen[i] = NULL;
}

/* All of it there, running, its configuration proven. */
static void open_whole(Engine *engine) {
        open_engine(engine);
        for (size_t i = 0; i < OBJECTS; i++)
                put(engine, i, "running");
        engine->view.published = true;
        engine->view.proven = true;
}

static void close_engine(Engine *engine) {
        for (size_t i = 0; i < OBJECTS; i++) {
                json_decref(engine->documents[i]);
                json_decref(engine->seen[i]);
        }
        (void) stack_free(engine->stack);
}

static Plan *plan_at(const Engine *engine, uint64_t now_usec) {
        ProviderView view = engine->view;
        Plan *plan = NULL;

        view.stack = engine->stack;
        for (size_t i = 0; i < OBJECTS; i++) {
                view.objects[i].inspect = engine->seen[i];
                view.objects[i].image_present = engine->images[i];
        }
        if (engine->extra)
                view.extras[view.n_extras++] =
                        (ExtraContainer){ .id = "e1", .name = "coollama-old" };
        cr_assert_eq(plan_provider(&view, now_usec, &plan), 0);
        cr_assert_not_null(plan->reason);
        return plan;
}

static Plan *plan_now(const Engine *engine) {
        return plan_at(engine, NOW);
}

static bool has(const Plan *plan, const char *method, const char *path) {
        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].kind == ACTION_CALL
                    && strcmp(plan->actions[i].u.call.method, method) == 0
                    && strncmp(plan->actions[i].u.call.path, path, strlen(path)) == 0)
                        return true;
        return false;
}

/* The one that a path names, by its name or its id. */
static size_t named(const Engine *engine, const char *path) {
        const char *name = strchr(path + 1, '/') + 1;
        size_t size = strcspn(name, "/?");

        for (size_t i = 0; i < OBJECTS; i++) {
                const char *id = json_string_value(json_object_get(engine->documents[i], "Id"));

                if ((strlen(NAMES[i]) == size && strncmp(NAMES[i], name, size) == 0)
                    || (id != NULL && strlen(id) == size && strncmp(id, name, size) == 0))
                        return i;
        }
        cr_assert_fail("%s names nothing of ours", path);
        return 0;
}

static void apply_call(Engine *engine, const ActionCall *call) {
        const char *path = call->path;
        const char *verb = strrchr(path, '/') + 1;

        if (strstr(path, "/e1")) {
                engine->extra = engine->extra && strcmp(call->method, "DELETE") != 0;
        } else if (strcmp(path, "/networks/create") == 0) {
                put(engine, NETWORK, "");
        } else if (strcmp(path, "/volumes/create") == 0) {
                put(engine, VOLUME, "");
        } else if (strncmp(path, "/containers/create", 18) == 0) {
                size_t i = strstr(path, "name=coollama-api") ? API : PROXY;
                cr_assert_null(engine->seen[i], "the engine would say 409");
                cr_assert(engine->images[i], "the engine would say 404");
                cr_assert_not_null(engine->seen[NETWORK]);
                put(engine, i, "created");
        } else if (strcmp(call->method, "DELETE") == 0) {
                size_t i = named(engine, path);
                cr_assert(
                        i != NETWORK || (engine->seen[API] == NULL && engine->seen[PROXY] == NULL),
                        "a network in use cannot be removed"
                );
                cr_assert_neq(i, VOLUME, "the models");
                take(engine, i);
        } else if (strcmp(verb, "start") == 0) {
                put(engine, named(engine, path), "running");
        } else {
                cr_assert_eq(strncmp(verb, "stop", 4), 0, "%s", path);
                put(engine, named(engine, path), "exited");
        }
}

static void apply(Engine *engine, const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++) {
                const Action *action = &plan->actions[i];

                switch (action->kind) {
                case ACTION_CALL:
                        apply_call(engine, &action->u.call);
                        break;
                case ACTION_PULL:
                        for (size_t j = API; j < OBJECTS; j++)
                                if (strcmp(engine->stack->objects[j].image, action->u.image) == 0)
                                        engine->images[j] = true;
                        break;
                case ACTION_GENERATION:
                        engine->view.published = true;
                        engine->view.proven = engine->seen[PROXY] != NULL;
                        break;
                case ACTION_RECORD:
                case ACTION_KEEP:
                case ACTION_REMEMBER:
                case ACTION_FORGET:
                case ACTION_STAY_UP:
                case ACTION_KEY:
                case ACTION_ACCESS:
                case ACTION_COPY:
                        cr_assert_fail("not the provider's");
                }
        }
        if (engine->seen[PROXY] == NULL)
                engine->view.proven = false;
}

/* Plans and applies until nothing is left; how many rounds it took. */
static unsigned converge(Engine *engine) {
        for (unsigned round = 0; round < 20; round++) {
                cleanup(plan_freep) Plan *plan = plan_now(engine);

                if (plan->n_actions == 0) {
                        cr_assert_eq(plan->state, LINK_LINKED, "%s", plan->reason);
                        return round;
                }
                apply(engine, plan);
        }
        cr_assert_fail("it never ends");
        return 0;
}

static void relabel(json_t *document, bool network) {
        json_t *labels =
                json_object_get(network ? document : json_object_get(document, "Config"), "Labels");
        (void) json_object_del(labels, "coollama.part");
}

static void hold_old_network(json_t *document) {
        json_t *networks =
                json_object_get(json_object_get(document, "NetworkSettings"), "Networks");
        (void) json_object_set_new(
                json_object_get(networks, "0-coollama"), "NetworkID", json_string("gone")
        );
}

static void change_by_hand(json_t *document) {
        (void) json_object_set_new(
                json_object_get(json_object_get(document, "Config"), "Labels"),
                "com.docker.compose.project", json_string("mine")
        );
}

Test(plan_provider, what_is_whole_is_left_alone) {
        Engine engine;

        open_whole(&engine);
        cr_assert_eq(converge(&engine), 0);
        close_engine(&engine);
}

Test(plan_provider, it_makes_everything_from_nothing) {
        Engine engine;

        open_engine(&engine);
        engine.images[API] = engine.images[PROXY] = false;
        cr_assert_gt(converge(&engine), 3);
        cr_assert(engine.view.published && engine.view.proven);
        close_engine(&engine);
}

/* Each container absent, made, stopped, running, changed by hand or on a network that is gone; the
 * network, the volume, the images and the configuration there or not: 2,304 worlds. */
Test(plan_provider, it_converges_from_every_state_and_then_does_nothing) {
        for (unsigned world = 0; world < 6 * 6 * 64; world++) {
                unsigned containers = world % 36;
                unsigned flags = world / 36;
                Engine engine;

                open_engine(&engine);
                for (size_t i = API; i < OBJECTS; i++, containers /= 6) {
                        static const char *const states[] = { "created", "exited", "running" };
                        unsigned state = containers % 6;

                        if (state == 0)
                                continue;
                        put(&engine, i, states[state < 4 ? state - 1 : 2]);
                        if (state == 4)
                                change_by_hand(engine.seen[i]);
                        if (state == 5)
                                hold_old_network(engine.seen[i]);
                }
                if (flags & 1)
                        put(&engine, NETWORK, "");
                if (flags & 2)
                        put(&engine, VOLUME, "");
                engine.images[API] = flags & 4;
                engine.images[PROXY] = flags & 8;
                engine.view.published = flags & 16;
                engine.extra = flags & 32;
                (void) converge(&engine);
                close_engine(&engine);
        }
}

Test(plan_provider, the_same_view_gives_the_same_plan) {
        Engine engine;

        open_engine(&engine);
        put(&engine, API, "exited");
        cleanup(plan_freep) Plan *one = plan_now(&engine);
        cleanup(plan_freep) Plan *other = plan_now(&engine);
        cr_assert_eq(one->n_actions, other->n_actions);
        for (size_t i = 0; i < one->n_actions; i++)
                cr_assert_str_eq(one->actions[i].what, other->actions[i].what);
        cr_assert_str_eq(one->reason, other->reason);
        close_engine(&engine);
}

Test(plan_provider, what_is_somebody_elses_by_our_name_is_said_and_untouched) {
        for (size_t i = 0; i < OBJECTS; i++) {
                Engine engine;

                open_whole(&engine);
                if (i != VOLUME) {
                        relabel(engine.seen[i], i == NETWORK);
                        cleanup(plan_freep) Plan *plan = plan_now(&engine);
                        cr_assert_eq(plan->n_actions, 0);
                        cr_assert_eq(plan->state, LINK_REFUSED);
                        cr_assert_not_null(strstr(plan->reason, NAMES[i]), "%s", plan->reason);
                        cr_assert_not_null(plan->next);
                }
                close_engine(&engine);
        }
}

Test(plan_provider, a_network_goes_after_our_containers_on_it_and_never_with_those_of_others) {
        Engine engine;

        open_whole(&engine);
        (void) json_object_set_new(
                json_object_get(engine.seen[NETWORK], "Labels"), "com.docker.compose.project",
                json_string("mine")
        );
        relabel(engine.seen[PROXY], false);
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 3, "stop and remove of ours, the network");
        cr_assert(has(plan, "DELETE", "/networks/"));
        for (size_t i = 0; i < plan->n_actions; i++)
                cr_assert_null(strstr(plan->actions[i].what, "coollama-proxy"));
        close_engine(&engine);
}

Test(plan_provider, what_is_not_decided_is_not_made_and_says_why) {
        Engine engine;

        open_engine(&engine);
        engine.view.held = "there are 2 Ollamas, shop-ollama-1 and x";
        engine.view.held_next = "coollama provider use NAME";
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 0);
        cr_assert_eq(plan->state, LINK_REFUSED);
        cr_assert_not_null(strstr(plan->reason, "shop-ollama-1"));
        cr_assert_not_null(plan->next);
        close_engine(&engine);
}

Test(plan_provider, what_was_stopped_by_hand_is_started_a_minute_later) {
        Engine engine;

        open_whole(&engine);
        put(&engine, API, "exited");
        engine.view.objects[API].stopped_since_usec = NOW - 10 * USEC_PER_SEC;
        cleanup(plan_freep) Plan *early = plan_now(&engine);
        cr_assert_eq(early->n_actions, 0);
        cr_assert_eq(early->wake_usec, NOW + 50 * USEC_PER_SEC);
        cr_assert_not_null(early->next, "how to keep it down");
        cleanup(plan_freep) Plan *late = plan_at(&engine, early->wake_usec);
        cr_assert_eq(late->n_actions, 1);
        cr_assert(has(late, "POST", "/containers/"));
        close_engine(&engine);
}

Test(plan_provider, what_is_paused_is_left_to_who_paused_it) {
        Engine engine;

        open_whole(&engine);
        put(&engine, API, "paused");
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 0);
        cr_assert_str_eq(plan->next, "docker unpause coollama-api");
        close_engine(&engine);
}

Test(plan_provider, an_image_that_is_there_is_not_pulled) {
        Engine engine;

        open_engine(&engine);
        put(&engine, NETWORK, "");
        put(&engine, VOLUME, "");
        engine.view.pull_failure = "the registry does not answer";
        engine.view.pull_retry_usec = NOW + 1;
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert(has(plan, "POST", "/containers/create?name=coollama-api"));
        close_engine(&engine);
}

Test(plan_provider, a_container_is_not_removed_before_the_image_for_the_next_one_is_there) {
        Engine engine;

        open_whole(&engine);
        change_by_hand(engine.seen[API]);
        engine.images[API] = false;
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 1);
        cr_assert_eq(plan->actions[0].kind, ACTION_PULL);
        close_engine(&engine);
}

Test(plan_provider, a_pull_that_failed_is_said_and_tried_again_when_it_is_time) {
        Engine engine;

        open_engine(&engine);
        put(&engine, NETWORK, "");
        put(&engine, VOLUME, "");
        engine.images[API] = false;
        engine.view.pull_failure = "no space left";
        engine.view.pull_retry_usec = NOW + USEC_PER_SEC;
        cleanup(plan_freep) Plan *early = plan_now(&engine);
        cr_assert_eq(early->n_actions, 0);
        cr_assert_not_null(strstr(early->reason, "no space left"));
        cr_assert_eq(early->wake_usec, NOW + USEC_PER_SEC);
        cleanup(plan_freep) Plan *late = plan_at(&engine, NOW + USEC_PER_SEC);
        cr_assert_eq(late->n_actions, 1);
        close_engine(&engine);
}

Test(plan_provider, what_failed_is_said_and_not_tried_in_a_hurry) {
        Engine engine;

        open_engine(&engine);
        engine.view.failure = "port 11434 is taken";
        engine.view.retry_usec = NOW + USEC_PER_SEC;
        cleanup(plan_freep) Plan *early = plan_now(&engine);
        cr_assert_eq(early->n_actions, 0);
        cr_assert_str_eq(early->reason, "port 11434 is taken");
        cr_assert_eq(early->wake_usec, NOW + USEC_PER_SEC);
        cleanup(plan_freep) Plan *late = plan_at(&engine, NOW + USEC_PER_SEC);
        cr_assert_gt(late->n_actions, 0);
        close_engine(&engine);
}

Test(plan_provider, who_is_finishing_begins_nothing) {
        Engine engine;

        open_engine(&engine);
        engine.view.finishing = true;
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 0);
        cr_assert_eq(plan->wake_usec, 0);
        close_engine(&engine);
}

Test(plan_provider, while_paused_it_says_what_is_not_done) {
        static const Pause paused = { .kind = PAUSE_BEGINS_NOTHING, .by = "root" };
        Engine engine;

        open_whole(&engine);
        engine.view.pause = &paused;
        cleanup(plan_freep) Plan *whole = plan_now(&engine);
        cr_expect_eq(whole->state, LINK_LINKED);
        put(&engine, API, "exited");
        engine.view.objects[API].stopped_since_usec = 1;
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_expect_eq(plan->n_actions, 0);
        cr_expect_eq(plan->wake_usec, 0);
        cr_expect_str_eq(plan->reason, "not done while paused: starting coollama-api");
        cr_expect_str_eq(plan->next, "coollama resume");
        close_engine(&engine);
}

Test(plan_provider, a_proxy_that_does_not_show_its_configuration_is_given_it) {
        Engine engine;

        open_whole(&engine);
        engine.view.proven = false;
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 1);
        cr_assert_eq(plan->actions[0].kind, ACTION_GENERATION);
        close_engine(&engine);
}

Test(plan_provider, a_proxy_is_never_started_without_a_configuration) {
        Engine engine;

        open_whole(&engine);
        take(&engine, PROXY);
        engine.view.published = engine.view.proven = false;
        cleanup(plan_freep) Plan *plan = plan_now(&engine);
        cr_assert_eq(plan->n_actions, 3);
        cr_assert_eq(plan->actions[0].kind, ACTION_GENERATION);
        close_engine(&engine);
}

Test(plan_provider, before_the_engine_was_read_it_waits) {
        ProviderView view = { .undescribed = "the bridge has no gateway" };
        Plan *plan = NULL;

        cr_assert_eq(plan_provider(&view, NOW, &plan), 0);
        cr_assert_eq(plan->state, LINK_WAITING);
        cr_assert_str_eq(plan->reason, "the bridge has no gateway");
        (void) plan_free(plan);
}

Test(plan_provider, taken_down_containers_go_before_networks_and_volumes_stay) {
        static const Pause down = { .kind = PAUSE_DOWN, .by = "root" };
        Engine engine;

        open_whole(&engine);
        engine.view.pause = &down;
        engine.view.down = true;
        cleanup(plan_freep) Plan *first = plan_now(&engine);
        cr_expect_eq(first->n_actions, 4);
        cr_expect(has(first, "DELETE", "/containers/"));
        cr_expect_not(has(first, "DELETE", "/networks/"));

        take(&engine, API);
        take(&engine, PROXY);
        (void) json_object_set_new(
                engine.seen[NETWORK], "Containers", json_pack("{s:{s:s}}", "g1", "Name", "guest")
        );
        cleanup(plan_freep) Plan *held = plan_now(&engine);
        cr_expect_eq(held->n_actions, 0);
        cr_expect_eq(held->state, LINK_REFUSED);
        cr_expect_not_null(strstr(held->reason, "guest"));

        (void) json_object_set_new(engine.seen[NETWORK], "Containers", json_object());
        cleanup(plan_freep) Plan *second = plan_now(&engine);
        cr_assert_eq(second->n_actions, 1);
        cr_expect(has(second, "DELETE", "/networks/"));

        take(&engine, NETWORK);
        cleanup(plan_freep) Plan *gone = plan_now(&engine);
        cr_expect_eq(gone->n_actions, 0);
        cr_expect_eq(gone->state, LINK_STOPPED);
        close_engine(&engine);
}

/* A container that Docker starts again and again makes an event each time, and so a look. */
Test(plan_provider, one_that_does_not_stay_up_is_waited_for_and_said) {
        static const struct {
                size_t which;
                const char *said;
        } cases[] = { { PROXY, "coollama-proxy does not stay up" },
                      { API, "coollama-api does not stay up" } };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Engine engine;

                open_whole(&engine);
                put(&engine, cases[i].which, "restarting");
                engine.view.proven = cases[i].which != PROXY;
                Plan *plan = plan_now(&engine);

                cr_assert_eq(plan->n_actions, 0);
                cr_assert_eq(plan->state, LINK_WAITING);
                cr_assert_not_null(strstr(plan->reason, cases[i].said), "%s", plan->reason);
                cr_assert_not_null(strstr(plan->next, "docker logs"), "%s", plan->next);
                (void) plan_free(plan);
                close_engine(&engine);
        }
}

/* What is not written yet may be what mends it. */
Test(plan_provider, a_proxy_that_does_not_stay_up_is_given_another_configuration) {
        Engine engine;

        open_whole(&engine);
        put(&engine, PROXY, "restarting");
        engine.view.published = engine.view.proven = false;
        Plan *plan = plan_now(&engine);

        cr_assert_eq(plan->n_actions, 1);
        cr_assert_eq(plan->actions[0].kind, ACTION_GENERATION);
        (void) plan_free(plan);
        close_engine(&engine);
}
