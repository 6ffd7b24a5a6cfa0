/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

/*
 * Does an image carry Ollama's server (or might it)? There OLLAMA_HOST is the address on which it
 * listens, and another one takes it from its users. Pure.
 *
 * name: as the container names it; image: its document, or NULL while that is not known.
 */
bool image_carries_server(const char *name, const json_t *image);
