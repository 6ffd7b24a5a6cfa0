/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The models that the stand-in says it has: empty files in a folder below /root/.ollama, so that
 * they live as long as the volume there. A folder that is not there yet is made with llama3.2 in
 * it, unlike Ollama's, which begins empty.
 */
#define MAX_MODELS 64
#define MODEL_SIZE 2019393189ULL /* bytes, of each */

typedef struct Models {
        char names[MAX_MODELS][128];
        size_t count;
} Models;

void models_open(void);
void models_list(Models *ret); /* sorted */
bool models_has(const char *name);
void models_add(const char *name);
void models_remove(const char *name);

/* "llama3.2" is "llama3.2:latest"; false for what is no name of a model. */
bool models_full_name(const char *name, char *buffer, size_t size);
