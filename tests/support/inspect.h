/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/container.h"
#include "model/profile.h"

/*
 * Inspect documents for tests: what an engine shows of a container, with as much in it as the
 * planner and the re-creation read. Everything left out of the spec has a plain default: "app" of
 * the project "shop", opted in, running, settled, restarted unless stopped.
 */
typedef struct InspectSpec {
        const char *id;            /* NULL: 64 times 'a'; shorter than 64: filled up with '0' */
        const char *name;          /* without a slash; NULL: "shop-app-1" */
        const char *project;       /* NULL: "shop"; "": no compose labels at all */
        const char *service;       /* NULL: "app" */
        const char *number;        /* NULL: "1" */
        const char *hash;          /* config hash; NULL: "h1" */
        const char *created;       /* NULL: "2026-01-02T03:04:05Z" */
        const char *started;       /* NULL: by the state */
        const char *state;         /* NULL: "running" */
        const char *health;        /* NULL: no health check */
        const char *policy;        /* NULL: "unless-stopped" */
        const char *mode;          /* NetworkMode; NULL: "net-a" */
        const char *const *env;    /* NULL-terminated; NULL: "VER=1" */
        const char *const *hosts;  /* NULL-terminated; NULL: none */
        const char *const *labels; /* name, value, ..., NULL: besides the others */
        int exit_code;
        bool not_enabled; /* it did not opt in */
} InspectSpec;

/* A new document. */
json_t *inspect_new(const InspectSpec *spec);

/* The same as a Container. */
Container *inspect_container(const InspectSpec *spec);

/* A container out of a document, whose reference is taken over. */
Container *inspect_take(json_t *document);

/* The document of the image that all of them run. */
json_t *inspect_image(void);

/* The profiles "ollama" and "openai", as templates/profiles has them, and "keyless", which shows
 * its key in its URL. */
ProfileSet *inspect_profiles(void);
