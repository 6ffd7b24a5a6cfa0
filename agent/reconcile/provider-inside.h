/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/backoff.h"
#include "docker/pull.h"
#include "model/health.h"
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
 * (look, plan, execute), provider-probe.c (is it up?), provider-pull.c (images), provider-report.c
 * (what people see).
 */
struct Provider {
        ProviderSetup setup;
        ProviderFacts facts;
        char url[300];
        char host[256];
        char port[8];
        char why_down[320];
        bool managed;
        bool observed;
        bool decided; /* ours was made once: another Ollama that comes later changes nothing */
        bool fresh;   /* it was looked at since the engine's events are followed */
        bool settled; /* with this configuration it was whole once */
        bool crowded; /* an Ollama of somebody else's was there at the last look */

        /* The description of the stack. */
        json_t *pattern; /* templates/stack.json */
        char *nginx;     /* templates/nginx/nginx.conf */
        char *api_alias;
        char *upstream;
        char proxy_user[40];
        char bound[80]; /* unsecured: "HOST:PORT" of Ollama, as the daemon reaches it; "": not known
                         */
        ProxyPaths paths;
        GenerationSettings generation;
        Stack *stack;
        Error undescribed;

        Keys *keys;
        Publisher *publisher;

        /* The pass. */
        ProviderLook *look;
        Executor *executor;
        ExecutorHelpers helpers;
        char verdict[320]; /* of the last plan */
        char next[240];
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
void provider_pass_cancel(Provider *provider);

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

/* provider-describe.c: writes down that ours was made. */
void provider_decide(Provider *provider);

/* provider-describe.c: everything that the description needs, and the stack for these addresses. */
int provider_describe_open(Provider *provider, Error *err);
const Stack *provider_describe(const char *const *addresses, void *data);
