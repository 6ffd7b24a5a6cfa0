/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/carrier.h"
#include "model/container.h"
#include "model/link.h"
#include "model/plan-consumer.h"

/*
 * Target: where and how one consumer reaches the provider. Pure; the only place that makes such a
 * URL.
 */

/* The ways there, decided for one container. */
typedef enum Way {
        WAY_GATEWAY,   /* host.docker.internal */
        WAY_NETWORK,   /* the proxy has joined its network */
        WAY_OWN_STACK, /* as a member of Ollama's own compose project */
        WAY_EXTERNAL,  /* the URL as it was configured */
} Way;

const char *way_to_string(Way way);
/* False: no such way. */
bool way_from_string(const char *text, Way *ret);

/* Borrowed for as long as the target is used. */
typedef struct TargetInput {
        const ProviderFacts *provider;
        Way way;
        Carrier carrier;
        const char *key;    /* NULL: it has none yet */
        const char *name;   /* how the proxy is called in the consumer's network (proxy/names.h);
                               NULL: it has no name there */
        bool host_is_taken; /* its own hosts say something of host.docker.internal */
} TargetInput;

#define TARGET_URL_MAX 400

/* Not to be copied: link points into it. */
typedef struct Target {
        LinkTarget link;
        char url[TARGET_URL_MAX];
} Target;

/* Is it a member of the provider's own stack, on its network? */
bool provider_owns(const ProviderFacts *provider, const Container *container);

/* Where nothing has to be decided: true, with the way (own stack, external). */
bool way_is_given(const ProviderFacts *provider, const Container *container, Way *ret);

/* Which carrier the provider asks for where the profile says nothing. */
Carrier carrier_of(const ProviderFacts *provider, Way way);

/* By network without a name: -ENODATA, as a template that wants a value that is not there. */
int target_make(const TargetInput *input, Target *ret);
