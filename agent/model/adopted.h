/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/identity.h"

/*
 * Adopted: an Ollama in a container of somebody else's, as far as we use it. Pure; plain data.
 */
#define ADOPTED_TEXT_MAX 256

typedef struct Adopted {
        char id[65]; /* "": there is no container of it */
        char started_at[40];
        char name[ADOPTED_TEXT_MAX]; /* the container's own */
        bool running;                /* neither paused nor between two restarts */
        char state[24];              /* the engine's word: "exited" */
        unsigned port;               /* that it listens on in its network */

        /* Where the proxy reaches it: by address, since in a network everybody may take any name,
         * and the digits of somebody's id too. */
        char network_id[80]; /* "": by none */
        char network[ADOPTED_TEXT_MAX];
        char address[64]; /* "": not while it does not run */
        bool on_host;     /* it has the host's network: by the host's loopback address */

        /* Members of its compose project get it by its name there. */
        char project[IDENTITY_PART_MAX]; /* "": it has none */
        char host[IDENTITY_PART_MAX];    /* its service */

        bool publishes;     /* its definition binds the port where ours would be */
        unsigned published; /* port of the host by which consumers reach it; 0: by none */
        char problem[ADOPTED_TEXT_MAX]; /* why it cannot be reached, for people; "": it can */
} Adopted;

/* Where our own port would be. */
typedef struct PortWanted {
        const char *const *bind; /* addresses, ended by NULL */
        unsigned port;
} PortWanted;

/* From its inspect document; NULL: there is none. */
void adopted_read(const json_t *inspect, const PortWanted *wanted, Adopted *ret);

/* "http://172.18.0.2:11434", or "" while it cannot be asked there. */
#define ADOPTED_UPSTREAM_MAX 96
void adopted_upstream(const Adopted *adopted, char buffer[static ADOPTED_UPSTREAM_MAX]);

/* Do these two addresses of a host collide? "" and "0.0.0.0" are all of IPv4, "::" is all. */
bool port_collides(const char *address, const PortWanted *wanted);

/* The entry of an engine's list (of those that publish the port) that has it where ours would be;
 * our own left out. NULL: none. */
const json_t *port_holder(const json_t *list, const PortWanted *wanted);
