/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "model/choice.h"
#include "model/identity.h"

/*
 * Which Ollama is shared: one of ours, one that somebody else made, the host's own, or one
 * elsewhere. Pure.
 *
 * It is decided once and remembered, by identity: an adopted Ollama is followed through its
 * redeploys, and one that is away is an outage, no reason to make another. Only configuration and
 * command change it, never a label or a container that appears later.
 */
typedef enum ProviderKind {
        PROVIDER_IS_UNDECIDED, /* the operator must say */
        PROVIDER_IS_MANAGED,   /* we make it */
        PROVIDER_IS_ADOPTED,   /* a container of somebody else's */
        PROVIDER_IS_HOST,      /* the host's ollama.service */
        PROVIDER_IS_EXTERNAL,  /* at [provider] url */
} ProviderKind;

const char *provider_kind_to_string(ProviderKind kind);

/* Who publishes the port that consumers are given; remembered, since whoever has it may be away for
 * a moment, and would not get it back. */
typedef enum PortOwner {
        PORT_UNKNOWN, /* an adopted Ollama was not seen running yet */
        PORT_OURS,
        PORT_THEIRS, /* the adopted Ollama, or another container of its stack */
} PortOwner;

#define CANDIDATES_MAX   64
#define CHOICE_ASKED_MAX 256 /* bytes with the NUL */
#define CHOICE_TEXT_MAX  4096

/* A container that might be the provider, from the engine's list; plain data. */
typedef struct ProviderCandidate {
        Identity identity;
        char id[65];
        char name[IDENTITY_PART_MAX]; /* the container's own */
        bool ollama;                  /* its image is ollama/ollama */
        bool asks;                    /* label coollama.role=provider */
        bool trusted;                 /* and its operator agreed to that */
        bool running;
        json_int_t created; /* seconds, as the engine says */
} ProviderCandidate;

/* What is decided, and what of it is remembered; plain data. */
typedef struct ProviderChoice {
        ProviderKind kind;
        char identity[IDENTITY_KEY_MAX]; /* adopted; else "" */
        char project[IDENTITY_PART_MAX]; /* its parts, by which the engine is asked for it */
        char member[IDENTITY_PART_MAX];
        char name[IDENTITY_HUMAN_MAX]; /* adopted: what people call it */
        char asked[CHOICE_ASKED_MAX];  /* adopted because [provider] container says so */
        bool ordered;                  /* by coollama provider use */
        PortOwner port;
} ProviderChoice;

typedef struct ChooseView {
        ProviderMode mode;
        const char *container;            /* [provider] container, or "" */
        const ProviderChoice *remembered; /* kind PROVIDER_IS_UNDECIDED: nothing is */
        const ProviderCandidate *candidates;
        size_t n_candidates;
        bool ours;      /* an Ollama of ours is there already */
        bool host_unit; /* ollama.service is installed on the host */
} ChooseView;

/* Why, and what an operator can do about it, for people; "" where there is nothing to say. */
typedef struct ChooseReason {
        char why[400];
        char next[400];
} ChooseReason;

/* Must every container be seen for the decision? Else those of the remembered identity do. */
bool choose_needs_all(ProviderMode mode, const char *container, const ProviderChoice *remembered);

void choose_provider(const ChooseView *view, ProviderChoice *ret, ChooseReason *ret_reason);

/* Is this what an operator calls it: its name, its Coolify name, its identity's text, its compose
 * project, or 12 or more digits of its id? */
bool provider_candidate_is_named(const ProviderCandidate *candidate, const char *name);

/* Of the containers of this identity the one to use: one that runs, else the newest. NULL: none. */
const ProviderCandidate *provider_candidate_of(
        const ProviderCandidate *candidates, size_t n_candidates, const char *identity
);

/* The one that an operator means. -ENOENT, -ENOTUNIQ naming them. */
int provider_candidate_named(
        const ProviderCandidate *candidates,
        size_t n_candidates,
        const char *name,
        const ProviderCandidate **ret,
        Error *err
);

/* The choice of this one, by its operator. */
void provider_choice_of(const ProviderCandidate *candidate, ProviderChoice *ret);

/* As it is kept on disk. A new reference, NULL without memory. */
json_t *provider_choice_to_json(const ProviderChoice *choice);

/* From the file's text; that of earlier versions ("managed") is read too. -EBADMSG. */
int provider_choice_from_text(const char *text, ProviderChoice *ret, Error *err);
