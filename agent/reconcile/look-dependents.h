/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/index.h"
#include "docker/engine.h"
#include "model/dependents.h"

/*
 * Looks for the containers that live off one (model/dependents.h), whoever's they are.
 *
 * The engine has no filter for that. But a dependent is made after the one that it lives off, so
 * only containers made later are listed, page by page; the list tells the network, and for the
 * rest (process ids, IPC, links) each of them is inspected, once: none of it changes in a
 * container's life, so the ids of those that live off nobody may be kept (loners).
 */
#define DEPENDENTS_PAGE     100
#define DEPENDENTS_SEEN_MAX 10000 /* more later ones: said to live off it, so that it stays */
#define LONERS_MAX          10000

typedef struct DependentsLook DependentsLook;

/* As LookDone. May free it. */
typedef void DependentsDone(int result, const Error *error, void *data);

/* loners: ids of containers that live off nobody; read, filled, and begun anew when it is full. Its
 * values mean nothing. */
int dependents_look_new(
        Engine *engine, Index **loners, DependentsDone *done, void *data, DependentsLook **ret
);
DependentsLook *dependents_look_free(DependentsLook *look);

/* of: borrowed until done comes. */
int dependents_look_start(DependentsLook *look, const Container *of);

/* Who they are, for people; NULL: nobody. */
const char *dependents_look_text(const DependentsLook *look);
