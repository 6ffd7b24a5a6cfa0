/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "serve.h"

/* Anthropic's messages, as Ollama answers them at /v1/messages: whole, and as a stream. */
void messages_whole_piece(char *buffer, size_t size, unsigned n, const Stream *s);
void messages_piece(char *buffer, size_t size, unsigned n, const Stream *s);
