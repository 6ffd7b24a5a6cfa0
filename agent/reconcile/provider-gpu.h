/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/gpu.h"
#include "reconcile/provider.h"

/*
 * Which GPU our own Ollama gets: asked of the engine once while it is followed. Where the engine
 * would not start it with that one, it is started without; that is kept in STATE/gpu.json until the
 * engine is started again, or the image or the configuration changes.
 */

/* Is it known? Else it is being asked, and a pass follows. */
bool provider_gpu_is_known(Provider *provider);
void provider_gpu_forget(Provider *provider); /* the engine may be another one */
void provider_gpu_retry(Provider *provider);  /* another image: what was refused may work */
void provider_gpu_close(Provider *provider);

/* A container of ours could not be made or started: true when that is put down to the GPU, and the
 * next description is one without. */
bool provider_gpu_refused(Provider *provider, const char *what, const char *why);
