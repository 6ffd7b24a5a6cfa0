/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Stack: what the managed provider consists of, and whether what runs is that. Pure.
 *
 * The description is data (templates/stack.json); this makes create bodies of it. Objects stand in
 * the order in which they are made: networks, volumes, containers.
 */
typedef enum StackKind {
        STACK_NETWORK,
        STACK_VOLUME,
        STACK_CONTAINER,
} StackKind;

const char *stack_kind_to_string(StackKind kind);

typedef enum StackGpu {
        STACK_GPU_NONE,
        STACK_GPU_NVIDIA, /* the NVIDIA runtime's device request */
        STACK_GPU_CDI,    /* NVIDIA by CDI */
        STACK_GPU_AMD,    /* /dev/kfd and /dev/dri */
} StackGpu;

const char *stack_gpu_to_string(StackGpu gpu);

/* What the template's placeholders stand for. Borrowed for the call. */
typedef struct StackSettings {
        const char *api_image;
        const char *proxy_image;
        const char *api_alias;   /* the alias with a random part that the proxy's upstream uses */
        const char *const *bind; /* host addresses to publish on, ended by NULL; none: nothing is
                                    published */
        unsigned port;           /* on the host; inside it is always 11434 */
        const char *proxy_user;  /* "uid:gid" */
        const char *conf_dir;    /* on the host: ProxyPaths.conf of proxy/reload.h */
        const char *run_dir;     /* on the host: ProxyPaths.run */
        const char *dirs_made;   /* which directories these are: ProxyPaths.made */
        bool secured;
        bool foreign; /* Ollama is somebody else's: there is none in the stack */
        bool cloud;
        StackGpu gpu;
} StackSettings;

typedef struct StackObject {
        StackKind kind;
        char *name;   /* in the engine: "coollama-api" */
        char *part;   /* containers: "api" or "proxy"; else NULL */
        char *image;  /* containers: as in the body; else NULL */
        json_t *body; /* of POST /containers/create?name=NAME, /networks/create, /volumes/create */
} StackObject;

typedef struct Stack {
        StackObject *objects;
        size_t n_objects;
} Stack;

/*
 * From the parsed template. Each container's body carries a hash of itself as the label
 * com.docker.compose.config-hash, so that leaving something out of the description shows too.
 */
int stack_build(const json_t *pattern, const StackSettings *settings, Stack **ret, Error *err);
Stack *stack_free(Stack *stack);
DEFINE_CLEANUP(Stack, stack_free);

/* By part, or NULL (unsecured has no proxy). */
const StackObject *stack_find_part(const Stack *stack, const char *part);

/* Everything of the kind by this name, or NULL. */
const StackObject *stack_find(const Stack *stack, StackKind kind, const char *name);

/*
 * Does what the engine's inspect document (of /containers/ID/json, /networks/ID, /volumes/NAME)
 * shows cover the desired body? What the engine adds or normalises is no difference, on every API
 * version spoken; further networks, which the proxy joins for its consumers, are none either. If
 * not, why says what differs first, in words ("HostConfig.RestartPolicy.Name is "no", should be
 * "unless-stopped""); environment is named, its values never shown. why may be NULL.
 */
bool stack_covers(const StackObject *desired, const json_t *observed, Error *why);

/* The id of the network that an inspected container holds under this name, or NULL: a network that
 * was made anew has another id, and a container that still holds the old one cannot start. */
const char *stack_endpoint_network(const json_t *observed, const char *network);

/* Carries the inspected object our label (coollama.part), so that it may be changed or removed? A
 * volume needs none: it is only ever made. */
bool stack_is_ours(const json_t *observed, StackKind kind);
