/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify: proves that one consumer reaches the models.
 *
 *   find by name > look at its containers > ask from its network > answer
 *
 * Nothing of the provider is kept across these steps: a reload may replace it meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "model/own-network.h"
#include "model/proof.h"
#include "model/target.h"
#include "reconcile/core.h"
#include "reconcile/find.h"
#include "reconcile/place.h"
#include "reconcile/verify-probe.h"

#define VERIFIES_MAX 4

typedef struct Verify {
        struct Verify *next;
        Reconciler *reconciler;
        VerifyDone *done;
        void *data;

        Identity identity;
        char *shown; /* the name in the answer */
        Look *look;
        Find *find;

        Proof proof;
        ProofKind kind;
        Way way;
        char network[80]; /* id of the one that it is in; "": not known */
        char network_name[128];
        LinkTarget target; /* its strings are the copies below, but for the key */
        char url[300];
        char host[256];
        char port[8];
        char *key;
        char mark[40];
        VerifyProbe *probe;
} Verify;

static void verify_free(Verify *verify) {
        Verify **p = &verify->reconciler->verifies;

        while (*p != NULL && *p != verify)
                p = &(*p)->next;
        if (*p == verify)
                *p = verify->next;
        find_cancel(&verify->find);
        (void) look_free(verify->look);
        (void) verify_probe_free(verify->probe);
        if (verify->key != NULL)
                explicit_bzero(verify->key, strlen(verify->key));
        free(verify->key);
        free(verify->shown);
        free(verify);
}

void verify_cancel_all(Reconciler *reconciler) {
        while (reconciler->verifies != NULL)
                verify_free(reconciler->verifies);
}

bool verify_uses(const Reconciler *reconciler, const char *container) {
        for (const Verify *verify = reconciler->verifies; verify != NULL; verify = verify->next)
                if (verify->probe != NULL
                    && strcmp(verify_probe_name(verify->probe), container) == 0)
                        return true;
        return false;
}

static void answer(Verify *verify, unsigned status, json_t *document) {
        VerifyDone *done = verify->done;
        void *data = verify->data;

        verify_free(verify);
        done(status, document, data);
        json_decref(document);
}

static void answer_error(Verify *verify, unsigned status, const char *text) {
        answer(verify, status, json_pack("{s:s%}", "error", text, strlen(text)));
}

/* Where the gateway does not answer any more, the next look links it by another way. */
static void doubt_reach(const Verify *verify) {
        ReachBook *reach = verify->reconciler->reach;

        if (reach != NULL && verify->way == WAY_GATEWAY && verify->network[0] != '\0'
            && !proof_passed(&verify->proof))
                reach_doubt(reach, verify->network, verify->network_name);
}

static void answer_proof(Verify *verify) {
        json_t *document = proof_to_json(&verify->proof, verify->shown);

        if (document != NULL)
                (void
                ) json_object_set_new(document, "reach", json_string(way_to_string(verify->way)));
        answer(verify, 200, document);
}

static void on_asked(const VerifyProbeResult *result, void *data) {
        Verify *verify = data;
        const ProofOutput output = {
                .kind = verify->kind,
                .target = &verify->target,
                .mark = verify->mark,
                .text = result->output,
                .exit_code = result->exit_code,
        };

        /* What keeps the probe from asking is a failed check too. */
        if (error_is_set(result->error))
                proof_add(
                        &verify->proof, "a probe runs in its network", false,
                        error_text(result->error),
                        "coollama status says whether the shared Ollama is complete; then ask again"
                );
        else
                proof_read(&verify->proof, &output);
        doubt_reach(verify);
        answer_proof(verify);
}

/* The image is one that the mode has anyway: the proxy's has nc, Ollama's has ollama. */
static void start_probe(Verify *verify, const Container *container) {
        const Reconciler *reconciler = verify->reconciler;
        const Config *config = reconciler->setup.config;
        const VerifyProbeSetup setup = {
                .engine = reconciler->engine,
                .templates_dir = reconciler->setup.templates_dir,
                .image =
                        verify->kind == PROOF_LISTED ? config->provider.image : config->proxy.image,
                .container = container->id,
                .mark = verify->mark,
                .kind = verify->kind,
                .target = &verify->target,
                .done = on_asked,
                .data = verify,
        };
        Error err = { 0 };

        (void) snprintf(
                verify->mark, sizeof verify->mark, "%08x%08x%08x%08x", random_u32(), random_u32(),
                random_u32(), random_u32()
        );
        if (verify_probe_start(&setup, &verify->probe, &err) < 0)
                answer_error(verify, 500, error_text(&err));
}

/* ---- The consumer ---- */

/* As the last look at it has decided. */
static void settle_way(Verify *verify, const Container *container) {
        const Reconciler *reconciler = verify->reconciler;
        const Consumer *consumer = world_find(reconciler->world, verify->identity.key);
        const char *name = NULL;
        bool own = consumer != NULL && consumer->carrier == CARRIER_STACK;
        const char *network =
                own ? own_network_find(container, &name) : container_network(container, &name);

        if (!way_is_given(provider_facts(reconciler->provider), container, &verify->way)
            && (consumer == NULL || !way_from_string(consumer->way, &verify->way)))
                verify->way = WAY_GATEWAY;
        (void) snprintf(verify->network, sizeof verify->network, "%s", network ? network : "");
        (void) snprintf(
                verify->network_name, sizeof verify->network_name, "%s", name ? name : "it shares"
        );
}

static void check_join(Verify *verify) {
        const char *name = place_name(verify->reconciler, &verify->identity);
        const char *why = NULL;
        char what[120];

        if (verify->way != WAY_NETWORK || verify->network[0] == '\0' || name == NULL)
                return;
        bool joined = joins_is_joined(verify->reconciler->joins, verify->network, name, &why);
        (void
        ) snprintf(what, sizeof what, "the proxy is in its network %.80s", verify->network_name);
        proof_add(
                &verify->proof, what, joined,
                joined ? name
                : why  ? why
                       : "it is being joined",
                "coollama status says what the proxy waits for"
        );
}

/* Copied: see above. */
static int settle_target(Verify *verify, const Container *container) {
        const Provider *provider = verify->reconciler->provider;
        const ProviderFacts *facts = provider_facts(provider);
        const char *key = provider_key(provider, verify->identity.key);
        const Consumer *consumer = world_find(verify->reconciler->world, verify->identity.key);
        Carrier carrier = consumer ? consumer->carrier : CARRIER_UNDECIDED;
        Target target;

        settle_way(verify, container);
        Carrier asked = carrier_of(facts, verify->way);
        if (!carrier_is_keyed(carrier) || !carrier_is_keyed(asked))
                carrier = asked;
        const TargetInput aim = { .provider = facts,
                                  .way = verify->way,
                                  .carrier = carrier,
                                  .key = key,
                                  .name = place_name(verify->reconciler, &verify->identity),
                                  .host_is_taken =
                                          container_host_entry(container, LINK_HOST) != NULL };
        if (target_make(&aim, &target) < 0)
                return -ENODATA;
        (void) snprintf(verify->url, sizeof verify->url, "%s", target.link.url);
        (void) snprintf(verify->host, sizeof verify->host, "%s", target.link.host);
        (void) snprintf(verify->port, sizeof verify->port, "%s", target.link.port);
        if (target.link.key != NULL) {
                verify->key = strdup(target.link.key);
                if (verify->key == NULL)
                        return -ENOMEM;
        }
        verify->target = (LinkTarget){ .url = verify->url,
                                       .host = verify->host,
                                       .port = verify->port,
                                       .key = verify->key,
                                       .host_entry = target.link.host_entry,
                                       .key_in_url = target.link.key_in_url,
                                       .by_network = target.link.by_network };
        if (!facts->secured)
                verify->kind = PROOF_LISTED;
        else
                verify->kind = verify->key && !target.link.by_network ? PROOF_KEYED : PROOF_OPEN;
        return 0;
}

static void check_environment(Verify *verify, const Container *container) {
        cleanup(wish_freep) Wish *wish = NULL;
        const char *what = "its environment holds the link";
        Link link = { 0 };
        Error err = { 0 };

        const OptInSources sources = world_sources(verify->reconciler->world, &verify->identity);
        int r = opt_in_wish(
                container->labels, container->image, &sources, verify->reconciler->profiles, &wish
        );
        if (r >= 0 && wish_has_problem(wish)) {
                proof_add(&verify->proof, what, false, wish->problem, "mend that label");
                return;
        }
        const LinkInput input = { .container = container,
                                  .wish = wish,
                                  .profiles = verify->reconciler->profiles,
                                  .target = &verify->target };
        if (r >= 0)
                r = link_compute(&input, &link, &err);
        if (r < 0)
                proof_add(
                        &verify->proof, what, false,
                        error_is_set(&err) ? error_text(&err) : strerrordesc_np(-r), NULL
                );
        else
                proof_environment(&verify->proof, container, &link, &verify->target);
        link_done(&link);
}

/* The newest that is up; else the newest. */
static const Container *choose(const Verify *verify) {
        const Container *chosen = NULL;
        size_t n = 0;
        const LookContainer *looked = look_containers(verify->look, &n);

        for (size_t i = 0; i < n; i++) {
                const Container *container = looked[i].container;

                if (container == NULL)
                        continue;
                bool better =
                        chosen == NULL || container_is_up(container) > container_is_up(chosen)
                        || (container_is_up(container) == container_is_up(chosen)
                            && container_compare_created(container->created, chosen->created) > 0);
                if (better)
                        chosen = container;
        }
        return chosen;
}

static void prove(Verify *verify, const Container *container) {
        const ProviderFacts *facts = provider_facts(verify->reconciler->provider);

        int r = settle_target(verify, container);
        if (r < 0) {
                answer_error(
                        verify, 500, r == -ENODATA ? "it is not linked yet" : strerrordesc_np(-r)
                );
        } else if (facts->secured && verify->key == NULL && !provider_owns(facts, container)) {
                proof_add(
                        &verify->proof, "it has a key", false, "none was made for it yet",
                        "coollama status says what it waits for"
                );
                answer_proof(verify);
        } else {
                check_environment(verify, container);
                check_join(verify);
                start_probe(verify, container);
        }
}

static void on_looked(int result, const Error *error, void *data) {
        Verify *verify = data;
        const Container *container = result >= 0 ? choose(verify) : NULL;

        if (result < 0) {
                answer_error(verify, 503, error ? error_text(error) : strerrordesc_np(-result));
        } else if (container == NULL) {
                answer_error(verify, 404, "its container is gone");
        } else if (!container_is_up(container)) {
                proof_add(
                        &verify->proof, "it runs", false,
                        container_state_to_string(container->state), "start it, then ask again"
                );
                answer_proof(verify);
        } else {
                prove(verify, container);
        }
}

static void look_at(Verify *verify, const Consumer *consumer) {
        verify->identity = consumer->identity;
        verify->shown = strdup(consumer->identity.human);

        int r = verify->shown ? look_new(
                        verify->reconciler->engine, &verify->reconciler->loners, on_looked, verify,
                        &verify->look
                )
                              : -ENOMEM;
        for (size_t i = 0; r >= 0 && i < consumer->n_tracked; i++)
                r = look_add_container(verify->look, consumer->tracked[i].id, false);
        if (r >= 0)
                r = look_start(verify->look);
        if (r < 0)
                answer_error(verify, 500, strerrordesc_np(-r));
}

static void on_found(Consumer *consumer, unsigned status, const char *text, void *data) {
        if (consumer != NULL)
                look_at(data, consumer);
        else
                answer_error(data, status, text);
}

static unsigned count_under_way(const Reconciler *reconciler) {
        unsigned n = 0;

        for (const Verify *verify = reconciler->verifies; verify != NULL; verify = verify->next)
                n++;
        return n;
}

void reconciler_verify(Reconciler *reconciler, const char *name, VerifyDone *done, void *data) {
        Verify *verify = calloc(1, sizeof *verify);

        if (verify == NULL) {
                done(500, NULL, data);
                return;
        }
        unsigned under_way = count_under_way(reconciler);
        verify->reconciler = reconciler;
        verify->done = done;
        verify->data = data;
        verify->next = reconciler->verifies;
        reconciler->verifies = verify;

        if (provider_facts(reconciler->provider)->external)
                answer_error(
                        verify, 501,
                        "not supported with an external Ollama without a proxy: ask its /api/tags from a terminal of the container"
                );
        else if (!reconciler->standing)
                answer_error(verify, 503, "coollamad is waiting for the Docker Engine");
        else if (under_way >= VERIFIES_MAX)
                answer_error(verify, 429, "others are being verified: ask again in a moment");
        else
                find_start(reconciler, name, on_found, verify, &verify->find);
}
