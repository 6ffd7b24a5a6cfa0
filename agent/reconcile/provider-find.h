/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "docker/engine.h"
#include "model/choose-provider.h"
#include "reconcile/memory.h"

/*
 * ProviderFind: the containers that may be the provider. One list of the engine; where the tag of
 * an image has moved on, that shows its id alone, and such containers are inspected.
 */
typedef struct ProviderFind ProviderFind;

typedef struct ProviderFindSetup {
        Engine *engine;
        const Memory *memory;     /* whom its operator trusts */
        const ProviderChoice *of; /* its containers alone, whatever their image; NULL: of all, those
                                     that are an Ollama or ask to be the provider */
        const char *named;        /* and those that an operator may call so; "": nobody is named */
        void (*done)(int result, const Error *error, void *data); /* may free it */
        void *data;
} ProviderFindSetup;

/* What the setup points to is borrowed until done() or its end. */
int provider_find_start(const ProviderFindSetup *setup, ProviderFind **ret);
ProviderFind *provider_find_free(ProviderFind *find);

/* Borrowed; valid while it is. */
const ProviderCandidate *provider_find_candidates(const ProviderFind *find, size_t *ret_n);

/* An Ollama of ours was seen among all. */
bool provider_find_ours(const ProviderFind *find);
