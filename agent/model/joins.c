/* SPDX-License-Identifier: Apache-2.0 */
#include "model/joins.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

#define API_GATEWAY_PRIORITY 48
#define DEFAULT_BRIDGE       "bridge"

static json_t *endpoints_of(const json_t *proxy) {
        return json_object_get(json_object_get(proxy, "NetworkSettings"), "Networks");
}

static const char *id_of(const json_t *endpoint) {
        const char *id = json_string_value(json_object_get(endpoint, "NetworkID"));
        return id ? id : "";
}

static const json_t *find_endpoint(const json_t *proxy, const char *network) {
        const char *name;
        json_t *endpoint;

        json_object_foreach(endpoints_of(proxy), name, endpoint)
                if (strcmp(id_of(endpoint), network) == 0)
                        return endpoint;
        return NULL;
}

static bool has_name(const json_t *list, const char *alias) {
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                const char *text = json_string_value(item);
                if (text != NULL && strcmp(text, alias) == 0)
                        return true;
        }
        return false;
}

bool joins_is_in(const json_t *proxy, const char *network, const char *const *aliases, size_t n) {
        const json_t *endpoint = find_endpoint(proxy, network);

        for (size_t i = 0; endpoint != NULL && i < n; i++)
                if (!has_name(json_object_get(endpoint, "Aliases"), aliases[i]))
                        return false;
        return endpoint != NULL;
}

bool joins_is_refused(const char *home, const char *network_name, unsigned api) {
        return api < API_GATEWAY_PRIORITY && strcmp(network_name, home) < 0;
}

json_t *joins_leave_body(const char *proxy_id) {
        return json_pack("{s:s, s:b}", "Container", proxy_id, "Force", 1);
}

static const char *proxy_id(const JoinsView *view) {
        const char *id = json_string_value(json_object_get(view->proxy, "Id"));
        return id ? id : "";
}

static void add_leave(const JoinsView *view, Plan *plan, const char *id, const char *what) {
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST",
                            .body = joins_leave_body(proxy_id(view)),
                            .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                            .what = what },
                "/networks/%s/disconnect", id
        );
}

static int add_names(json_t *list, const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!has_name(list, names[i])
                    && json_array_append_new(list, json_string(names[i])) < 0)
                        return -ENOMEM;
        return 0;
}

static json_t *join_body(const JoinsView *view, const JoinWanted *wanted) {
        cleanup(json_decrefp) json_t *names = json_array();
        cleanup(json_decrefp) json_t *endpoint = json_object();

        if (names == NULL || endpoint == NULL
            || add_names(names, wanted->aliases, wanted->n_aliases) < 0
            || add_names(names, view->carried, view->n_carried) < 0)
                return NULL;
        /* The engine's own bridge has no names, and refuses whoever wants one there. */
        if (strcmp(wanted->name, DEFAULT_BRIDGE) != 0
            && json_object_set(endpoint, "Aliases", names) < 0)
                return NULL;
        /* Nobody goes out by this network: the proxy's own default route stays where it is. */
        if (view->api >= API_GATEWAY_PRIORITY
            && json_object_set_new(endpoint, "GwPriority", json_integer(-1)) < 0)
                return NULL;
        return json_pack("{s:s, s:O}", "Container", proxy_id(view), "EndpointConfig", endpoint);
}

static void add_join(const JoinsView *view, Plan *plan, const JoinWanted *wanted) {
        cleanup(freep) char *what =
                text_format("connect the proxy to the network %s, %s", wanted->name, wanted->why);

        plan_add_call(
                plan,
                (PlanCall){ .method = "POST",
                            .body = join_body(view, wanted),
                            .timeout_usec = 60 * USEC_PER_SEC,
                            .what = what ? what : "join" },
                "/networks/%s/connect", wanted->id
        );
}

static int set_subject(Plan *plan, const char *id) {
        plan->subject = strdup(id);
        return plan->subject ? 0 : -ENOMEM;
}

static bool is_wanted(const JoinsView *view, const char *id) {
        for (size_t i = 0; i < view->n_wanted; i++)
                if (strcmp(view->wanted[i].id, id) == 0)
                        return true;
        return false;
}

/* True when there is one to leave. */
static bool leave_one(const JoinsView *view, Plan *plan) {
        const char *name;
        json_t *endpoint;

        json_object_foreach(endpoints_of(view->proxy), name, endpoint) {
                const char *id = id_of(endpoint);

                if (strcmp(name, view->home) == 0 || id[0] == '\0' || is_wanted(view, id))
                        continue;
                cleanup(freep) char *what = text_format(
                        "disconnect the proxy from the network %s, which no running consumer needs",
                        name
                );
                plan_say(plan, LINK_LINKING, "leaving the network %s", name);
                add_leave(view, plan, id, what ? what : "leave");
                plan->error = plan->error < 0 ? plan->error : set_subject(plan, id);
                return true;
        }
        return false;
}

/* The same for one to join; one where it has not all its names is joined anew. */
static bool join_one(const JoinsView *view, Plan *plan) {
        for (size_t i = 0; i < view->n_wanted && !view->held; i++) {
                const JoinWanted *wanted = &view->wanted[i];

                if (wanted->held || joins_is_refused(view->home, wanted->name, view->api)
                    || joins_is_in(view->proxy, wanted->id, wanted->aliases, wanted->n_aliases))
                        continue;
                plan_say(plan, LINK_LINKING, "joining the network %s", wanted->name);
                if (find_endpoint(view->proxy, wanted->id) != NULL) {
                        cleanup(freep) char *what = text_format(
                                "disconnect the proxy from the network %s, to be known there by another name",
                                wanted->name
                        );
                        add_leave(view, plan, wanted->id, what ? what : "leave");
                }
                add_join(view, plan, wanted);
                plan->error = plan->error < 0 ? plan->error : set_subject(plan, wanted->id);
                return true;
        }
        return false;
}

int plan_joins(const JoinsView *view, Plan **ret) {
        cleanup(plan_freep) Plan *plan = plan_new();
        if (plan == NULL)
                return -ENOMEM;

        if ((!view->complete || !leave_one(view, plan)) && !join_one(view, plan))
                plan_say(plan, LINK_LINKED, "the proxy is in every network that is wanted");
        if (plan->error < 0)
                return plan->error;
        *ret = take_ptr(plan);
        return 0;
}
