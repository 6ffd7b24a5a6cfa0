/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Choice: the closed sets of words that people choose from, in labels and in the configuration
 * alike. The order of each enum is the order in which its words are shown.
 */

/* coollama.reach, link.reach: how a consumer gets to the proxy. */
typedef enum Reach {
        REACH_AUTO,
        REACH_GATEWAY, /* host.docker.internal and the bridge's gateway address */
        REACH_NETWORK, /* the proxy joins the consumer's own network */
} Reach;

/* coollama.auth: how a consumer shows its key. */
typedef enum Auth {
        AUTH_AUTO,
        AUTH_HEADER, /* a variable that the app sends as Bearer or x-api-key */
        AUTH_URL,    /* as a part of the URL's path */
        AUTH_STACK,  /* by the network that it comes from */
} Auth;

/* coollama.recovery, recovery.action: what happens to a consumer after an outage. */
typedef enum Recovery {
        RECOVERY_RESTART,
        RECOVERY_AUTO, /* restarted unless a request of its was answered meanwhile */
        RECOVERY_NONE,
} Recovery;

/* coollama.access, proxy.access: what a key may do. */
typedef enum Access {
        ACCESS_PULL,      /* everything harmless, and pulling */
        ACCESS_INFERENCE, /* no pulling */
        ACCESS_ADMIN,     /* also delete, create, copy, push */
} Access;

/* coollama.scope: which containers the label speaks for. */
typedef enum Scope {
        SCOPE_CONTAINER,
        SCOPE_STACK, /* all containers of the compose project but databases */
} Scope;

/* coollama.role. */
typedef enum Role {
        ROLE_PROVIDER, /* an Ollama that someone else made: use this one */
} Role;

/* provider.mode */
typedef enum ProviderMode {
        PROVIDER_AUTO, /* one of ours, unless an Ollama is there already */
        PROVIDER_MANAGED,
        PROVIDER_ADOPT,
        PROVIDER_EXTERNAL, /* at provider.url; nothing of ours runs */
} ProviderMode;

/* provider.gpu */
typedef enum Gpu {
        GPU_AUTO,
        GPU_NVIDIA,
        GPU_AMD,
        GPU_NONE,
} Gpu;

/* Does the first of them let a key do more than the second? */
bool access_is_more(Access access, Access than);

/* The word as it is written; never NULL. */
const char *reach_to_string(Reach reach);
const char *auth_to_string(Auth auth);
const char *recovery_to_string(Recovery recovery);
const char *access_to_string(Access access);
const char *scope_to_string(Scope scope);
const char *role_to_string(Role role);
const char *provider_mode_to_string(ProviderMode mode);
const char *gpu_to_string(Gpu gpu);

/* One word of a set, for whoever parses; supported: this version can do it. */
typedef struct Choice {
        const char *word;
        bool supported;
} Choice;

/* A set; a word's index is the enum's value. */
typedef struct ChoiceSet {
        const Choice *choices;
        size_t n;
} ChoiceSet;

extern const ChoiceSet choices_reach;
extern const ChoiceSet choices_auth;
extern const ChoiceSet choices_recovery;
extern const ChoiceSet choices_access;
extern const ChoiceSet choices_scope;
extern const ChoiceSet choices_role;
extern const ChoiceSet choices_provider_mode;
extern const ChoiceSet choices_gpu;

/* Index of a supported word; -EINVAL for an unknown one, -EOPNOTSUPP for one that is not supported
 * yet. */
int choice_find(const ChoiceSet *set, const char *word);

/* Likewise, whether it is supported or not; -EINVAL alone. */
int choice_index(const ChoiceSet *set, const char *word);

/* "auto, gateway or network", cut to the buffer. Returns buffer. */
const char *choice_list(const ChoiceSet *set, char *buffer, size_t size);

/* The nearest word of the set, or NULL (model/nearest.h). */
const char *choice_nearest(const ChoiceSet *set, const char *word);
