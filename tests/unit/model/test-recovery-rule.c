/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule of recovery, against a little model that shares nothing with the code but the rule's
 * words: it keeps for each run of a container the whole story (which outages it saw begin and end)
 * and derives from that alone who is to be restarted. Containers come, go and start anew, people
 * stop them, requests are answered, the daemon is killed at random and reads what is on disk.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/debt.h"
#include "model/outage.h"

#define N       7
#define STEPS   300
#define SEEDS   400
#define OUTAGES STEPS

/* One run of one container, told by what happened to it. */
typedef struct Life {
        unsigned run;         /* 0: it does not run */
        bool before[OUTAGES]; /* it ran when that outage began */
        bool after[OUTAGES];  /* and when it ended */
        unsigned settled;     /* the outages before this number are done with */
} Life;

typedef struct Story {
        uint32_t seed;
        Life lives[N];
        Recovery action[N];
        bool shown[N];
        bool counted[OUTAGES];
        bool watched[OUTAGES]; /* its begin was seen */
        unsigned outage;       /* the number of the present or the next one */
        bool open;
        bool graced;
        unsigned runs;
        unsigned restarts;
} Story;

static uint32_t dice(Story *story, uint32_t sides) {
        story->seed = story->seed * 1664525 + 1013904223;
        return (story->seed >> 16) % sides;
}

static const char *name_of(int i) {
        static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g" };
        return names[i];
}

static const char *run_of(const Life *life, char buffer[16]) {
        (void) snprintf(buffer, 16, "%u", life->run);
        return buffer;
}

static void start(Story *story, int i) {
        story->lives[i] = (Life){ .run = ++story->runs };
}

static RunList running(const Story *story) {
        RunList list = { 0 };
        char buffer[16];

        for (int i = N - 1; i >= 0; i--)
                if (story->lives[i].run != 0 && story->action[i] != RECOVERY_NONE)
                        cr_assert_eq(
                                run_list_add(
                                        &list, name_of(i), run_of(&story->lives[i], buffer), false
                                ),
                                0
                        );
        return list;
}

/* The rule, in its own words. */
static bool is_to_be_restarted(const Story *story, int i) {
        const Life *life = &story->lives[i];
        bool owed = false;
        bool lived = false;

        if (life->run == 0 || story->open || story->action[i] == RECOVERY_NONE)
                return false;
        for (unsigned k = life->settled; k < story->outage; k++) {
                bool at_its_end = story->counted[k] && life->after[k];

                owed = owed || at_its_end;
                lived = lived || (at_its_end && life->before[k] && story->watched[k]);
        }
        if (!owed)
                return false;
        if (lived && story->action[i] == RECOVERY_RESTART)
                return true;
        return story->graced && !story->shown[i];
}

static void begin(Story *story, Outage *outage, bool watched) {
        RunList list = watched ? running(story) : (RunList){ 0 };

        if (!story->open)
                for (int i = 0; i < N; i++)
                        story->lives[i].before[story->outage] = story->lives[i].run != 0;
        if (!story->open)
                story->watched[story->outage] = watched;
        story->open = true;
        outage_begin(outage, &list);
        run_list_done(&list);
        (void) memset(story->shown, 0, sizeof story->shown);
}

static void end(Story *story, Outage *outage, bool counts) {
        RunList list = running(story);

        if (story->open) {
                cr_assert_eq(outage_end(outage, &list, counts), 0);
                for (int i = 0; i < N; i++)
                        story->lives[i].after[story->outage] = story->lives[i].run != 0;
                story->counted[story->outage++] = counts;
                story->open = false;
                story->graced = false;
        }
        run_list_done(&list);
}

static void crash(Outage *outage) {
        json_t *json = outage_to_json(outage);
        Error err = { 0 };

        cr_assert_not_null(json);
        outage_done(outage);
        cr_assert_eq(outage_from_json(json, outage, &err), 0, "%s", error_text(&err));
        json_decref(json);
}

static Due due_of(const Story *story, Outage *outage, int i) {
        char buffer[16];
        const Run *run = outage_owes(outage, name_of(i), run_of(&story->lives[i], buffer));
        const Debt debt = { .owed = run != NULL,
                            .lived = run != NULL && run->lived,
                            .shown = story->shown[i] ? SHOWN_YES
                                     : story->graced ? SHOWN_NO
                                                     : SHOWN_NOT_YET };

        return debt_due(&debt, story->action[i]);
}

/* One look at one container, as the reconciler takes it. */
static void look(Story *story, Outage *outage, int i) {
        Life *life = &story->lives[i];
        char buffer[16];

        if (story->open)
                return;
        if (run_list_find(&outage->owed, name_of(i), NULL) != NULL
            && (life->run == 0
                || run_list_find(&outage->owed, name_of(i), run_of(life, buffer)) == NULL))
                run_list_remove(&outage->owed, name_of(i));
        if (life->run == 0)
                return;

        Due due = due_of(story, outage, i);
        cr_assert_eq(
                due == DUE_RESTART, is_to_be_restarted(story, i), "%s of run %u", name_of(i),
                life->run
        );
        if (due == DUE_RESTART) {
                story->restarts++;
                start(story, i);
        } else if (due == DUE_NOTHING) {
                life->settled = story->outage;
                run_list_remove(&outage->owed, name_of(i));
        }
}

static void step(Story *story, Outage *outage) {
        int i = (int) dice(story, N);

        switch (dice(story, 10)) {
        case 0:
                start(story, i);
                break;
        case 1:
                story->lives[i] = (Life){ 0 }; /* stopped, or removed */
                break;
        case 2:
                crash(outage);
                break;
        case 3:
                begin(story, outage, dice(story, 4) > 0);
                break;
        case 4:
        case 5:
                end(story, outage, dice(story, 3) > 0);
                break;
        case 6:
                story->graced = story->graced || (!story->open && dice(story, 2));
                break;
        case 7:
                story->shown[i] = story->shown[i] || (!story->open && story->lives[i].run != 0);
                break;
        default:
                look(story, outage, i);
                break;
        }
}

Test(recovery_rule, exactly_those_are_restarted_whom_the_rule_names) {
        unsigned restarts = 0;

        for (uint32_t seed = 1; seed <= SEEDS; seed++) {
                static Story story;
                Outage outage = { 0 };

                story = (Story){ .seed = seed };
                for (int i = 0; i < N; i++) {
                        start(&story, i);
                        story.action[i] = (Recovery) (i % 3);
                }
                for (unsigned n = 0; n < STEPS; n++)
                        step(&story, &outage);

                /* At last it stays up: whoever is owed one gets it, once, and then all is quiet. */
                end(&story, &outage, true);
                story.graced = true;
                for (int i = 0; i < N; i++)
                        look(&story, &outage, i);
                unsigned until = story.restarts;
                for (int i = 0; i < N; i++)
                        look(&story, &outage, i);
                cr_assert_eq(story.restarts, until, "seed %u: somebody was restarted twice", seed);
                restarts += story.restarts;
                outage_done(&outage);
        }
        cr_assert_gt(restarts, 1000, "the story is worth something");
}

Test(recovery_rule, a_wrong_rule_would_be_noticed) {
        static Story story;
        Outage outage = { 0 };

        story = (Story){ .seed = 1 };
        start(&story, 0);
        begin(&story, &outage, true);
        end(&story, &outage, true);
        cr_assert(is_to_be_restarted(&story, 0));
        cr_assert_eq(due_of(&story, &outage, 0), DUE_RESTART);
        story.shown[0] = true;
        cr_assert(is_to_be_restarted(&story, 0), "it lived through it");
        story.action[0] = RECOVERY_AUTO;
        cr_assert_not(is_to_be_restarted(&story, 0));
        outage_done(&outage);
}
