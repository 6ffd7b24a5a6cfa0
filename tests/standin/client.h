/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The command's side: requests to the server that OLLAMA_HOST names, as Ollama reads it. */
typedef struct Host {
        char name[256];
        uint16_t port;
} Host;

Host host_from_env(void);

/* The answer's status, its body in buffer (cut when longer); -1 when nobody answers. */
int ask(const char *method, const char *target, const char *body, char *buffer, size_t size);
