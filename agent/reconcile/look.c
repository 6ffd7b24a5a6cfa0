/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "docker/query.h"
#include "model/members.h"
#include "model/own-network.h"
#include "model/plan.h"
#include "reconcile/look-dependents.h"
#include "reconcile/look-donors.h"

typedef enum Question {
        QUESTION_CONTAINERS,
        QUESTION_IMAGE,
        QUESTION_IMAGE_NAME,
        QUESTION_MEMBERS,
        QUESTION_NETWORK,
        QUESTION_INMATES,
} Question;

struct Look {
        Engine *engine;
        LookDone *done;
        void *data;
        EngineSlot *slot;

        LookContainer containers[LOOK_CONTAINERS_MAX];
        size_t n_containers;
        size_t n_read;

        Question question;
        unsigned needs;             /* still to be asked */
        const Container *container; /* whom the needs are about; borrowed from containers */

        json_t *image;
        char *image_id;
        bool image_name_is_current;
        json_t *members;
        json_t *network; /* the document of the one that it is in */
        json_t *inmates; /* the list of those in it */
        const char *busy_member;
        LookFiles *files;
        char *files_id;   /* whose they are */
        bool files_known; /* they were read whole */
        DonorsLook *donors;
        bool donors_known;
        Index **loners;
        DependentsLook *dependents;
        char *dependents_id; /* NULL: not known */
};

int look_new(Engine *engine, Index **loners, LookDone *done, void *data, Look **ret) {
        Look *look = calloc(1, sizeof *look);
        if (look == NULL)
                return -ENOMEM;
        look->engine = engine;
        look->loners = loners;
        look->done = done;
        look->data = data;
        *ret = look;
        return 0;
}

Look *look_free(Look *look) {
        if (look == NULL)
                return NULL;
        (void) engine_slot_free(look->slot);
        for (size_t i = 0; i < look->n_containers; i++) {
                free(look->containers[i].id);
                (void) container_free(look->containers[i].container);
        }
        json_decref(look->image);
        free(look->image_id);
        json_decref(look->members);
        json_decref(look->network);
        json_decref(look->inmates);
        (void) look_files_free(look->files);
        free(look->files_id);
        (void) donors_look_free(look->donors);
        (void) dependents_look_free(look->dependents);
        free(look->dependents_id);
        free(look);
        return NULL;
}

int look_add_container(Look *look, const char *id_or_name, bool by_name) {
        if (look->n_containers == LOOK_CONTAINERS_MAX)
                return -ENOSPC;
        for (size_t i = 0; i < look->n_containers; i++)
                if (strcmp(look->containers[i].id, id_or_name) == 0)
                        return 0;

        char *id = strdup(id_or_name);
        if (id == NULL)
                return -ENOMEM;
        look->containers[look->n_containers++] = (LookContainer){ .id = id, .by_name = by_name };
        return 0;
}

static int ask_next(Look *look);

static void finish(Look *look, int result, const Error *error) {
        look->done(result, error, look->data);
}

/* What was looked up by name may be one that was read by its id before. */
static bool is_known(const Look *look, const Container *container) {
        for (size_t i = 0; i < look->n_read; i++)
                if (look->containers[i].container != NULL
                    && strcmp(look->containers[i].container->id, container->id) == 0)
                        return true;
        return false;
}

static int take_container(Look *look, const EngineAnswer *answer, Error *err) {
        LookContainer *entry = &look->containers[look->n_read];

        if (answer->outcome == OUTCOME_DONE) {
                int r = container_new(answer->json, &entry->container, err);
                if (r < 0)
                        return r;
                if (is_known(look, entry->container))
                        entry->container = container_free(entry->container);
        } else if (answer->outcome != OUTCOME_GONE) {
                return error_set(
                        err, -EIO, "cannot inspect container %.64s: %s", entry->id,
                        error_text(&answer->error)
                );
        }
        look->n_read++;
        return 0;
}

static int take_image(Look *look, const EngineAnswer *answer, Error *err) {
        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_GONE)
                return error_set(
                        err, -EIO, "cannot inspect its image: %s", error_text(&answer->error)
                );

        json_decref(look->image);
        look->image = answer->outcome == OUTCOME_DONE ? json_incref(answer->json) : json_object();
        free(look->image_id);
        look->image_id = strdup(look->container->image_id);
        return look->image && look->image_id ? 0 : -ENOMEM;
}

static int take_image_name(Look *look, const EngineAnswer *answer) {
        const char *id = json_string_value(json_object_get(answer->json, "Id"));

        look->image_name_is_current = answer->outcome == OUTCOME_DONE && id != NULL
                                      && strcmp(id, look->container->image_id) == 0;
        return 0;
}

static int take_members(Look *look, const EngineAnswer *answer, Error *err) {
        if (answer->outcome != OUTCOME_DONE || !json_is_array(answer->json))
                return error_set(
                        err, -EIO, "cannot list its stack: %s", error_text(&answer->error)
                );

        json_decref(look->members);
        look->members = json_incref(answer->json);
        look->busy_member = members_find_busy(look->members, look->container->id);
        return 0;
}

/* What cannot be looked at is nobody's own. */
static int take_network(Look *look, const EngineAnswer *answer) {
        bool done = answer->outcome == OUTCOME_DONE;

        json_decref(look->network);
        json_decref(look->inmates);
        look->network = done ? json_incref(answer->json) : json_object();
        look->inmates = NULL;
        return look->network ? 0 : -ENOMEM;
}

static int take_inmates(Look *look, const EngineAnswer *answer) {
        look->inmates = answer->outcome == OUTCOME_DONE ? json_incref(answer->json) : json_null();
        return 0;
}

static void on_answer(const EngineAnswer *answer, void *data) {
        Look *look = data;
        Error err = { 0 };
        int r = 0;

        look->slot = engine_slot_free(look->slot);
        switch (look->question) {
        case QUESTION_CONTAINERS:
                r = take_container(look, answer, &err);
                break;
        case QUESTION_IMAGE:
                r = take_image(look, answer, &err);
                break;
        case QUESTION_IMAGE_NAME:
                r = take_image_name(look, answer);
                break;
        case QUESTION_MEMBERS:
                r = take_members(look, answer, &err);
                break;
        case QUESTION_NETWORK:
                r = take_network(look, answer);
                break;
        case QUESTION_INMATES:
                r = take_inmates(look, answer);
                break;
        }
        if (r >= 0)
                r = ask_next(look);
        if (r < 0)
                finish(look, r, &err);
}

static int ask(Look *look, Question question, const char *path) {
        const EngineCall request = { .method = "GET",
                                     .path = path,
                                     .max_body = (size_t) 16 * 1024 * 1024 };

        look->question = question;
        return engine_call(look->engine, &request, on_answer, look, &look->slot);
}

/* collection: "containers" or "images". */
static int
ask_about(Look *look, Question question, const char *collection, const char *id, const char *what) {
        cleanup(freep) char *path = text_format("/%s/%s/%s", collection, id, what);
        return path ? ask(look, question, path) : -ENOMEM;
}

static int ask_members(Look *look) {
        Text path = TEXT_INIT(2048);
        cleanup(freep) char *label =
                text_format("com.docker.compose.project=%s", look->container->project);
        json_t *filters = label ? json_pack("{s:[s]}", "label", label) : NULL;
        cleanup(freep) char *text = filters ? json_dumps(filters, JSON_COMPACT) : NULL;
        json_decref(filters);

        (void) text_add(&path, "/containers/json?all=1");
        if (text == NULL || query_add(&path, "filters", text) < 0) {
                text_done(&path);
                return -ENOMEM;
        }
        cleanup(freep) char *full = text_take(&path);
        return full ? ask(look, QUESTION_MEMBERS, full) : -ENOMEM;
}

/* An image that is known by its id alone has no name that could have moved. */
static int ask_image_name(Look *look) {
        if (strncmp(look->container->image, "sha256:", 7) == 0) {
                look->image_name_is_current =
                        strcmp(look->container->image, look->container->image_id) == 0;
                look->question = QUESTION_IMAGE_NAME;
                return ask_next(look);
        }
        return ask_about(look, QUESTION_IMAGE_NAME, "images", look->container->image, "json");
}

static void on_files(int result, const Error *error, void *data) {
        Look *look = data;

        look->files_known = result >= 0;
        if (result >= 0)
                result = ask_next(look);
        if (result < 0)
                finish(look, result, error);
}

static int ask_files(Look *look) {
        look->files_known = false;
        look->files = look_files_free(look->files);
        free(look->files_id);
        look->files_id = strdup(look->container->id);
        if (look->files_id == NULL)
                return -ENOMEM;
        return look_files_start(look->engine, look->container, on_files, look, &look->files);
}

static void on_donors(int result, const Error *error, void *data) {
        Look *look = data;

        look->donors_known = result >= 0;
        int r = result < 0 ? result : ask_next(look);
        if (r < 0)
                finish(look, r, result < 0 ? error : NULL);
}

static int ask_donors(Look *look) {
        look->donors = donors_look_free(look->donors);
        int r = donors_look_new(look->engine, on_donors, look, &look->donors);
        for (size_t i = 0; r >= 0 && i < look->n_containers; i++)
                if (look->containers[i].container != NULL)
                        r = donors_look_add(look->donors, look->containers[i].container);
        return r < 0 ? r : donors_look_start(look->donors);
}

static void on_dependents(int result, const Error *error, void *data) {
        Look *look = data;
        int r = result;

        free(look->dependents_id);
        look->dependents_id = result < 0 ? NULL : strdup(look->container->id);
        if (result >= 0)
                r = look->dependents_id ? ask_next(look) : -ENOMEM;
        if (r < 0)
                finish(look, r, result < 0 ? error : NULL);
}

static int ask_dependents(Look *look) {
        look->dependents = dependents_look_free(look->dependents);
        int r = dependents_look_new(
                look->engine, look->loners, on_dependents, look, &look->dependents
        );
        return r < 0 ? r : dependents_look_start(look->dependents, look->container);
}

static int ask_network(Look *look) {
        const char *name = NULL;
        const char *id = own_network_find(look->container, &name);
        cleanup(freep) char *path = text_format("/networks/%s", id ? id : "none");

        return path ? ask(look, QUESTION_NETWORK, path) : -ENOMEM;
}

static int ask_inmates(Look *look) {
        const char *name = NULL;
        const char *id = own_network_find(look->container, &name);
        cleanup(freep) char *filter = text_format("{\"network\":[\"%s\"]}", id ? id : "");
        Text path = TEXT_INIT(512);

        (void) text_add(&path, "/containers/json?all=1");
        if (filter == NULL || query_add(&path, "filters", filter) < 0) {
                text_done(&path);
                return -ENOMEM;
        }
        cleanup(freep) char *full = text_take(&path);
        return full ? ask(look, QUESTION_INMATES, full) : -ENOMEM;
}

static int ask_next(Look *look) {
        if (look->n_read < look->n_containers)
                return ask_about(
                        look, QUESTION_CONTAINERS, "containers", look->containers[look->n_read].id,
                        "json"
                );
        if (look->question == QUESTION_IMAGE)
                return ask_image_name(look);
        if (look->question == QUESTION_NETWORK)
                return ask_inmates(look);
        if (look->needs & NEED_NETWORK) {
                look->needs &= ~(unsigned) NEED_NETWORK;
                return ask_network(look);
        }
        if (look->needs & NEED_IMAGE) {
                look->needs &= ~(unsigned) NEED_IMAGE;
                return ask_about(look, QUESTION_IMAGE, "images", look->container->image_id, "json");
        }
        if (look->needs & NEED_MEMBERS) {
                look->needs &= ~(unsigned) NEED_MEMBERS;
                return ask_members(look);
        }
        if (look->needs & NEED_CHANGES) {
                look->needs &= ~(unsigned) NEED_CHANGES;
                return ask_files(look);
        }
        if (look->needs & NEED_DONORS) {
                look->needs &= ~(unsigned) NEED_DONORS;
                return ask_donors(look);
        }
        if (look->needs & NEED_DEPENDENTS) {
                look->needs &= ~(unsigned) NEED_DEPENDENTS;
                return ask_dependents(look);
        }
        finish(look, 0, NULL);
        return 0;
}

int look_start(Look *look) {
        look->question = QUESTION_CONTAINERS;
        return ask_next(look);
}

int look_closer(Look *look, unsigned needs, const Container *container) {
        look->question = QUESTION_CONTAINERS;
        look->needs = needs;
        look->container = container;
        return ask_next(look);
}

const LookContainer *look_containers(const Look *look, size_t *ret_n) {
        *ret_n = look->n_containers;
        return look->containers;
}

const json_t *look_image(const Look *look) {
        return look->image;
}

const char *look_image_id(const Look *look) {
        return look->image_id;
}

bool look_image_name_is_current(const Look *look) {
        return look->image_name_is_current;
}

const json_t *look_members(const Look *look) {
        return look->members;
}

const json_t *look_network(const Look *look) {
        return look->inmates ? look->network : NULL;
}

const json_t *look_inmates(const Look *look) {
        return look->inmates;
}

const char *look_busy_member(const Look *look) {
        return look->busy_member;
}

bool look_changes_known(const Look *look) {
        return look->files_known;
}

const char *look_changes_id(const Look *look) {
        return look->files_id;
}

const LookFiles *look_files(const Look *look) {
        return look->files_known ? look->files : NULL;
}

bool look_donors_known(const Look *look) {
        return look->donors_known;
}

const Donor *look_donors(const Look *look, size_t *ret_n) {
        *ret_n = 0;
        return look->donors ? donors_look_list(look->donors, ret_n) : NULL;
}

bool look_dependents_known(const Look *look) {
        return look->dependents_id != NULL;
}

const char *look_dependents_id(const Look *look) {
        return look->dependents_id;
}

const char *look_dependents(const Look *look) {
        return look->dependents ? dependents_look_text(look->dependents) : NULL;
}
