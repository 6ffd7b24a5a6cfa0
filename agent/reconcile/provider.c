/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "model/labels.h"
#include "reconcile/provider-inside.h"

#define OWN_PROJECT "coollama"
#define OWN_HOST    "ollama-api"
#define OWN_PORT    "11434"

/* "http://HOST[:PORT][/...]": the configuration has checked it. */
static void split_url(Provider *provider) {
        const char *host = strstr(provider->url, "://");
        host = host ? host + 3 : provider->url;
        size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
        const char *rest = host + length;

        (void) snprintf(provider->host, sizeof provider->host, "%.*s", (int) length, host);
        if (rest[0] == ':')
                (void) snprintf(
                        provider->port, sizeof provider->port, "%.*s", (int) strcspn(rest + 1, "/"),
                        rest + 1
                );
        else
                (void) snprintf(
                        provider->port, sizeof provider->port, "%s",
                        strncmp(provider->url, "https", 5) == 0 ? "443" : "80"
                );
}

static void begin_facts(Provider *provider) {
        const Config *config = provider->setup.config;
        char *why = provider->why_down;
        bool external = config->provider.mode == PROVIDER_EXTERNAL;

        provider->tended = !external || config->proxy.secured;
        if (provider->tended)
                (void) snprintf(
                        provider->url, sizeof provider->url, "http://host.docker.internal:%u",
                        config->proxy.port
                );
        else
                (void) snprintf(provider->url, sizeof provider->url, "%s", config->provider.url);
        split_url(provider);
        (void) snprintf(why, sizeof provider->why_down, "it was not looked at yet");
        provider->choice.kind = external ? PROVIDER_IS_EXTERNAL : PROVIDER_IS_UNDECIDED;

        provider->facts = (ProviderFacts){
                .up = !provider->tended, /* nobody of ours can ask it: it is taken at its word */
                .why_down = why,
                .secured = config->proxy.secured,
                .url = provider->url,
                .host = provider->host,
                .port = provider->port,
                .host_entry = strcmp(provider->host, "host.docker.internal") == 0,
                .external = !provider->tended,
                .probe_reach = provider->tended,
                .home = PROVIDER_NETWORK,
        };
}

/* Members of its own stack ask Ollama itself. */
static void settle_own(Provider *provider) {
        const Adopted *adopted = &provider->adopted;
        ProviderFacts *facts = &provider->facts;

        facts->own_project = NULL;
        if (provider->choice.kind == PROVIDER_IS_MANAGED) {
                facts->own_project = OWN_PROJECT;
                facts->own_network = PROVIDER_NETWORK;
                facts->own_host = OWN_HOST;
                (void) snprintf(provider->own_port, sizeof provider->own_port, OWN_PORT);
        } else if (adopted->project[0] != '\0' && adopted->network[0] != '\0') {
                facts->own_project = adopted->project;
                facts->own_network = adopted->network;
                facts->own_host = adopted->host;
                (void) snprintf(provider->own_port, sizeof provider->own_port, "%u", adopted->port);
        }
        if (facts->own_project == NULL)
                return;
        (void) snprintf(
                provider->own_url, sizeof provider->own_url, "http://%s:%s", facts->own_host,
                provider->own_port
        );
        facts->own_port = provider->own_port;
        facts->own_url = provider->own_url;
}

/* Without keys it is Ollama itself that consumers come to, by whoever's port. */
static void settle_gateway(Provider *provider) {
        bool host = provider->choice.kind == PROVIDER_IS_HOST;

        provider->no_gateway[0] = '\0';
        if (provider->facts.secured && !provider_publishes(provider))
                (void) snprintf(
                        provider->no_gateway, sizeof provider->no_gateway,
                        provider->choice.port == PORT_THEIRS
                                ? "port %s of the host is taken by %.200s itself, and is no way to the proxy"
                                : "who has port %s of the host is known once %.200s runs",
                        provider->port, host ? "ollama.service" : provider->choice.name
                );
        provider->facts.no_gateway = provider->no_gateway[0] != '\0' ? provider->no_gateway : NULL;
}

/* True when it is another one now. */
static bool settle_own_identity(Provider *provider) {
        const char *identity = provider->choice.identity; /* "" unless it is adopted */
        bool another = strcmp(provider->own_identity, identity) != 0;

        (void) snprintf(provider->own_identity, sizeof provider->own_identity, "%s", identity);
        provider->facts.own_identity = identity[0] != '\0' ? provider->own_identity : NULL;
        return another;
}

void provider_settle_facts(Provider *provider) {
        char before[sizeof provider->own_url];
        bool another = settle_own_identity(provider);
        bool had_gateway = provider->facts.no_gateway == NULL;
        bool had_own = provider->facts.own_project != NULL;

        (void) memcpy(before, provider->own_url, sizeof before);
        settle_own(provider);
        settle_gateway(provider);
        /* A container of somebody else's joins nothing for us. */
        provider->facts.joins =
                provider->facts.secured || provider->choice.kind == PROVIDER_IS_MANAGED;
        if (another || had_own != (provider->facts.own_project != NULL)
            || strcmp(before, provider->own_url) != 0
            || had_gateway != (provider->facts.no_gateway == NULL))
                provider->setup.changed(provider->setup.data);
}

/* What the proxy knows already counts until everybody was looked at. */
static void recall_networks(Provider *provider) {
        uint64_t number = 0;

        provider->generation.networks = provider->networks;
        if (generation_current(provider->paths.conf, &number, NULL) >= 0 && number > 0)
                provider->generation.n_networks = generation_networks(
                        provider->paths.conf, number, provider->networks,
                        ARRAY_LEN(provider->networks)
                );
}

static int open_keys(Provider *provider, Error *err) {
        cleanup(freep) char *path = text_format("%s/keys.json", provider->setup.state_dir);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = keys_open(path, clock_realtime_usec() / USEC_PER_SEC, &provider->keys, err);
        if (r < 0)
                return r;
        const PublisherSetup setup = {
                .event = provider->setup.event,
                .http = provider->setup.http,
                .engine = provider->setup.engine,
                .paths = &provider->paths,
                .keys = provider->keys,
                .settings = &provider->generation,
        };
        recall_networks(provider);
        r = publisher_new(&setup, &provider->publisher);
        return r < 0 ? error_set(err, r, "out of memory") : 0;
}

static int open_parts(Provider *provider, Error *err) {
        if (!provider->tended) {
                provider->observed = true;
                return 0;
        }

        int r = provider_describe_open(provider, err);
        if (r >= 0 && provider->facts.secured)
                r = open_keys(provider, err);
        if (r < 0)
                return r;
        r = provider_upgrade_open(provider, err);
        if (r >= 0)
                r = provider_models_open(provider, err);
        if (r < 0)
                return r;
        r = provider_probe_open(provider);
        return r < 0 ? error_set(err, r, "cannot make a timer: %s", strerrordesc_np(-r)) : 0;
}

int provider_new(const ProviderSetup *setup, Provider **ret, Error *err) {
        Provider *provider = calloc(1, sizeof *provider);
        if (provider == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        provider->setup = *setup;
        provider->backoff =
                (Backoff){ .min_usec = 2 * USEC_PER_SEC, .max_usec = 60 * USEC_PER_SEC };
        provider->pull_backoff =
                (Backoff){ .min_usec = 10 * USEC_PER_SEC, .max_usec = 900 * USEC_PER_SEC };
        begin_facts(provider);

        int r = open_parts(provider, err);
        if (r < 0) {
                (void) provider_free(provider);
                return r;
        }
        *ret = provider;
        return 0;
}

Provider *provider_free(Provider *provider) {
        if (provider == NULL)
                return NULL;
        provider_pass_cancel(provider);
        provider_probe_close(provider);
        provider_models_close(provider);
        (void) publisher_free(provider->publisher);
        (void) keys_free(provider->keys);
        (void) stack_free(provider->stack);
        provider_upstream_close(provider);
        json_decref(provider->pattern);
        free(provider->nginx);
        free(provider->api_alias);
        free(provider->failure);
        free(provider->told);
        free(provider->pull_image);
        free(provider->pull_failure);
        free(provider);
        return NULL;
}

const ProviderFacts *provider_facts(const Provider *provider) {
        return &provider->facts;
}

bool provider_is_observed(const Provider *provider) {
        return provider->observed;
}

const char *provider_proxy_id(const Provider *provider) {
        return provider->proxy_id[0] != '\0' ? provider->proxy_id : NULL;
}

static const KeyEntry *entry_of(const Provider *provider, const char *identity) {
        return provider->keys ? keys_find(provider->keys, identity) : NULL;
}

const char *provider_key(const Provider *provider, const char *identity) {
        const KeyEntry *entry = entry_of(provider, identity);
        return entry ? entry->key : NULL;
}

uint64_t provider_key_number(const Provider *provider, const char *identity) {
        const KeyEntry *entry = entry_of(provider, identity);
        return entry ? entry->number : 0;
}

void provider_know_networks(Provider *provider, const ProxyNetwork *list, size_t n) {
        GenerationSettings *generation = &provider->generation;
        size_t size = n * sizeof *list;

        if (provider->publisher == NULL || n > ARRAY_LEN(provider->networks)
            || (generation->n_networks == n
                && (n == 0 || memcmp(provider->networks, list, size) == 0)))
                return;
        if (n > 0)
                (void) memcpy(provider->networks, list, size);
        generation->n_networks = n;
        generation->networks_version++;
        provider_pass_begin(provider);
}

bool provider_networks_are_known(const Provider *provider) {
        return provider->publisher == NULL || publisher_knows_networks(provider->publisher);
}

bool provider_knows_network(const Provider *provider, uint64_t number, const char *address) {
        const GenerationSettings *generation = &provider->generation;

        if (provider->publisher == NULL || !publisher_knows_networks(provider->publisher))
                return false;
        for (size_t i = 0; i < generation->n_networks; i++)
                if (provider->networks[i].number == number
                    && strcmp(provider->networks[i].address, address) == 0)
                        return true;
        return false;
}

const char *provider_identity(const Provider *provider, uint64_t number) {
        const KeyEntry *entry = provider->keys ? keys_find_number(provider->keys, number) : NULL;
        return entry ? entry->identity : NULL;
}

bool provider_key_is_in_url(const Provider *provider, const char *identity) {
        const KeyEntry *entry = entry_of(provider, identity);
        return entry != NULL && entry->in_url;
}

bool provider_key_is_accepted(const Provider *provider, const char *identity) {
        const KeyEntry *entry = entry_of(provider, identity);
        return entry != NULL && publisher_accepts(provider->publisher, entry);
}

int provider_ensure_key(
        Provider *provider, const char *identity, const char *taken_over, bool in_url, Error *err
) {
        uint64_t now = clock_realtime_usec() / USEC_PER_SEC;
        const KeyEntry *entry = NULL;
        int r = -EINVAL;

        if (taken_over != NULL && key_is_well_formed(taken_over))
                r = keys_adopt(provider->keys, identity, taken_over, now, &entry, NULL);
        if (r < 0)
                r = keys_ensure(provider->keys, identity, now, &entry, err);
        if (r >= 0)
                r = keys_set_in_url(provider->keys, identity, in_url, err);
        if (r >= 0)
                provider_pass_begin(provider);
        return r;
}

static void make_key(Executor *executor, const char *identity, const ActionKey *key, void *data) {
        Error err = { 0 };

        int r = provider_ensure_key(data, identity, key->taken_over, key->in_url, &err);
        executor_resume(executor, r, &err);
}

Access provider_access(const Provider *provider, const char *identity) {
        const KeyEntry *entry = entry_of(provider, identity);
        return entry ? entry->access : ACCESS_PULL;
}

static void change_access(Executor *executor, const char *identity, Access access, void *data) {
        Provider *provider = data;
        Error err = { 0 };

        int r = keys_set_access(provider->keys, identity, access, &err);
        if (r >= 0)
                provider_pass_begin(provider);
        executor_resume(executor, r, &err);
}

static void on_published(int result, const Error *error, void *data) {
        Provider *provider = data;

        if (result >= 0)
                provider->setup.changed(provider->setup.data);
        executor_resume(provider->executor, result, error);
}

static void publish(Executor *executor, void *data) {
        Provider *provider = data;
        Error err = { 0 };

        int r = publisher_start(
                provider->publisher, provider_proxy_id(provider), on_published, provider
        );
        if (r < 0) {
                (void) error_set(
                        &err, r, "cannot give the proxy its configuration: %s", strerrordesc_np(-r)
                );
                executor_resume(executor, r, &err);
        }
}

void provider_helpers(Provider *provider, ExecutorHelpers *ret) {
        *ret = (ExecutorHelpers){
                .key = make_key,
                .access = change_access,
                .generation = publish,
                .pull = provider_pull,
                .data = provider,
        };
}

static bool is_ours(const Provider *provider, const EngineEvent *event) {
        const char *part = json_string_value(json_object_get(event->labels, LABEL_PART));

        if (part != NULL)
                return strcmp(part, "probe") != 0;
        if (event->container_id[0] != '\0'
            && (strcmp(event->container_id, provider->proxy_id) == 0
                || strcmp(event->container_id, provider->api_id) == 0))
                return true;
        for (size_t i = 0; provider->stack != NULL && i < provider->stack->n_objects; i++)
                if (strcmp(provider->stack->objects[i].name, event->name) == 0)
                        return true;
        return false;
}

void provider_event(Provider *provider, const EngineEvent *event) {
        /* Whoever was in the way may be gone. */
        bool room = provider->port_trouble && event->kind == EVENT_DIE;

        if (!provider->tended
            || (!provider_adopt_event(provider, event) && !room && !is_ours(provider, event)))
                return;
        if (room)
                provider->retry_usec = 0;
        provider_pass_begin(provider);
}

void provider_inherit(Provider *provider, const Provider *earlier) {
        if (!provider->tended || !earlier->tended)
                return;
        provider->health = earlier->health;
        (void) memcpy(provider->ran, earlier->ran, sizeof provider->ran);
        (void) memcpy(provider->api_id, earlier->api_id, sizeof provider->api_id);
        (void) memcpy(
                provider->api_started_at, earlier->api_started_at, sizeof provider->api_started_at
        );
}

bool provider_is_gone(const Provider *provider, const char **ret_why, bool *ret_stuck) {
        *ret_why = provider->leaving ? provider->verdict : NULL;
        *ret_stuck = provider->stuck;
        return provider->gone || !provider->tended;
}

bool provider_run(const Provider *provider, const char **ret_id, const char **ret_started_at) {
        *ret_id = provider->api_id;
        *ret_started_at = provider->api_started_at;
        return provider->fresh;
}

void provider_settle_up(Provider *provider) {
        bool up = provider->health.up && provider->settled;

        if (provider_is_upgrading(provider)) /* it may be what that waits for */
                provider_pass_begin(provider);
        if (provider->facts.up == up)
                return;
        provider->facts.up = up;
        provider->setup.changed(provider->setup.data);
        provider_models_check(provider);
}

void provider_look(Provider *provider) {
        provider->standing = true;
        provider->leaving = provider->gone = provider->stuck = false;
        provider_pass_begin(provider);
}

void provider_lost(Provider *provider) {
        provider->standing = false;
        provider->fresh = false;
        provider_gpu_forget(provider);
        (void) memset(provider->ran, 0, sizeof provider->ran);
        (void) memset(provider->stopped_since_usec, 0, sizeof provider->stopped_since_usec);
}
