/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Env: what to paste into a container's own definition, so that it is linked without being touched.
 *
 *   find by name > inspect it, and its image > the whole link of one that has nothing yet
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/opt-in.h"
#include "model/paste.h"
#include "reconcile/candidate.h"
#include "reconcile/core.h"
#include "reconcile/place.h"

#define ENVS_MAX 8

typedef struct Env {
        struct Env *next;
        Reconciler *reconciler;
        VerifyDone *done;
        void *data;
        CandidateSearch *search;
        EngineSlot *slot;
        Identity identity;
        Container *container;
} Env;

static void env_free(Env *env) {
        Env **p = &env->reconciler->envs;

        while (*p != NULL && *p != env)
                p = &(*p)->next;
        if (*p == env)
                *p = env->next;
        candidate_cancel(&env->search);
        (void) engine_slot_free(env->slot);
        (void) container_free(env->container);
        free(env);
}

void env_cancel_all(Reconciler *reconciler) {
        while (reconciler->envs != NULL)
                env_free(reconciler->envs);
}

static void answer(Env *env, unsigned status, json_t *document) {
        VerifyDone *done = env->done;
        void *data = env->data;

        env_free(env);
        done(document ? status : 500, document, data);
        json_decref(document);
}

static void answer_error(Env *env, unsigned status, const char *text) {
        answer(env, status, json_pack("{s:s%}", "error", text, strlen(text)));
}

/* The same container, as if its user had written nothing of the link. */
static int make_blank(const Container *container, Container **ret, Error *err) {
        json_t *inspect = json_deep_copy(container->inspect);
        int r = inspect ? 0 : -ENOMEM;

        if (r >= 0) {
                (void) json_object_set_new(json_object_get(inspect, "Config"), "Env", json_array());
                (void) json_object_set_new(
                        json_object_get(inspect, "HostConfig"), "ExtraHosts", json_null()
                );
                r = container_new(inspect, ret, err);
        }
        json_decref(inspect);
        return r;
}

static json_t *document_of(const Env *env, const Link *link, const Paste *paste) {
        const char *carrier = carrier_to_string(paste->carrier);
        json_t *variables = json_array();

        for (size_t i = 0; i < link->n_variables; i++)
                (void) json_array_append_new(
                        variables, json_pack(
                                           "{s:s, s:s}", "name", link->variables[i].name, "value",
                                           link->variables[i].value
                                   )
                );
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s?, s:o, s:o}", "name", env->identity.human, "identity",
                env->identity.key, "reach", way_to_string(paste->way), "carrier",
                carrier ? carrier : "none", "note", paste->note, "variables", variables,
                "host_entry", link->host_entry ? json_string(LINK_HOST_ENTRY) : json_null()
        );
}

static int
choose(const Env *env, const Container *blank, const Ways *ways, Paste *ret, Error *err) {
        Reconciler *reconciler = env->reconciler;
        const Consumer *consumer = world_find(reconciler->world, env->identity.key);
        PasteInput input = {
                .provider = provider_facts(reconciler->provider),
                .container = blank,
                .ways = ways,
                .reach = reconciler->setup.config->link.reach,
                .api = engine_api(reconciler->engine),
                .linked = consumer != NULL && consumer->linked > 0,
                .way = consumer ? consumer->way : NULL,
                .carrier = consumer ? consumer->carrier : CARRIER_UNDECIDED,
        };

        place_look(reconciler, blank, &input.place);
        int r = paste_choose(&input, ret, err);
        if (r >= 0 && ret->asks_reach)
                place_ask_reach(reconciler, &input.place);
        return r;
}

/* What it takes that is not there yet: its key, a name of the proxy for its network. */
static int provide(const Env *env, const Paste *paste, Error *err) {
        Reconciler *reconciler = env->reconciler;
        int r = 0;

        if (carrier_is_keyed(paste->carrier))
                r = provider_ensure_key(
                        reconciler->provider, env->identity.key,
                        container_env(env->container, "OLLAMA_API_KEY"),
                        paste->carrier == CARRIER_URL, err
                );
        if (r >= 0 && paste->way == WAY_NETWORK)
                r = place_give_name(reconciler, &env->identity, err);
        return r;
}

/* What its link would be, whole. */
static int compute(const Env *env, const json_t *image, json_t **ret, Error *err) {
        Reconciler *reconciler = env->reconciler;
        const OptInSources sources = world_sources(reconciler->world, &env->identity);
        cleanup(container_freep) Container *blank = NULL;
        cleanup(wish_freep) Wish *wish = NULL;
        cleanup(link_done) Link link = { 0 };
        Paste paste;
        Target target;
        Ways ways;

        int r = make_blank(env->container, &blank, err);
        if (r >= 0)
                r = opt_in_wish(blank->labels, blank->image, &sources, reconciler->profiles, &wish);
        if (r >= 0 && wish_has_problem(wish))
                return error_set(err, -EINVAL, "%s", wish->problem);
        if (r >= 0)
                r = ways_find(wish, reconciler->profiles, blank->image, &ways, err);
        if (r >= 0)
                r = choose(env, blank, &ways, &paste, err);
        if (r >= 0)
                r = provide(env, &paste, err);
        if (r < 0)
                return r;
        const TargetInput aim = { .provider = provider_facts(reconciler->provider),
                                  .way = paste.way,
                                  .carrier = paste.carrier,
                                  .key = provider_key(reconciler->provider, env->identity.key),
                                  .name = place_name(reconciler, &env->identity) };
        r = target_make(&aim, &target);
        const LinkInput input = { .container = blank,
                                  .wish = wish,
                                  .profiles = reconciler->profiles,
                                  .target = &target.link,
                                  .image = image };
        if (r >= 0)
                r = link_compute(&input, &link, err);
        if (r >= 0)
                *ret = document_of(env, &link, &paste);
        return r;
}

static void on_image(const EngineAnswer *result, void *data) {
        Env *env = data;
        json_t *document = NULL;
        Error err = { 0 };

        int r =
                compute(env, result->outcome == OUTCOME_DONE ? result->json : NULL, &document,
                        &err);
        if (r < 0)
                answer_error(env, 409, error_is_set(&err) ? error_text(&err) : strerrordesc_np(-r));
        else
                answer(env, 200, document);
}

static void ask(Env *env, const char *collection, const char *id, EngineDone *done) {
        cleanup(freep) char *path = text_format("/%s/%s/json", collection, id);
        const EngineCall call = { .method = "GET", .path = path };

        env->slot = engine_slot_free(env->slot);
        int r = path ? engine_call(env->reconciler->engine, &call, done, env, &env->slot) : -ENOMEM;
        if (r < 0)
                answer_error(env, 500, strerrordesc_np(-r));
}

static void on_container(const EngineAnswer *result, void *data) {
        Env *env = data;
        Error err = { 0 };

        if (result->outcome != OUTCOME_DONE)
                answer_error(env, 404, "its container is gone");
        else if (container_new(result->json, &env->container, &err) < 0)
                answer_error(env, 503, error_text(&err));
        else
                ask(env, "images", env->container->image_id, on_image);
}

static void
on_candidate(const Candidate *candidate, unsigned status, const char *text, void *data) {
        Env *env = data;
        Error err = { 0 };

        if (candidate == NULL) {
                answer_error(env, status, text);
        } else if (candidate->id == NULL) {
                answer_error(env, 404, "it has no container at the moment");
        } else if (opt_in_refusal(candidate->labels, candidate->name, &err) < 0) {
                answer_error(env, 409, error_text(&err));
        } else {
                env->identity = candidate->identity;
                ask(env, "containers", candidate->id, on_container);
        }
}

void reconciler_env(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        Env *env = calloc(1, sizeof *env);
        unsigned under_way = 0;

        if (env == NULL) {
                done(500, NULL, data);
                return;
        }
        for (const Env *other = reconciler->envs; other != NULL; other = other->next)
                under_way++;
        *env = (Env
        ){ .next = reconciler->envs, .reconciler = reconciler, .done = done, .data = data };
        reconciler->envs = env;
        if (!reconciler->standing)
                answer_error(env, 503, "coollamad is waiting for the Docker Engine");
        else if (under_way >= ENVS_MAX)
                answer_error(env, 429, "others are asking: ask again in a moment");
        else
                candidate_search(reconciler, name, on_candidate, env, &env->search);
}
