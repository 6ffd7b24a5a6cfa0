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
#include "model/proof.h"
#include "model/target.h"
#include "reconcile/core.h"
#include "reconcile/find.h"
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

static void answer_proof(Verify *verify) {
        answer(verify, 200, proof_to_json(&verify->proof, verify->shown));
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

/* Copied: see above. */
static int settle_target(Verify *verify, const Container *container) {
        const Provider *provider = verify->reconciler->provider;
        const ProviderFacts *facts = provider_facts(provider);
        const char *key = provider_key(provider, verify->identity.key);
        const Consumer *consumer = world_find(verify->reconciler->world, verify->identity.key);
        Carrier carrier = consumer ? consumer->carrier : CARRIER_UNDECIDED;
        Way way = WAY_GATEWAY;
        Target target;

        (void) way_is_given(facts, container, &way);
        if (!carrier_is_keyed(carrier) || !carrier_is_keyed(carrier_of(facts, way)))
                carrier = carrier_of(facts, way);
        const TargetInput aim = { .provider = facts, .way = way, .carrier = carrier, .key = key };
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

        if (settle_target(verify, container) < 0) {
                answer_error(verify, 500, "out of memory");
        } else if (facts->secured && verify->key == NULL && !provider_owns(facts, container)) {
                proof_add(
                        &verify->proof, "it has a key", false, "none was made for it yet",
                        "coollama status says what it waits for"
                );
                answer_proof(verify);
        } else {
                check_environment(verify, container);
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

        if (provider_facts(reconciler->provider)->own_project == NULL)
                answer_error(
                        verify, 501,
                        "not supported with an external Ollama: ask its /api/tags from a terminal of the container"
                );
        else if (!reconciler->standing)
                answer_error(verify, 503, "coollamad is waiting for the Docker Engine");
        else if (under_way >= VERIFIES_MAX)
                answer_error(verify, 429, "others are being verified: ask again in a moment");
        else
                find_start(reconciler, name, on_found, verify, &verify->find);
}
