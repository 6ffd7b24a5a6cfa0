/* SPDX-License-Identifier: Apache-2.0 */
#include "model/outage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void run_done(Run *run) {
        free(run->id);
        free(run->started_at);
}

static int make_room(RunList *list) {
        size_t room = list->room > 0 ? 2 * list->room : 16;

        if (list->n < list->room)
                return 0;
        Run *runs = reallocarray(list->runs, room, sizeof *runs);
        if (runs == NULL)
                return -ENOMEM;
        list->runs = runs;
        list->room = room;
        return 0;
}

int run_list_add(RunList *list, const char *id, const char *started_at, bool lived) {
        if (list->n == OUTAGE_RUNS_MAX)
                return -ENOSPC;

        int r = make_room(list);
        if (r < 0)
                return r;
        Run run = { .id = strdup(id), .started_at = strdup(started_at), .lived = lived };
        if (run.id == NULL || run.started_at == NULL) {
                run_done(&run);
                return -ENOMEM;
        }
        list->runs[list->n++] = run;
        list->sorted = false;
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const Run *) a)->id, ((const Run *) b)->id);
}

static int compare_id(const void *id, const void *run) {
        return strcmp(id, ((const Run *) run)->id);
}

Run *run_list_find(RunList *list, const char *id, const char *started_at) {
        if (list->n == 0)
                return NULL;
        if (!list->sorted)
                qsort(list->runs, list->n, sizeof *list->runs, compare);
        list->sorted = true;

        Run *run = bsearch(id, list->runs, list->n, sizeof *list->runs, compare_id);
        if (run != NULL && started_at != NULL && strcmp(run->started_at, started_at) != 0)
                return NULL;
        return run;
}

void run_list_remove(RunList *list, const char *id) {
        size_t kept = 0;

        for (size_t i = 0; i < list->n; i++) {
                if (strcmp(list->runs[i].id, id) == 0)
                        run_done(&list->runs[i]);
                else
                        list->runs[kept++] = list->runs[i];
        }
        list->n = kept;
}

void run_list_done(RunList *list) {
        for (size_t i = 0; i < list->n; i++)
                run_done(&list->runs[i]);
        free(list->runs);
        *list = (RunList){ 0 };
}

void outage_done(Outage *outage) {
        run_list_done(&outage->before);
        run_list_done(&outage->owed);
        free(outage->provider_id);
        free(outage->provider_started_at);
        *outage = (Outage){ 0 };
}

void outage_begin(Outage *outage, RunList *running) {
        if (outage->open) {
                run_list_done(running);
                return;
        }
        outage->open = true;
        run_list_done(&outage->before);
        outage->before = *running;
        *running = (RunList){ 0 };
}

/* Who was owed a restart already and still runs stays owed it, as one who lived through the earlier
 * one. */
int outage_end(Outage *outage, const RunList *running, bool counts) {
        RunList owed = { 0 };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < running->n; i++) {
                const Run *run = &running->runs[i];
                const Run *earlier = run_list_find(&outage->owed, run->id, run->started_at);
                bool lived =
                        counts && run_list_find(&outage->before, run->id, run->started_at) != NULL;

                if (counts || earlier != NULL)
                        r = run_list_add(
                                &owed, run->id, run->started_at,
                                lived || (earlier != NULL && earlier->lived)
                        );
        }
        if (r < 0) {
                run_list_done(&owed);
                return r;
        }
        run_list_done(&outage->owed);
        run_list_done(&outage->before);
        outage->owed = owed;
        outage->open = false;
        return 0;
}

bool outage_is_unwatched(const Outage *outage, const char *id, const char *started_at) {
        return !outage->open && outage_is_another_run(outage, id, started_at);
}

bool outage_is_another_run(const Outage *outage, const char *id, const char *started_at) {
        if (outage->provider_id == NULL || outage->provider_id[0] == '\0')
                return false;
        return strcmp(outage->provider_id, id) != 0
               || strcmp(outage->provider_started_at, started_at) != 0;
}

int outage_remember_provider(Outage *outage, const char *id, const char *started_at) {
        char *new_id = strdup(id);
        char *new_started_at = strdup(started_at);

        if (new_id == NULL || new_started_at == NULL) {
                free(new_id);
                free(new_started_at);
                return -ENOMEM;
        }
        free(outage->provider_id);
        free(outage->provider_started_at);
        outage->provider_id = new_id;
        outage->provider_started_at = new_started_at;
        return 0;
}

const Run *outage_owes(Outage *outage, const char *id, const char *started_at) {
        return outage->open ? NULL : run_list_find(&outage->owed, id, started_at);
}

#define CALM_FREE     3 /* so often nobody has to wait */
#define CALM_DOUBLING 6

uint64_t outage_calm_usec(unsigned in_a_row, uint64_t grace_usec) {
        unsigned doubled = in_a_row > CALM_FREE ? in_a_row - CALM_FREE : 0;

        if (in_a_row < CALM_FREE)
                return 0;
        return grace_usec << (doubled < CALM_DOUBLING ? doubled : CALM_DOUBLING);
}

json_t *run_list_to_json(const RunList *list) {
        json_t *array = json_array();

        for (size_t i = 0; array != NULL && i < list->n; i++) {
                const Run *run = &list->runs[i];
                json_t *item = json_pack(
                        "{s:s, s:s, s:b}", "id", run->id, "started_at", run->started_at, "lived",
                        run->lived
                );

                if (json_array_append_new(array, item) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

json_t *outage_to_json(const Outage *outage) {
        json_t *before = run_list_to_json(&outage->before);
        json_t *owed = run_list_to_json(&outage->owed);

        if (before == NULL || owed == NULL) {
                json_decref(before);
                json_decref(owed);
                return NULL;
        }
        return json_pack(
                "{s:i, s:b, s:o, s:o, s:s, s:s}", "version", 1, "open", outage->open, "before",
                before, "owed", owed, "provider_id", outage->provider_id ? outage->provider_id : "",
                "provider_started_at",
                outage->provider_started_at ? outage->provider_started_at : ""
        );
}

int run_list_from_json(const json_t *json, RunList *ret) {
        size_t i;
        json_t *item;

        if (!json_is_array(json))
                return -EBADMSG;
        json_array_foreach(json, i, item) {
                const char *id = json_string_value(json_object_get(item, "id"));
                const char *started_at = json_string_value(json_object_get(item, "started_at"));
                int r = id && started_at ? run_list_add(
                                ret, id, started_at, json_is_true(json_object_get(item, "lived"))
                        )
                                         : -EBADMSG;
                if (r < 0)
                        return r;
        }
        return 0;
}

int outage_from_json(const json_t *json, Outage *ret, Error *err) {
        const char *id = json_string_value(json_object_get(json, "provider_id"));
        const char *started_at = json_string_value(json_object_get(json, "provider_started_at"));
        Outage outage = { .open = json_is_true(json_object_get(json, "open")) };

        int r = id && started_at ? outage_remember_provider(&outage, id, started_at) : -EBADMSG;
        if (r >= 0)
                r = run_list_from_json(json_object_get(json, "before"), &outage.before);
        if (r >= 0)
                r = run_list_from_json(json_object_get(json, "owed"), &outage.owed);
        if (r < 0) {
                outage_done(&outage);
                return error_set(err, r, "not a list of who is owed a restart");
        }
        *ret = outage;
        return 0;
}
