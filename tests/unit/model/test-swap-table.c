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
#include "support/swap-scene.h"

#define COLUMNS   8
#define ROWS_MAX  110
#define CELL_SIZE 100

enum {
        PHASE,
        ROLLS,
        OLD,
        NEW,
        NEWER,
        FAILED,
        QUIET,
        DECISION
};

/* The words of each column; a state is one index a column. */
static const char *const words[DECISION][9] = {
        [PHASE] = { "prepare", "beside", "stopping", "started", "rollback" },
        [ROLLS] = { "no", "yes" },
        [OLD] = { "absent", "running", "prev running", "prev stopped", "stopped", "ran again" },
        [NEW] = { "absent", "created", "running", "exited", "paused", "unhealthy", "lost", "pruned",
                  "proven" },
        [NEWER] = { "none", "created", "ran", "other name" },
        [FAILED] = { "no", "yes", "removed" },
        [QUIET] = { "no", "yes" },
};
static const unsigned n_words[DECISION] = { 5, 2, 6, 9, 4, 3, 2 };

/* Of the words of NEW. */
#define LOST   6
#define PRUNED 7
#define PROVEN 8

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

static Container *make_old(unsigned which, bool out_of_service) {
        static const InspectSpec specs[] = {
                [1] = { .name = SCENE_NAME },
                [2] = { .name = SCENE_PREVIOUS },
                [3] = { .name = SCENE_PREVIOUS, .state = "exited" },
                [4] = { .name = SCENE_NAME, .state = "exited" },
                [5] = { .name = SCENE_NAME, .state = "exited", .started = "2026-01-02T06:00:00Z" },
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
        static const char *const states[] = { NULL,      "created", "running", "exited", "paused",
                                              "running", NULL,      NULL,      "running" };
        return which == 0 || which == LOST || which == PRUNED
                       ? NULL
                       : inspect_container(&(InspectSpec){ .id = "b",
                                                           .name = SCENE_NAME,
                                                           .env = scene_link_env,
                                                           .created = "2026-01-02T04:00:00Z",
                                                           .state = states[which],
                                                           .health = which == 5 ? "unhealthy"
                                                                                : NULL });
}

static Container *make_newer(unsigned which) {
        static const char *const names[] = { NULL, "aaaaaaaaaaaa_" SCENE_NAME, SCENE_NAME,
                                             "shop-app-99" };

        return which == 0 ? NULL
                          : inspect_container(&(InspectSpec){ .id = "c",
                                                              .name = names[which],
                                                              .hash = "h2",
                                                              .created = "2026-01-02T05:00:00Z",
                                                              .state = which == 1 ? "created"
                                                                                  : "running" });
}

static bool watches(const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].kind == ACTION_STAY_UP)
                        return true;
        return false;
}

/* The name of what a plan does, by its actions. */
static const char *decision_of(const Plan *plan, SwapPhase phase) {
        const json_t *record = plan_record(plan);
        const char *to = json_string_value(json_object_get(record, "phase"));

        if (plan->n_actions == 0)
                return "wait";
        if (plan->actions[0].kind == ACTION_FORGET)
                return "done";
        if (plan_calls(plan, "/containers/create", ""))
                return "make again";
        if ((to != NULL && strcmp(to, "beside") == 0)
            || (to == NULL && plan_calls(plan, "/b000", "/start")))
                return "go beside";
        if (to != NULL && strcmp(to, "stopping") == 0)
                return "go on";
        if (to != NULL && strcmp(to, "started") == 0)
                return watches(plan)                         ? "prove"
                       : plan_calls(plan, "/b000", "/start") ? "no way back"
                                                             : "accept";
        if (to != NULL && plan->state == LINK_WAITING)
                return "step aside";
        if (to != NULL)
                return plan->counts                                           ? "undo, counted"
                       : json_is_true(json_object_get(record, "was_running")) ? "undo"
                                                                              : "undo, stays down";
        if (plan_calls(plan, "/c000", "/start"))
                return "start newer";
        return phase == SWAP_ROLLBACK
                               && (strncmp(plan->reason, "undoing", 7) == 0
                                   || strncmp(plan->reason, "its old", 7) == 0)
                       ? "restore"
                       : "clear away";
}

static Plan *plan_state(const unsigned *state) {
        SwapPhase phase = (SwapPhase) state[PHASE];
        cleanup(swap_record_freep) SwapRecord *record = scene_record(phase);
        Container *all[3] = { make_old(state[OLD], phase > SWAP_BESIDE), make_new(state[NEW]),
                              make_newer(state[NEWER]) };
        const Container *shown[3];
        size_t n = 0;
        Plan *plan = plan_new();
        cleanup(json_decrefp) json_t *members = json_array();
        SwapView view;

        record->rolls = state[ROLLS] == 1;
        for (size_t i = 0; i < 3; i++)
                if (all[i] != NULL)
                        shown[n++] = all[i];
        swap_look(record, shown, n, &view);
        view.quiet = view.rested = state[QUIET] == 1;
        view.failure = state[FAILED] != 0 ? "could not start the new" : NULL;
        view.removed = state[FAILED] == 2;
        view.lost = state[NEW] == LOST;
        view.pruned = state[NEW] == PRUNED;
        view.made_up_usec = state[NEW] == PROVEN ? 3600 * USEC_PER_SEC : 0;
        if (state[NEW] == LOST || state[NEW] == PRUNED)
                scene_keep_old(record);
        view.members = members;
        plan_swap(&view, 1000 * USEC_PER_SEC, plan);
        cr_assert_eq(plan->error, 0);
        cr_assert_not_null(plan->reason);
        for (size_t i = 0; i < 3; i++)
                (void) container_free(all[i]);
        return plan;
}

/* What the engine cannot show: two containers of one name; nor is one lost before the old one went,
 * nor asked whether it is proven but beside the old one. */
static bool is_possible(const unsigned *state) {
        bool old_has_name = state[OLD] == 1 || state[OLD] >= 4;
        bool new_is_there = state[NEW] != 0 && state[NEW] != LOST && state[NEW] != PRUNED;
        unsigned with_name = old_has_name + new_is_there + (state[NEWER] == 2);

        if (state[NEW] == LOST && (state[PHASE] != SWAP_STARTED || state[OLD] != 0))
                return false;
        if (state[PHASE] == SWAP_BESIDE ? state[ROLLS] == 0 : state[NEW] == PROVEN)
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

Test(swap_table, every_state_is_decided_as_the_table_in_the_readme_says) {
        unsigned state[DECISION] = { 0 }, n = 0;

        read_table();
        do {
                char text[200];

                if (!is_possible(state))
                        continue;
                n++;
                (void) snprintf(
                        text, sizeof text, "| %s | %s | %s | %s | %s | %s | %s |",
                        words[PHASE][state[PHASE]], words[ROLLS][state[ROLLS]],
                        words[OLD][state[OLD]], words[NEW][state[NEW]], words[NEWER][state[NEWER]],
                        words[FAILED][state[FAILED]], words[QUIET][state[QUIET]]
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
