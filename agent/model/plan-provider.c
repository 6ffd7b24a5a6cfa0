/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_provider: from what is seen of our own stack to what is done about it.
 *
 * Objects are taken in the order of the description (networks, volumes, containers); the first that
 * is not as described gets its actions, and the next look sees to the next one. A container is only
 * ever removed when it carries our label: one of somebody else's by our name is an error that says
 * so.
 */
#include "model/plan-provider.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "model/plan-upgrade.h"

typedef struct Deciding {
        const ProviderView *view;
        uint64_t now_usec;
        Plan *plan;
} Deciding;

static const char *collection_of(StackKind kind) {
        switch (kind) {
        case STACK_NETWORK:
                return "networks";
        case STACK_VOLUME:
                return "volumes";
        case STACK_CONTAINER:
                return "containers";
        }
        return "";
}

/* The engine's id where it has one (never a name, which may change hands), else the name. */
static const char *handle_of(const StackObject *object, const json_t *inspect) {
        const char *id = json_string_value(json_object_get(inspect, "Id"));
        return id ? id : object->name;
}

static char *sentence(const char *verb, const StackObject *object) {
        return text_format("%s %s %s", verb, stack_kind_to_string(object->kind), object->name);
}

static void
add(Plan *plan, const StackObject *object, PlanCall call, const char *verb, const char *path) {
        cleanup(freep) char *what = sentence(verb, object);

        call.what = what ? what : verb;
        plan_add_call(plan, call, "%s", path);
}

static void add_create(Plan *plan, const StackObject *object) {
        cleanup(freep) char *path =
                object->kind == STACK_CONTAINER
                        ? text_format("/containers/create?name=%s", object->name)
                        : text_format("/%s/create", collection_of(object->kind));

        add(plan, object, (PlanCall){ .method = "POST", .body = json_deep_copy(object->body) },
            "create", path ? path : "");
}

static void add_stop(Plan *plan, const StackObject *object, const json_t *inspect) {
        cleanup(freep) char *path =
                text_format("/containers/%s/stop?t=20", handle_of(object, inspect));

        add(plan, object,
            (PlanCall){ .method = "POST",
                        .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                        .timeout_usec = 60 * USEC_PER_SEC },
            "stop", path ? path : "");
}

static void add_remove(Plan *plan, const StackObject *object, const json_t *inspect) {
        cleanup(freep) char *path = text_format(
                "/%s/%s%s", collection_of(object->kind), handle_of(object, inspect),
                object->kind == STACK_CONTAINER ? "?v=0" : ""
        );

        add(plan, object, (PlanCall){ .method = "DELETE", .expect = EXPECT_DONE | EXPECT_GONE },
            "remove", path ? path : "");
}

static void add_start(Plan *plan, const StackObject *object, const char *handle) {
        cleanup(freep) char *path = text_format("/containers/%s/start", handle);

        add(plan, object,
            (PlanCall){ .method = "POST",
                        .expect = EXPECT_DONE | EXPECT_ALREADY,
                        .timeout_usec = 120 * USEC_PER_SEC },
            "start", path ? path : "");
}

/* Containers of ours that hang on a network go before it. */
static void
remove_with_users(const Deciding *deciding, const StackObject *object, const json_t *inspect) {
        const ProviderView *view = deciding->view;

        for (size_t i = 0; i < view->stack->n_objects; i++) {
                const StackObject *user = &view->stack->objects[i];
                const json_t *seen = view->objects[i].inspect;

                if (object->kind != STACK_NETWORK || user->kind != STACK_CONTAINER || seen == NULL
                    || !stack_is_ours(seen, user->kind))
                        continue;
                add_stop(deciding->plan, user, seen);
                add_remove(deciding->plan, user, seen);
        }
        add_remove(deciding->plan, object, inspect);
}

/* Without its image a container cannot be made: true when that is being seen to. */
static bool
lacks_image(const Deciding *deciding, const StackObject *object, const SeenObject *seen) {
        const ProviderView *view = deciding->view;
        Plan *plan = deciding->plan;

        if (seen->image_present)
                return false;
        if (view->pull_failure != NULL && view->pull_retry_usec > deciding->now_usec) {
                plan_say(
                        plan, LINK_WAITING, "cannot pull %s: %s", object->image, view->pull_failure
                );
                plan_next_step(plan, "check the network and the disk; it is tried again by itself");
                plan_wake_at(plan, view->pull_retry_usec);
                return true;
        }
        plan_say(plan, LINK_LINKING, "pulling %s", object->image);
        cleanup(freep) char *what = text_format("pull %s", object->image);
        plan_add_pull(plan, object->image, what ? what : "pull");
        return true;
}

static bool is_proxy(const StackObject *object) {
        return object->part != NULL && strcmp(object->part, "proxy") == 0;
}

static void
make_container(const Deciding *deciding, const StackObject *object, const SeenObject *seen) {
        if (lacks_image(deciding, object, seen))
                return;
        plan_say(deciding->plan, LINK_LINKING, "making %s", object->name);
        if (is_proxy(object) && !deciding->view->published)
                plan_add_generation(deciding->plan, "write the configuration of the proxy");
        add_create(deciding->plan, object);
        add_start(deciding->plan, object, object->name);
}

static const char *state_of(const json_t *inspect) {
        const char *state =
                json_string_value(json_object_get(json_object_get(inspect, "State"), "Status"));
        return state ? state : "";
}

#define LEAVE_MAX 40 /* networks, in one plan */

/*
 * One that it had joined may be gone by now, and then it cannot be started: by name, since the
 * engine finds no other trace of such a network, and all of them, since those that are still wanted
 * are joined again. True when none is left for another plan.
 */
static bool
leave_networks(const Deciding *deciding, const StackObject *object, const json_t *inspect) {
        json_t *networks = json_object_get(json_object_get(inspect, "NetworkSettings"), "Networks");
        const char *id = json_string_value(json_object_get(inspect, "Id"));
        const char *name;
        json_t *endpoint;
        size_t n = 0;

        json_object_foreach(networks, name, endpoint) {
                if (stack_find(deciding->view->stack, STACK_NETWORK, name) != NULL || id == NULL)
                        continue;
                if (n++ == LEAVE_MAX)
                        return false;
                cleanup(freep) char *what = text_format(
                        "take %s out of the network %s before it is started", object->name, name
                );
                plan_add_call(
                        deciding->plan,
                        (PlanCall){ .method = "POST",
                                    .body = json_pack("{s:s, s:b}", "Container", id, "Force", 1),
                                    .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                                    .what = what ? what : "leave" },
                        "/networks/%s/disconnect", name
                );
        }
        return true;
}

static bool is_paused(const ProviderView *view) {
        return view->pause != NULL && view->pause->kind != PAUSE_NONE;
}

/* It is as described: does it run? True when there is something to do or to wait for. */
static bool is_down(const Deciding *deciding, const StackObject *object, const SeenObject *seen) {
        Plan *plan = deciding->plan;
        const char *state = state_of(seen->inspect);

        if (strcmp(state, "running") == 0 || strcmp(state, "restarting") == 0)
                return false;
        if (strcmp(state, "paused") == 0) {
                plan_say(plan, LINK_WAITING, "%s is paused", object->name);
                plan_next_step(plan, "docker unpause %s", object->name);
                return true;
        }
        if (!is_paused(deciding->view) && strcmp(state, "created") != 0
            && seen->stopped_since_usec > 0
            && seen->stopped_since_usec + PROVIDER_STOPPED_USEC > deciding->now_usec) {
                plan_say(
                        plan, LINK_WAITING,
                        "%s was stopped; it is started again a minute after that", object->name
                );
                plan_next_step(plan, "to keep it down: coollama pause");
                plan_wake_at(plan, seen->stopped_since_usec + PROVIDER_STOPPED_USEC);
                return true;
        }
        plan_say(plan, LINK_LINKING, "starting %s", object->name);
        if (leave_networks(deciding, object, seen->inspect))
                add_start(plan, object, handle_of(object, seen->inspect));
        return true;
}

/* A network that was made anew has another id; a container that still holds the old one cannot
 * start. */
static bool
holds_old_network(const ProviderView *view, const StackObject *object, const json_t *inspect) {
        for (size_t i = 0; i < view->stack->n_objects; i++) {
                const StackObject *network = &view->stack->objects[i];
                const char *id = json_string_value(json_object_get(view->objects[i].inspect, "Id"));

                if (network->kind != STACK_NETWORK || object->kind != STACK_CONTAINER || id == NULL)
                        continue;
                const char *held = stack_endpoint_network(inspect, network->name);
                if (held != NULL && held[0] != '\0' && strcmp(held, id) != 0)
                        return true;
        }
        return false;
}

/* True when this object is not as it should be: the plan holds what to do, or says what to wait
 * for. */
static bool mend(const Deciding *deciding, const StackObject *object, const SeenObject *seen) {
        Plan *plan = deciding->plan;
        Error why = { 0 };

        if (seen->inspect == NULL) {
                if (object->kind == STACK_CONTAINER) {
                        make_container(deciding, object, seen);
                        return true;
                }
                plan_say(
                        plan, LINK_LINKING, "making %s %s", stack_kind_to_string(object->kind),
                        object->name
                );
                add_create(plan, object);
                return true;
        }
        if (object->kind != STACK_VOLUME && !stack_is_ours(seen->inspect, object->kind)) {
                plan_say(
                        plan, LINK_REFUSED, "there is a %s named %s which is not coollama's",
                        stack_kind_to_string(object->kind), object->name
                );
                plan_next_step(plan, "rename or remove it, then: systemctl reload coollamad");
                return true;
        }
        bool old_network = holds_old_network(deciding->view, object, seen->inspect);
        if (old_network)
                (void) error_set(&why, -ESTALE, "its network was made anew");
        if (old_network
            || (object->kind != STACK_VOLUME && !stack_covers(object, seen->inspect, &why))) {
                if (object->kind == STACK_CONTAINER && lacks_image(deciding, object, seen))
                        return true;
                plan_say(
                        plan, LINK_LINKING, "%s is not as it should be: %s", object->name,
                        error_text(&why)
                );
                if (object->kind == STACK_CONTAINER)
                        add_stop(plan, object, seen->inspect);
                remove_with_users(deciding, object, seen->inspect);
                return true;
        }
        return object->kind == STACK_CONTAINER && is_down(deciding, object, seen);
}

/* They come first: they may hold the port, or the model volume. */
static void remove_extras(const Deciding *deciding) {
        Plan *plan = deciding->plan;

        for (size_t i = 0; i < deciding->view->n_extras; i++) {
                const ExtraContainer *extra = &deciding->view->extras[i];
                cleanup(freep) char *stop = text_format("stop container %s", extra->name);
                cleanup(freep) char *rid = text_format("remove container %s", extra->name);

                plan_say(
                        plan, LINK_LINKING, "removing %s, which is no part of it any more",
                        extra->name
                );
                plan_add_call(
                        plan,
                        (PlanCall){ .method = "POST",
                                    .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                                    .timeout_usec = 60 * USEC_PER_SEC,
                                    .what = stop ? stop : "stop" },
                        "/containers/%s/stop?t=20", extra->id
                );
                plan_add_call(
                        plan,
                        (PlanCall){ .method = "DELETE",
                                    .expect = EXPECT_DONE | EXPECT_GONE,
                                    .what = rid ? rid : "remove" },
                        "/containers/%s?v=0", extra->id
                );
        }
}

/* True when what follows is not to be held back. */
static bool upgrade_turns(const Deciding *deciding, bool *decided) {
        const ProviderView *view = deciding->view;
        const StackObject *api = stack_find_part(view->stack, "api");
        UpgradeSays says = UPGRADE_SAYS_NOTHING;

        if (api != NULL)
                says = plan_upgrade(
                        view, &view->objects[api - view->stack->objects], deciding->now_usec,
                        deciding->plan
                );
        *decided = says != UPGRADE_SAYS_NOTHING;
        return says == UPGRADE_SAYS_TURN;
}

/* Docker starts it again and again: that is waited for, and said. */
static bool does_not_stay_up(const Deciding *deciding, const char *part) {
        const ProviderView *view = deciding->view;
        const StackObject *object = stack_find_part(view->stack, part);
        const json_t *inspect =
                object ? view->objects[object - view->stack->objects].inspect : NULL;

        if (object == NULL || strcmp(state_of(inspect), "restarting") != 0)
                return false;
        plan_say(
                deciding->plan, LINK_WAITING,
                "%s does not stay up: it ended with exit code %lld, and Docker starts it again and again",
                object->name,
                (long long
                ) json_integer_value(json_object_get(json_object_get(inspect, "State"), "ExitCode"))
        );
        plan_next_step(deciding->plan, "docker logs %s says why", object->name);
        return true;
}

static void decide(const Deciding *deciding) {
        const ProviderView *view = deciding->view;
        Plan *plan = deciding->plan;

        if (view->n_extras > 0) {
                remove_extras(deciding);
                return;
        }
        for (size_t i = 0; i < view->stack->n_objects; i++)
                if (mend(deciding, &view->stack->objects[i], &view->objects[i]))
                        return;

        /* One that is down can be told what is not yet written, and prove nothing. */
        if (view->published && does_not_stay_up(deciding, "proxy"))
                return;
        if (stack_find_part(view->stack, "proxy") != NULL && (!view->published || !view->proven)) {
                plan_say(plan, LINK_LINKING, "giving the proxy its configuration");
                plan_add_generation(plan, "give the proxy its configuration");
                return;
        }
        if (does_not_stay_up(deciding, "api"))
                return;
        plan_say(plan, LINK_LINKED, "everything of it is there");
}

static void drop_actions(Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++)
                action_done(&plan->actions[i]);
        plan->n_actions = 0;
}

/* Which keys the proxy knows is said by operators, and touches no container. */
static bool only_publishes(const Plan *plan) {
        return plan->n_actions == 1 && plan->actions[0].kind == ACTION_GENERATION;
}

/* Its operator said that nothing is begun. Who that was is said elsewhere. */
static void hold_paused(const Deciding *deciding) {
        Plan *plan = deciding->plan;
        cleanup(freep) char *undone = strdup(plan->reason ? plan->reason : "");

        drop_actions(plan);
        plan_say(
                plan, LINK_WAITING, "not done while paused: %s", undone ? undone : "what is missing"
        );
        plan_next_step(plan, "coollama resume");
}

/* What failed is said until it works, and not tried in a hurry. */
static void hold_back(const Deciding *deciding) {
        const ProviderView *view = deciding->view;
        Plan *plan = deciding->plan;

        if (plan->n_actions == 0)
                return;
        bool open = view->upgrade != NULL && view->upgrade->phase != UPGRADE_OVER;
        if (is_paused(view) && !view->down && !open && !only_publishes(plan)) {
                hold_paused(deciding);
                return;
        }
        if (!view->finishing && (view->failure == NULL || view->retry_usec <= deciding->now_usec))
                return;
        drop_actions(plan);
        if (view->failure != NULL)
                plan_say(plan, LINK_WAITING, "%s", view->failure);
        if (!view->finishing)
                plan_wake_at(plan, view->retry_usec);
}

int plan_provider(const ProviderView *view, uint64_t now_usec, Plan **ret) {
        cleanup(plan_freep) Plan *plan = plan_new();
        if (plan == NULL)
                return -ENOMEM;

        const Deciding deciding = { view, now_usec, plan };
        if (view->down && view->stack != NULL && view->stack->n_objects <= PROVIDER_OBJECTS_MAX) {
                plan_down(view, plan);
                hold_back(&deciding);
        } else if (view->held != NULL) {
                plan_say(plan, LINK_REFUSED, "%s", view->held);
                plan_next_step(plan, "%s", view->held_next);
        } else if (view->stack == NULL) {
                plan_say(
                        plan, LINK_WAITING, "%s",
                        view->undescribed ? view->undescribed : "looking at the engine"
                );
        } else if (view->stack->n_objects > PROVIDER_OBJECTS_MAX) {
                return -E2BIG;
        } else {
                bool decided = false;
                bool turns = upgrade_turns(&deciding, &decided);

                if (!decided)
                        decide(&deciding);
                if (!turns || view->finishing)
                        hold_back(&deciding);
        }

        if (plan->error < 0)
                return plan->error;
        *ret = take_ptr(plan);
        return 0;
}
