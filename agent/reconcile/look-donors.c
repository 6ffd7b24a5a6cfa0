/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/look-donors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct DonorsLook {
        Engine *engine;
        EngineSlot *slot;
        DonorsDone *done;
        void *data;
        Donor list[DONORS_MAX];
        size_t n;
        size_t n_read;
};

int donors_look_new(Engine *engine, DonorsDone *done, void *data, DonorsLook **ret) {
        DonorsLook *look = calloc(1, sizeof *look);

        if (look == NULL)
                return -ENOMEM;
        look->engine = engine;
        look->done = done;
        look->data = data;
        *ret = look;
        return 0;
}

DonorsLook *donors_look_free(DonorsLook *look) {
        if (look == NULL)
                return NULL;
        (void) engine_slot_free(look->slot);
        for (size_t i = 0; i < look->n; i++) {
                free(look->list[i].who);
                (void) container_free(look->list[i].container);
        }
        free(look);
        return NULL;
}

int donors_look_add(DonorsLook *look, const Container *container) {
        DonorRef refs[DONOR_REFS_MAX];
        size_t n = donors_find(container->inspect, refs, DONOR_REFS_MAX);

        for (size_t i = 0; i < n && look->n < DONORS_MAX; i++) {
                if (donors_get(look->list, look->n, &refs[i]) != NULL)
                        continue;
                char *who = strndup(refs[i].who, (size_t) refs[i].length);
                if (who == NULL)
                        return -ENOMEM;
                look->list[look->n++] = (Donor){ .who = who };
        }
        return 0;
}

static int ask_next(DonorsLook *look);

/* Of a donor only the network is followed: there its hosts file comes from. */
static int take(DonorsLook *look, const EngineAnswer *answer, Error *err) {
        Donor *donor = &look->list[look->n_read];
        DonorRef network;

        if (answer->outcome == OUTCOME_DONE) {
                int r = container_new(answer->json, &donor->container, err);
                if (r < 0)
                        return r;
                if (donors_network(donor->container, &network)) {
                        r = donors_look_add(look, donor->container);
                        if (r < 0)
                                return r;
                }
        } else if (answer->outcome != OUTCOME_GONE) {
                return error_set(
                        err, -EIO, "cannot inspect the container %.64s, which it lives off: %s",
                        donor->who, error_text(&answer->error)
                );
        }
        look->n_read++;
        return 0;
}

static void on_answer(const EngineAnswer *answer, void *data) {
        DonorsLook *look = data;
        Error err = { 0 };

        look->slot = engine_slot_free(look->slot);
        int r = take(look, answer, &err);
        if (r >= 0)
                r = ask_next(look);
        if (r < 0)
                look->done(r, &err, look->data);
}

static int ask_next(DonorsLook *look) {
        if (look->n_read == look->n) {
                look->done(0, NULL, look->data);
                return 0;
        }

        cleanup(freep) char *path =
                text_format("/containers/%s/json", look->list[look->n_read].who);
        const EngineCall call = { .method = "GET",
                                  .path = path,
                                  .max_body = (size_t) 16 * 1024 * 1024 };
        return path ? engine_call(look->engine, &call, on_answer, look, &look->slot) : -ENOMEM;
}

int donors_look_start(DonorsLook *look) {
        return ask_next(look);
}

const Donor *donors_look_list(const DonorsLook *look, size_t *ret_n) {
        *ret_n = look->n;
        return look->list;
}
