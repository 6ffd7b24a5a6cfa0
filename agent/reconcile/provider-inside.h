/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/backoff.h"
#include "docker/pull.h"
#include "model/adopted.h"
#include "model/choose-provider.h"
#include "model/health.h"
#include "model/joins.h"
#include "model/ollama-unit.h"
#include "model/plan-provider.h"
#include "proxy/keys.h"
#include "reconcile/provider-gpu.h"
#include "reconcile/provider-look.h"
#include "reconcile/provider-models.h"
#include "reconcile/provider-upgrade.h"
#include "reconcile/provider.h"
#include "reconcile/publish.h"

/* The network of our own stack; sorts before any other, see facts in agent/README.md. */
#define PROVIDER_NETWORK "0-coollama"

/*
 * The provider's inside, shared by its parts: provider.c (life, facts, keys), provider-pass.c
 * (look, plan, execute), provider-choose.c (which Ollama), provider-adopt.c (one of somebody
 * else's), provider-host.c (the host's own), provider-upstream.c (how the proxy asks it),
 * provider-describe.c (what our stack is), provider-probe.c (is it up?), provider-pull.c (images),
 * provider-report.c (what people see).
 */
struct Provider {
        ProviderSetup setup;
        ProviderFacts facts;
        char url[300];
        char host[256];
        char port[8];
        char why_down[420];
        char down_next[400]; /* what mends that, if it is known; "": see trouble */
        char no_gateway[320];
        bool tended; /* there is a stack of ours: not with an external one without keys */
        bool observed;
        bool fresh;   /* it was looked at since the engine's events are followed */
        bool settled; /* with this configuration it was whole once */

        /* Which Ollama it is (provider-choose.c). */
        ProviderChoice choice; /* at the last look; undecided before the first */
        ProviderChoice remembered;
        bool chosen;      /* there was a look that chose */
        Error unreadable; /* why what is remembered cannot be read */
        ChooseReason reason;
        ProviderFindSetup candidates;
        ChooseReason trouble; /* what keeps the chosen one from being asked; "": nothing does */

        /* The host's own (provider-host.c). */
        OllamaUnit unit;     /* as its files were at the last look */
        char open_note[480]; /* whose the port is, where it is not ours */

        /* An adopted one (provider-adopt.c). */
        Adopted adopted;
        char own_url[ADOPTED_TEXT_MAX + 64];
        char own_port[8];
        char own_identity[IDENTITY_KEY_MAX];
        char active_in[IDENTITY_PART_MAX]; /* project with a creation or start a moment ago */
        uint64_t active_usec;
        uint64_t port_free_usec; /* monotonic: since when nobody of its stack has the port; 0: no */

        /* What the proxy is told of it (provider-upstream.c). */
        char upstream[512];
        char upstream_host[280];
        char gateway[64];   /* the host, as the proxy reaches it; "": not looked at */
        char *upstream_key; /* secret */
        char *ca;

        /* The description of the stack. */
        json_t *pattern; /* templates/stack.json */
        char *nginx;     /* templates/nginx/nginx.conf */
        char *api_alias;
        char proxy_user[40];
        char bound[80]; /* unsecured: "HOST:PORT" of Ollama, as the daemon reaches it; "": not known
                         */
        ProxyPaths paths;
        GenerationSettings generation;
        Stack *stack;
        Error undescribed;

        Keys *keys;
        Publisher *publisher;
        ProxyNetwork networks[JOINS_MAX]; /* of generation */

        /* The pass. */
        ProviderLook *look;
        Executor *executor;
        ExecutorHelpers helpers;
        char held[400]; /* why nothing of the stack is made; "": it is */
        char held_next[400];
        char verdict[420]; /* of the last plan */
        char next[400];
        bool whole;   /* everything of the stack is there and runs */
        bool leaving; /* the last plan was one to take it down */
        bool gone;    /* nothing of it is there: it was taken down */
        bool stuck;   /* it cannot be taken down, and says why */
        bool dirty;
        bool standing;
        sd_event_source *timer;
        bool ran[PROVIDER_OBJECTS_MAX]; /* seen running since the engine's events are followed */
        uint64_t stopped_since_usec[PROVIDER_OBJECTS_MAX];
        char *failure;
        bool port_trouble; /* the last failure was about the port */
        char *told;        /* the last failure that was logged */
        uint64_t retry_usec;
        Backoff backoff;

        /* The image on its way. */
        Pull *pull;
        EngineSlot *info;    /* before it: where will it be stored? */
        uint64_t free_bytes; /* there; 0: cannot be seen */
        char root[200];      /* that place */
        Executor *pulling_for;
        char *pull_image;
        char *pull_failure;
        PullProgress progress;
        uint64_t pull_retry_usec;
        Backoff pull_backoff;

        ProviderModels *models;

        GpuVerdict gpu;
        bool gpu_known;
        char gpu_engine[80]; /* which start of the engine */
        EngineSlot *gpu_slot;

        Upgrade upgrade;
        uint64_t upgrade_since_usec; /* monotonic: in this phase */

        /* Is it up? */
        Health health;
        sd_event_source *probe_timer;
        HttpSlot *probe;
        uint64_t probe_began_usec;
        char proxy_id[65];
        char api_id[65];
        char api_started_at[40];
        char api_image[100]; /* id of the image that it runs */
        bool api_running;
        bool api_healthy; /* the engine's word, for unsecured */
};

/* provider-pass.c */
void provider_gpu_unknown(Provider *provider, const char *why); /* another pass asks again */
void provider_pass_begin(Provider *provider);
void provider_wake_at(Provider *provider, uint64_t usec); /* another pass then (monotonic) */
void provider_pass_cancel(Provider *provider);

/* provider-runs.c: from the look that has just ended. */
void provider_take_runs(Provider *provider);
void provider_note_runs(Provider *provider); /* after the plan's verdict was taken */

/* provider.c: facts.up follows health and settled. */
void provider_settle_up(Provider *provider);

/* provider-probe.c */
int provider_probe_open(Provider *provider);
void provider_probe_close(Provider *provider);
/* One result, from a probe or from the engine's health check; why NULL: what was said last holds.
 */
void provider_note_health(Provider *provider, bool ok, const char *why);
/* The engine says that it does not run: no probe has to fail three times to know that. */
void provider_note_stopped(Provider *provider, const char *why);

/* provider-pull.c: the executor's helper. */
void provider_pull(Executor *executor, const char *image, void *data);
void provider_pull_cancel(Provider *provider);

/* provider-choose.c */
int provider_choice_open(Provider *provider, Error *err);
/* Whom the next look chooses from; NULL: there is no choice. */
const ProviderFindSetup *provider_choice_candidates(Provider *provider);
const char *
provider_choose(const ProviderFind *find, void *data); /* as ProviderLookSetup wants it */
/* Another choice is in force: written down, and said once. */
void provider_choice_take(Provider *provider, const ProviderChoice *choice);

/* provider-adopt.c: what was seen of an adopted one, and where its port leaves ours. */
void provider_adopt(Provider *provider, const ProviderLook *look, const PortWanted *wanted);
bool provider_publishes(const Provider *provider);
/* Does this event concern whom we adopted, or might adopt? */
bool provider_adopt_event(Provider *provider, const EngineEvent *event);

/* provider-host.c: the host's own ollama.service. */
void provider_host_read(Provider *provider); /* its unit files */
void provider_host_port(Provider *provider, const ProviderLook *look, const PortWanted *wanted);
/* What keeps it from being asked. silent: the proxy got no answer from it. */
void provider_host_check(Provider *provider, bool silent);
/* What to know of its port, or NULL. */
const char *provider_host_note(const Provider *provider, char *buffer, size_t size);

/* provider-upstream.c */
/* Is the socket there that systemd serves? Else that is the trouble. */
bool provider_relay_check(Provider *provider);
int provider_upstream_open(Provider *provider, Error *err);
void provider_upstream_close(Provider *provider);
/* Where this host is for containers; ended by NULL. */
void provider_upstream_note_gateway(Provider *provider, const char *const *addresses);
/* External: what is wrong, where the proxy answers a request for the models so. */
void provider_upstream_describe(const Provider *provider, long status, ChooseReason *ret);
void provider_upstream_settle(Provider *provider); /* the choice, or what is seen of it, changed */

/* provider.c: the facts follow the choice; tells all consumers of a change. */
void provider_settle_facts(Provider *provider);

/* provider-describe.c: everything that the description needs, and the stack for these addresses. */
int provider_describe_open(Provider *provider, Error *err);
const Stack *provider_describe(const ProviderLook *look, void *data);
