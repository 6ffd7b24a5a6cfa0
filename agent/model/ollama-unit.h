/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/adopted.h"
#include "model/choose-provider.h"

/*
 * The host's own ollama.service, as far as its unit files tell: where it listens. Pure; plain data.
 *
 * Its files are read and not its sockets: they say it also while it is stopped, and a port that we
 * took meanwhile would keep it from starting.
 */
typedef struct OllamaUnit {
        bool installed;
        char host[255]; /* what OLLAMA_HOST says; "": nothing, it is 127.0.0.1:11434 */
} OllamaUnit;

typedef struct OllamaListens {
        char address[64]; /* "0.0.0.0" and "::" are all; a name where it says a name */
        unsigned port;
} OllamaListens;

/* One of its files: the unit itself, then its drop-ins in their order. An EnvironmentFile= is not
 * read: it may hold secrets. */
void ollama_unit_read(OllamaUnit *unit, const char *text);

/* By Ollama's own rules. */
void ollama_unit_listens(const OllamaUnit *unit, OllamaListens *ret);

/* Does it want the port where ours would be? */
bool ollama_unit_takes(const OllamaUnit *unit, const PortWanted *wanted);

/* Does 127.0.0.1:11434, where the relay goes, come to it? */
bool ollama_unit_is_near(const OllamaUnit *unit);

/* Whose the port is. refused: the engine says that a process of the host has it. Once it was
 * theirs, it is until the operator says otherwise: nobody of ours sees whether it is free. */
PortOwner
ollama_unit_port(const OllamaUnit *unit, PortOwner before, const PortWanted *wanted, bool refused);

/* Where it cannot be asked, and what to do about it. silent: the relay got no answer. */
void ollama_unit_say_trouble(const OllamaUnit *unit, bool silent, ChooseReason *ret);

/* What an operator should know while the port is not ours. */
void ollama_unit_say_open(
        const OllamaUnit *unit, const PortWanted *wanted, char *buffer, size_t size
);
