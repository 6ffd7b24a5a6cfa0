/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The swap's table stands in agent/README.md. Here every state that can be told apart is made, its
 * decision is looked up there, and compared with what plan_swap() decides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-swap.h"
#include "support/inspect.h"

#define NAME      "shop-app-1"
#define PREVIOUS  NAME ".coollama-prev"
#define COLUMNS   7
#define ROWS_MAX  80
#define CELL_SIZE 100

enum {
        PHASE,
        OLD,
        NEW,
        NEWER,
        FAILED,
        QUIET,
        DECISION
};

/* The words of each column; a state is one index a column. */
static const char *const words[DECISION][8] = {
        [PHASE] = { "prepare", "stopping", "started", "rollback" },
        [OLD] = { "absent", "running", "prev running", "prev stopped", "stopped", "ran again" },
        [NEW] = { "absent", "created", "running", "exited", "paused", "unhealthy", "lost" },
        [NEWER] = { "none", "created", "ran", "other name" },
        [FAILED] = { "no", "yes", "removed" },
        [QUIET] = { "no", "yes" },
};
static const unsigned n_words[DECISION] = { 4, 6, 7, 4, 3, 2 };

/* Of the words of NEW. */
#define LOST 6

typedef struct Row {
        char cells[COLUMNS][CELL_SIZE];
        unsigned used;
} Row;

static Row rows[ROWS_MAX];
static size_t n_rows;

static void trim_copy(char *to, const char *from, size_t size) {
        while (size > 0 && *from == ' ') {
                from++;
                size--;
        }
        while (size > 0 && from[size - 1] == ' ')
                size--;
        cr_assert_lt(size, CELL_SIZE);
        memcpy(to, from, size);
        to[size] = '\0';
}

static bool read_row(const char *line, Row *row) {
        if (line[0] != '|')
                return false;
        line++;
        for (size_t i = 0; i < COLUMNS; i++) {
                const char *end = strchr(line, '|');
                if (end == NULL)
                        return false;
                trim_copy(row->cells[i], line, (size_t) (end - line));
                line = end + 1;
        }
        return true;
}

/* The table below the heading, without its own two heading lines. */
static void read_table(void) {
        FILE *f = fopen(PROJECT_SOURCE "/agent/README.md", "re");
        char *line = NULL;
        size_t allocated = 0;
        bool inside = false;
        unsigned heading = 0;

        cr_assert_not_null(f);
        n_rows = 0;
        while (getline(&line, &allocated, f) > 0) {
                if (strncmp(line, "## ", 3) == 0)
                        inside = strncmp(line, "## The swap, state by state", 27) == 0;
                if (!inside || line[0] != '|' || heading++ < 2)
                        continue;
                cr_assert_lt(n_rows, ROWS_MAX);
                rows[n_rows] = (Row){ 0 };
                cr_assert(read_row(line, &rows[n_rows]), "not a row: %s", line);
                n_rows++;
        }
        free(line);
        (void) fclose(f); /* only read */
        cr_assert_gt(n_rows, 0, "agent/README.md has no table");
}

/* A cell is "any", or words with commas between. */
static bool cell_holds(const char *cell, const char *word) {
        size_t length = strlen(word);

        if (strcmp(cell, "any") == 0)
                return true;
        for (const char *at = cell; at != NULL; at = strchr(at, ',')) {
                at += strspn(at, ", ");
                if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
                        return true;
        }
        return false;
}

static Row *find_row(const unsigned *state) {
        for (size_t r = 0; r < n_rows; r++) {
                bool holds = true;

                for (size_t i = 0; i < DECISION && holds; i++)
                        holds = cell_holds(rows[r].cells[i], words[i][state[i]]);
                if (holds)
                        return &rows[r];
        }
        return NULL;
}

static const char *const link_env[] = { "VER=1", "OLLAMA_BASE_URL=http://x", NULL };

static Container *make_old(unsigned which, bool out_of_service) {
        static const InspectSpec specs[] = {
                [1] = { .name = NAME },
                [2] = { .name = PREVIOUS },
                [3] = { .name = PREVIOUS, .state = "exited" },
                [4] = { .name = NAME, .state = "exited" },
                [5] = { .name = NAME, .state = "exited", .started = "2026-01-02T06:00:00Z" },
        };
        InspectSpec spec;

        if (which == 0)
                return NULL;
        spec = specs[which];
        if (out_of_service && (which == 3 || which == 4))
                spec.policy = "no";
        return inspect_container(&spec);
}

static Container *make_new(unsigned which) {
        static const char *const states[] = { NULL,     "created", "running",
                                              "exited", "paused",  "running" };
        return which == 0 || which == LOST ? NULL
                                           : inspect_container(&(InspectSpec
                                           ){ .id = "b",
                                              .name = NAME,
                                              .env = link_env,
                                              .created = "2026-01-02T04:00:00Z",
                                              .state = states[which],
                                              .health = which == 5 ? "unhealthy" : NULL });
}

static Container *make_newer(unsigned which) {
        static const char *const names[] = { NULL, "aaaaaaaaaaaa_" NAME, NAME, "shop-app-99" };

        return which == 0 ? NULL
                          : inspect_container(&(InspectSpec){ .id = "c",
                                                              .name = names[which],
                                                              .hash = "h2",
                                                              .created = "2026-01-02T05:00:00Z",
                                                              .state = which == 1 ? "created"
                                                                                  : "running" });
}

static SwapRecord *make_record(SwapPhase phase) {
        Container *before = inspect_container(&(InspectSpec){ 0 });
        SwapRecord *record = NULL;

        cr_assert_eq(swap_record_new("shop/app", before, &record), 0);
        (void) container_free(before);
        record->phase = phase;
        if (phase == SWAP_ROLLBACK) {
                free(record->last_run);
                record->last_run = strdup("2026-01-02T03:04:06Z");
        }
        json_array_append_new(record->link, json_string("OLLAMA_BASE_URL=http://x"));
        if (phase != SWAP_PREPARE) {
                char id[65];

                memset(id, '0', 64);
                id[0] = 'b';
                id[64] = '\0';
                free(record->new_id);
                record->new_id = strdup(id);
        }
        return record;
}

/* All that it takes to make the old one again. */
static void keep_old(SwapRecord *record) {
        json_decref(record->keep);
        record->keep = json_pack(
                "{s:{s:s, s:{s:{s:{}}}}}", "create", "Image", "busybox", "NetworkingConfig",
                "EndpointsConfig", "shop_default"
        );
}

static bool calls(const Plan *plan, const char *id, const char *end) {
        for (size_t i = 0; i < plan->n_actions; i++) {
                const Action *action = &plan->actions[i];

                if (action->kind == ACTION_CALL && strstr(action->u.call.path, id) != NULL
                    && strstr(action->u.call.path, end) != NULL)
                        return true;
        }
        return false;
}

static const json_t *record_of(const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].kind == ACTION_RECORD)
                        return plan->actions[i].u.record;
        return NULL;
}

static bool watches(const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].kind == ACTION_STAY_UP)
                        return true;
        return false;
}

/* The name of what a plan does, by its actions. */
static const char *decision_of(const Plan *plan, SwapPhase phase) {
        const json_t *record = record_of(plan);
        const char *to = json_string_value(json_object_get(record, "phase"));

        if (plan->n_actions == 0)
                return "wait";
        if (plan->actions[0].kind == ACTION_FORGET)
                return "done";
        if (to != NULL && strcmp(to, "stopping") == 0)
                return "go on";
        if (to != NULL && strcmp(to, "started") == 0)
                return watches(plan)                    ? "prove"
                       : calls(plan, "/b000", "/start") ? "no way back"
                                                        : "accept";
        if (to != NULL && plan->state == LINK_WAITING)
                return "step aside";
        if (to != NULL)
                return plan->counts                                           ? "undo, counted"
                       : json_is_true(json_object_get(record, "was_running")) ? "undo"
                                                                              : "undo, stays down";
        if (calls(plan, "/c000", "/start"))
                return "start newer";
        if (calls(plan, "/containers/create", ""))
                return "make again";
        return phase == SWAP_ROLLBACK
                               && (strncmp(plan->reason, "undoing", 7) == 0
                                   || strncmp(plan->reason, "its old", 7) == 0)
                       ? "restore"
                       : "clear away";
}

static Plan *plan_state(const unsigned *state) {
        SwapPhase phase = (SwapPhase) state[PHASE];
        cleanup(swap_record_freep) SwapRecord *record = make_record(phase);
        Container *all[3] = { make_old(state[OLD], phase != SWAP_PREPARE), make_new(state[NEW]),
                              make_newer(state[NEWER]) };
        const Container *shown[3];
        size_t n = 0;
        Plan *plan = plan_new();
        cleanup(json_decrefp) json_t *members = json_array();
        SwapView view;

        for (size_t i = 0; i < 3; i++)
                if (all[i] != NULL)
                        shown[n++] = all[i];
        swap_look(record, shown, n, &view);
        view.quiet = view.rested = state[QUIET] == 1;
        view.failure = state[FAILED] != 0 ? "could not start the new" : NULL;
        view.removed = state[FAILED] == 2;
        view.lost = state[NEW] == LOST;
        if (view.lost)
                keep_old(record);
        view.members = members;
        plan_swap(&view, 1000 * USEC_PER_SEC, plan);
        cr_assert_eq(plan->error, 0);
        cr_assert_not_null(plan->reason);
        for (size_t i = 0; i < 3; i++)
                (void) container_free(all[i]);
        return plan;
}

/* What the engine cannot show: two containers of one name; nor is one lost before the old one went.
 */
static bool is_possible(const unsigned *state) {
        bool old_has_name = state[OLD] == 1 || state[OLD] >= 4;
        bool new_is_there = state[NEW] != 0 && state[NEW] != LOST;
        unsigned with_name = old_has_name + new_is_there + (state[NEWER] == 2);

        if (state[NEW] == LOST && (state[PHASE] != SWAP_STARTED || state[OLD] != 0))
                return false;
        return with_name <= 1;
}

static bool next_state(unsigned *state) {
        for (size_t i = 0; i < DECISION; i++) {
                if (++state[i] < n_words[i])
                        return true;
                state[i] = 0;
        }
        return false;
}

Test(plan_swap, every_state_is_decided_as_the_table_in_the_readme_says) {
        unsigned state[DECISION] = { 0 }, n = 0;

        read_table();
        do {
                char text[200];

                if (!is_possible(state))
                        continue;
                n++;
                (void) snprintf(
                        text, sizeof text, "| %s | %s | %s | %s | %s | %s |",
                        words[PHASE][state[PHASE]], words[OLD][state[OLD]], words[NEW][state[NEW]],
                        words[NEWER][state[NEWER]], words[FAILED][state[FAILED]],
                        words[QUIET][state[QUIET]]
                );
                cleanup(plan_freep) Plan *plan = plan_state(state);
                const char *decision = decision_of(plan, (SwapPhase) state[PHASE]);
                Row *row = find_row(state);

                cr_expect_not_null(row, "%s %s: no row", text, decision);
                if (row == NULL)
                        continue;
                row->used++;
                cr_expect_str_eq(
                        decision, row->cells[DECISION], "%s decided: %s; table: %s (row %zu)", text,
                        decision, row->cells[DECISION], (size_t) (row - rows) + 1
                );
        } while (next_state(state));
        cr_expect_gt(n, 1000, "only %u states", n);
        for (size_t r = 0; r < n_rows; r++)
                cr_expect_gt(rows[r].used, 0, "row %zu of the table is never reached", r + 1);
}

/* A view of the containers of these documents, which are taken over; at most three. */
typedef struct Scene {
        SwapRecord *record;
        Container *containers[3];
        size_t n;
        SwapView view;
        Plan *plan;
} Scene;

static void look(Scene *scene, SwapPhase phase, size_t n, const InspectSpec *specs) {
        const Container *shown[3];

        *scene = (Scene){ .record = make_record(phase), .n = n, .plan = plan_new() };
        for (size_t i = 0; i < n; i++)
                shown[i] = scene->containers[i] = inspect_container(&specs[i]);
        swap_look(scene->record, shown, n, &scene->view);
        scene->view.quiet = scene->view.rested = true;
}

static void scene_done(Scene *scene) {
        for (size_t i = 0; i < scene->n; i++)
                (void) container_free(scene->containers[i]);
        (void) swap_record_free(scene->record);
        (void) plan_free(scene->plan);
}

static const InspectSpec old_prev = { .name = PREVIOUS, .state = "exited", .policy = "no" };
static const InspectSpec new_running = {
        .id = "b", .name = NAME, .env = link_env, .created = "2026-01-02T04:00:00Z"
};

Test(plan_swap, compose_is_left_to_remove_what_it_replaces_itself) {
        const InspectSpec specs[] = { old_prev,
                                      new_running,
                                      { .id = "c",
                                        .name = "b00000000000_" NAME,
                                        .created = "2026-02-01T00:00:00Z",
                                        .state = "created" } };
        Scene scene;

        look(&scene, SWAP_STARTED, 3, specs);
        cr_expect_eq(swap_victim(&scene.view), scene.containers[1]);
        scene.view.quiet = false;
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->n_actions, 0);
        cr_expect_gt(scene.plan->wake_usec, 1);
        scene_done(&scene);

        look(&scene, SWAP_STARTED, 3, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect(calls(scene.plan, "/b000", "?v=0"), "quiet, and it has not done so");
        scene_done(&scene);
}

Test(plan_swap, the_old_one_runs_before_ours_goes_and_before_it_gets_its_name) {
        const InspectSpec specs[] = { old_prev, new_running };
        static const char *const ends[] = { "/b000", "/update", "/start", "?v=0", "/rename?name=" };
        Scene scene;

        look(&scene, SWAP_ROLLBACK, 2, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->n_actions, ARRAY_LEN(ends));
        for (size_t i = 0; i < ARRAY_LEN(ends); i++)
                cr_expect_not_null(
                        strstr(scene.plan->actions[i].u.call.path, ends[i]), "%zu: %s", i,
                        scene.plan->actions[i].u.call.path
                );
        cr_expect(scene.plan->undoes);
        scene_done(&scene);
}

Test(plan_swap, others_that_the_newer_deployment_left_are_started_before_the_record_goes) {
        const InspectSpec specs[] = {
                { .id = "c", .name = NAME, .created = "2026-02-01T00:00:00Z" }
        };
        Scene scene;

        look(&scene, SWAP_STOPPING, 1, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->needs, NEED_MEMBERS);
        cr_expect_eq(scene.plan->n_actions, 0);
        cr_expect_str_eq(scene.plan->subject, scene.containers[0]->id);
        scene_done(&scene);

        look(&scene, SWAP_STOPPING, 1, specs);
        json_t *members = json_pack(
                "[{s:s, s:i, s:s, s:[s]}, {s:s, s:i, s:s, s:[s]}]", "Id", scene.containers[0]->id,
                "Created", 1000, "State", "running", "Names", "/" NAME, "Id", "d000", "Created",
                990, "State", "created", "Names", "/shop-db-1"
        );
        scene.view.members = members;
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->n_actions, 2);
        cr_expect_str_eq(scene.plan->actions[0].u.call.path, "/containers/d000/start");
        cr_expect_eq(scene.plan->actions[1].kind, ACTION_FORGET);
        json_decref(members);
        scene_done(&scene);
}

Test(plan_swap, the_restart_policy_comes_back_as_the_record_has_it) {
        const InspectSpec specs[] = { old_prev };
        Scene scene;

        look(&scene, SWAP_ROLLBACK, 1, specs);
        plan_swap(&scene.view, 1, scene.plan);
        const json_t *policy = json_object_get(scene.plan->actions[0].u.call.body, "RestartPolicy");
        cr_expect_str_eq(json_string_value(json_object_get(policy, "Name")), "unless-stopped");
        scene_done(&scene);
}

Test(plan_swap, writing_that_it_is_undone_may_fail) {
        const InspectSpec specs[] = { old_prev };
        Scene scene;

        look(&scene, SWAP_STOPPING, 1, specs);
        scene.view.failure = "could not start the new";
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_RECORD);
        cr_expect(scene.plan->actions[0].optional);
        cr_expect(scene.plan->counts);
        cr_expect(json_is_true(json_object_get(scene.plan->actions[0].u.record, "counts")));
        scene_done(&scene);
}

Test(plan_swap, further_networks_are_connected_with_the_new_ones_id) {
        const InspectSpec specs[] = { { .name = PREVIOUS },
                                      { .id = "b",
                                        .name = NAME,
                                        .env = link_env,
                                        .created = "2026-01-02T04:00:00Z",
                                        .state = "created" } };
        Scene scene;

        look(&scene, SWAP_PREPARE, 2, specs);
        json_array_append_new(
                scene.record->connects, json_pack(
                                                "{s:s, s:{s:n, s:{}}}", "network", "net b?", "body",
                                                "Container", "EndpointConfig"
                                        )
        );
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_CALL);
        cr_expect_str_eq(scene.plan->actions[0].u.call.path, "/networks/net%20b%3F/connect");
        cr_expect_str_eq(
                json_string_value(json_object_get(scene.plan->actions[0].u.call.body, "Container")),
                scene.containers[1]->id
        );
        cr_expect(
                json_is_null(json_object_get(
                        json_object_get(json_array_get(scene.record->connects, 0), "body"),
                        "Container"
                )),
                "the record's own is left as it was"
        );
        scene_done(&scene);
}

/* What the undo of an old one in this state writes down of its last run. */
static void expect_last_run(const char *state, const char *wanted) {
        const InspectSpec specs[] = { { .name = PREVIOUS, .state = state, .policy = "no" } };
        Scene scene;

        look(&scene, SWAP_STOPPING, 1, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_str_eq(
                json_string_value(json_object_get(record_of(scene.plan), "last_run")), wanted, "%s",
                state
        );
        scene_done(&scene);
}

Test(plan_swap, an_undo_notes_the_run_that_it_is_to_follow) {
        expect_last_run("exited", "2026-01-02T03:04:06Z");
        expect_last_run("running", SWAP_RUN_NONE);
        expect_last_run("paused", SWAP_RUN_NONE);
}

Test(plan_swap, an_old_one_is_started_once_and_not_again_when_it_ends) {
        static const struct {
                const char *last_run, *policy;
                bool starts;
        } cases[] = {
                { "", "unless-stopped", true },
                { "2026-01-02T03:04:06Z", "unless-stopped", true },
                { "2026-01-01T00:00:00Z", "unless-stopped", false },
                { SWAP_RUN_NONE, "unless-stopped", false },
                /* With a policy of ours it is out of service still. */
                { "2026-01-01T00:00:00Z", "no", true },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const InspectSpec specs[] = {
                        { .name = PREVIOUS, .state = "exited", .policy = cases[i].policy }
                };
                Scene scene;

                look(&scene, SWAP_ROLLBACK, 1, specs);
                free(scene.record->last_run);
                scene.record->last_run = strdup(cases[i].last_run);
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(calls(scene.plan, "/aaaa", "/start"), cases[i].starts, "%zu", i);
                cr_expect(calls(scene.plan, "/aaaa", "/rename?name=" NAME), "%zu", i);
                scene_done(&scene);
        }
}

Test(plan_swap, what_is_in_the_way_of_service_is_said_with_the_mend) {
        const InspectSpec old[] = { old_prev };
        const InspectSpec newer[] = { { .id = "c",
                                        .name = NAME,
                                        .hash = "h2",
                                        .created = "2026-01-02T05:00:00Z",
                                        .state = "created" } };
        Scene scene;

        look(&scene, SWAP_ROLLBACK, 1, old);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->state, LINK_LINKING, "nothing has failed yet");
        scene_done(&scene);

        for (size_t i = 0; i < 2; i++) {
                look(&scene, SWAP_ROLLBACK, 1, i == 0 ? old : newer);
                scene.view.failure = "could not start the old: port is already allocated";
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(scene.plan->state, LINK_FAILED, "%zu", i);
                cr_expect_not_null(
                        strstr(scene.plan->reason, "port is already allocated"), "%zu", i
                );
                cr_expect_not_null(scene.plan->next, "%zu", i);
                scene_done(&scene);
        }
}

Test(plan_swap, files_are_copied_before_the_old_one_is_stopped_and_once) {
        const InspectSpec specs[] = { { .name = PREVIOUS },
                                      { .id = "b",
                                        .name = NAME,
                                        .env = link_env,
                                        .created = "2026-01-02T04:00:00Z",
                                        .state = "created" } };
        Scene scene;

        look(&scene, SWAP_PREPARE, 2, specs);
        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_COPY);
        const ActionCopy *copy = &scene.plan->actions[0].u.copy;
        cr_expect_str_eq(copy->from, scene.containers[0]->id);
        cr_expect_str_eq(copy->to, scene.containers[1]->id);
        cr_expect(json_equal(copy->paths, scene.record->files));
        scene_done(&scene);

        look(&scene, SWAP_STOPPING, 2, specs);
        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
        plan_swap(&scene.view, 1, scene.plan);
        for (size_t i = 0; i < scene.plan->n_actions; i++)
                cr_expect_neq(scene.plan->actions[i].kind, ACTION_COPY);
        scene_done(&scene);
}

Test(plan_swap, one_that_compose_took_away_is_made_again_where_its_creation_gives_the_whole_of_it) {
        static const char *const cases[] = { "as it is",   "connects",     "files",   "down",
                                             "no compose", "nothing kept", "not lost" };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *what = cases[i];
                Scene scene;

                look(&scene, SWAP_STARTED, 0, NULL);
                keep_old(scene.record);
                scene.view.lost = strcmp(what, "not lost") != 0;
                if (strcmp(what, "connects") == 0)
                        json_array_append_new(scene.record->connects, json_object());
                if (strcmp(what, "files") == 0)
                        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
                if (strcmp(what, "down") == 0)
                        scene.record->was_running = false;
                if (strcmp(what, "no compose") == 0)
                        json_object_clear(json_object_get(
                                json_object_get(scene.record->old, "Config"), "Labels"
                        ));
                if (strcmp(what, "nothing kept") == 0) {
                        json_decref(scene.record->keep);
                        scene.record->keep = json_null();
                }
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(
                        calls(scene.plan, "/containers/create", "?name=" NAME), i == 0, "%s", what
                );
                cr_expect_eq(calls(scene.plan, "/networks/", "shop_default"), i == 0, "%s", what);
                scene_done(&scene);
        }
}
