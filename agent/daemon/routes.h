/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "io/control.h"
#include "reconcile/reconciler.h"

/*
 * Routes: what can be asked over the control socket, and by whom.
 *
 *   GET  /status             root, group docker
 *   GET  /plan               root, group docker
 *   GET  /explain?name=NAME  root, group docker; what stood in a container is shown to root alone
 *   POST /unlink?name=NAME   root
 *   POST /relink?name=NAME   root
 *   POST /pause?for=TIME     root; without for: until resume
 *   POST /resume             root
 *   POST /upgrade            root
 *   GET  /ollama             root; where Ollama's own command is to be run
 *   POST /down?unlink=yes    root; without unlink: consumers keep their links
 *   GET  /story?after=N      root; how far that is, answered when there is news since number N
 *   POST /verify?name=NAME   root; answered when the proof is made (some seconds)
 *
 * Answers are JSON; errors are {"error": "..."}. The reconciler may be NULL while the daemon
 * starts.
 */
void routes_answer(ControlRequest *request, Reconciler *reconciler);
