/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery with what it keeps on disk: a daemon that was killed is one whose memory is gone, so it
 * is left as it is, and another one reads the same directory. The engine does not answer here:
 * nobody can prove anything.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/recovery.h"
#include "support/inspect.h"

#define HOUR   (3600 * USEC_PER_SEC)
#define N_MAX  1000
#define OLLAMA "ollama", "2026-01-01T00:00:00Z"

typedef struct Bench {
        char dir[64];
        sd_event *event;
        Http *http;
        Engine *engine;
        Config config;
        RecoveryState *recovery;
        RecoveryState *dead[64]; /* killed, and never heard of again */
        size_t n_dead;
        char ids[N_MAX][65];
        char started[N_MAX][24];
        bool up[N_MAX];
        size_t n;
        unsigned runs;
        unsigned due;
} Bench;

static unsigned warnings;

static void count_warnings(const LogEntry *entry, void *data) {
        (void) data;
        warnings += entry->level <= LOG_WARNING;
}

static void on_due(void *data) {
        ((Bench *) data)->due++;
}

static void on_list_running(RunList *ret, bool owed, void *data) {
        const Bench *bench = data;

        (void) owed;
        for (size_t i = 0; i < bench->n; i++)
                if (bench->up[i])
                        cr_assert_eq(run_list_add(ret, bench->ids[i], bench->started[i], false), 0);
}

static void start(Bench *bench, size_t i) {
        (void) snprintf(bench->started[i], sizeof bench->started[i], "run-%u", ++bench->runs);
        bench->up[i] = true;
}

static void open_recovery(Bench *bench) {
        const RecoverySetup setup = {
                .event = bench->event,
                .engine = bench->engine,
                .state_dir = bench->dir,
                .config = &bench->config,
                .due = on_due,
                .list_running = on_list_running,
                .data = bench,
        };
        Error err = { 0 };

        cr_assert_eq(recovery_new(&setup, &bench->recovery, &err), 0, "%s", error_text(&err));
}

static void bench_begin(Bench *bench, size_t n) {
        *bench = (Bench){ .dir = "/tmp/coollama-recovery-XXXXXX", .n = n };
        bench->config.recovery = (ConfigRecovery){ .grace_usec = HOUR, .parallel = 2 };
        warnings = 0;
        log_set_sink(count_warnings, NULL);
        cr_assert_not_null(mkdtemp(bench->dir));
        cr_assert_geq(sd_event_new(&bench->event), 0);
        cr_assert_eq(http_new(bench->event, &bench->http), 0);
        cr_assert_eq(engine_new(bench->event, bench->http, "/nonexistent", &bench->engine), 0);
        for (size_t i = 0; i < n; i++) {
                (void) snprintf(bench->ids[i], sizeof bench->ids[i], "%064zu", i);
                start(bench, i);
        }
        open_recovery(bench);
        recovery_came_up(bench->recovery, OLLAMA, clock_monotonic_usec());
}

static void bench_end(Bench *bench) {
        (void) recovery_free(bench->recovery);
        for (size_t i = 0; i < bench->n_dead; i++)
                (void) recovery_free(bench->dead[i]);
        (void) engine_free(bench->engine);
        (void) http_free(bench->http);
        bench->event = sd_event_unref(bench->event);
        (void) file_remove_tree(bench->dir, NULL);
        log_set_sink(NULL, NULL);
}

/* Another daemon, with what is on disk alone. */
static void crash(Bench *bench) {
        cr_assert_lt(bench->n_dead, ARRAY_LEN(bench->dead));
        bench->dead[bench->n_dead++] = bench->recovery;
        open_recovery(bench);
}

static void look(const Bench *bench, size_t i, Debt *ret) {
        const InspectSpec spec = { .id = bench->ids[i],
                                   .state = bench->up[i] ? "running" : "exited",
                                   .started = bench->started[i] };
        Container *container = inspect_container(&spec);

        recovery_saw(bench->recovery, container);
        *ret = recovery_debt(bench->recovery, container, 0);
        (void) container_free(container);
}

static Debt debt_of(const Bench *bench, size_t i) {
        Debt debt;

        look(bench, i, &debt);
        return debt;
}

static bool is_due(const Bench *bench, size_t i) {
        Debt debt = debt_of(bench, i);
        return debt_due(&debt, RECOVERY_RESTART) == DUE_RESTART;
}

static size_t count_due(const Bench *bench) {
        size_t n = 0;

        for (size_t i = 0; i < bench->n; i++)
                n += is_due(bench, i);
        return n;
}

static void ask_for_restart(const Bench *bench, size_t i) {
        const InspectSpec spec = { .id = bench->ids[i], .started = bench->started[i] };
        Container *container = inspect_container(&spec);

        recovery_restarts(bench->recovery, container);
        (void) container_free(container);
}

static void went_down(const Bench *bench) {
        recovery_went_down(bench->recovery, clock_monotonic_usec());
}

static void came_up(const Bench *bench) {
        recovery_came_up(bench->recovery, OLLAMA, clock_monotonic_usec());
}

Test(recovery, killed_after_any_write_it_forgets_nobody_and_restarts_nobody_twice) {
        for (unsigned blow = 0; blow < 8; blow++) {
                Bench bench;

                bench_begin(&bench, 3);
                for (unsigned step = 0; step < 8; step++) {
                        if (step == 0)
                                went_down(&bench);
                        else if (step == 1)
                                came_up(&bench);
                        else if (step % 2 == 0)
                                ask_for_restart(&bench, step / 2 - 1);
                        else
                                start(&bench, step / 2 - 1);
                        if (step == blow) {
                                crash(&bench);
                                if (step > 0)
                                        came_up(&bench);
                        }
                        for (size_t i = 0; step > 0 && i < 3; i++) {
                                Debt debt = debt_of(&bench, i);
                                bool paid = (step - 1) / 2 > i;

                                cr_expect_eq(debt.owed, !paid, "%zu at %u/%u", i, step, blow);
                                cr_expect_eq(debt.lived, !paid);
                        }
                }
                cr_assert_eq(count_due(&bench), 0, "blow %u", blow);
                bench_end(&bench);
        }
}

Test(recovery, the_length_of_an_outage_survives_the_daemon) {
        for (int counts = 0; counts < 2; counts++) {
                Bench bench;

                bench_begin(&bench, 1);
                bench.config.recovery.min_outage_usec = HOUR;
                recovery_went_down(
                        bench.recovery, clock_monotonic_usec() - (counts ? 2 * HOUR : HOUR / 2)
                );
                crash(&bench);
                came_up(&bench);
                cr_expect_eq(count_due(&bench), (size_t) counts);
                bench_end(&bench);
        }
}

Test(recovery, an_outage_that_was_found_is_one_that_nobody_lived_through) {
        Bench bench;

        bench_begin(&bench, 1);
        bench.config.recovery.min_outage_usec = HOUR;
        crash(&bench);
        recovery_found_down(bench.recovery);
        came_up(&bench);
        Debt debt = debt_of(&bench, 0);
        cr_expect(debt.owed && !debt.lived, "nobody knows how long it lasted");
        bench_end(&bench);
}

Test(recovery, ollama_that_was_never_up_is_no_outage) {
        Bench bench;

        bench_begin(&bench, 1);
        crash(&bench);
        cr_assert_eq(file_remove_tree(bench.dir, NULL), 0);
        cr_assert_eq(mkdir(bench.dir, 0700), 0);
        crash(&bench);
        recovery_found_down(bench.recovery);
        came_up(&bench);
        cr_expect_not(debt_of(&bench, 0).owed);
        bench_end(&bench);
}

Test(recovery, a_full_disk_is_said_once_and_keeps_nobody_from_his_restart) {
        Bench bench;
        char aside[80];

        bench_begin(&bench, N_MAX);
        (void) snprintf(aside, sizeof aside, "%s.aside", bench.dir);
        cr_assert_eq(rename(bench.dir, aside), 0);
        went_down(&bench);
        came_up(&bench);
        cr_assert_eq(count_due(&bench), N_MAX);
        for (size_t i = 0; i < N_MAX; i++) {
                ask_for_restart(&bench, i);
                start(&bench, i);
                cr_assert_not(is_due(&bench, i));
        }
        cr_expect_eq(warnings, 1, "said %u times", warnings);

        /* Room again: what is known is written, and a daemon that comes now has it. */
        cr_assert_eq(rename(aside, bench.dir), 0);
        went_down(&bench);
        came_up(&bench);
        crash(&bench);
        came_up(&bench);
        cr_expect_eq(count_due(&bench), N_MAX);
        bench_end(&bench);
}

Test(recovery, what_our_restart_left_stopped_is_told_from_what_its_user_stopped) {
        Bench bench;

        bench_begin(&bench, 2);
        went_down(&bench);
        came_up(&bench);
        ask_for_restart(&bench, 0);
        bench.up[0] = bench.up[1] = false;
        cr_expect(debt_of(&bench, 0).cut_short, "ours");
        cr_expect_not(debt_of(&bench, 1).cut_short, "its user's");
        cr_expect_not(is_due(&bench, 1));

        /* Started, and stopped by its user later. */
        start(&bench, 0);
        cr_expect_not(debt_of(&bench, 0).cut_short);
        bench.up[0] = false;
        cr_expect_not(debt_of(&bench, 0).cut_short);
        bench_end(&bench);
}

Test(recovery, what_the_daemon_before_asked_for_is_not_asked_for_again_at_once) {
        Bench bench;

        bench_begin(&bench, 3);
        went_down(&bench);
        came_up(&bench);
        ask_for_restart(&bench, 0);
        ask_for_restart(&bench, 1);
        crash(&bench);
        Debt debt = debt_of(&bench, 0);
        cr_expect(debt.under_way && !debt.cut_short);
        bench.up[0] = false; /* between its stop and its start */
        debt = debt_of(&bench, 0);
        cr_expect(debt.under_way && !debt.cut_short);
        cr_expect_eq(recovery_under_way(bench.recovery), 2);

        start(&bench, 0);
        (void) debt_of(&bench, 0);
        cr_expect_eq(recovery_under_way(bench.recovery), 1);

        /* The other one is no consumer any more. */
        came_up(&bench);
        cr_expect_eq(recovery_under_way(bench.recovery), 0);
        cr_expect(is_due(&bench, 2));
        bench_end(&bench);
}

Test(recovery, an_ollama_that_falls_after_each_restart_makes_no_restart_loop) {
        Bench bench;
        unsigned restarts = 0;

        bench_begin(&bench, 1);
        for (unsigned outage = 0; outage < 60; outage++) {
                went_down(&bench);
                came_up(&bench);
                if (!is_due(&bench, 0))
                        continue;
                ask_for_restart(&bench, 0);
                start(&bench, 0);
                restarts++;
        }
        cr_expect_eq(restarts, 3);
        cr_expect_eq(warnings, 57, "said each time");

        /* The operator's word ends the waiting. */
        recovery_configure(bench.recovery, &bench.config);
        cr_expect(is_due(&bench, 0));
        bench_end(&bench);
}

Test(recovery, files_that_are_none_are_set_aside_and_said) {
        static const char *const names[] = { "recovery.json", "restarting.json" };

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                Bench bench;
                RecoveryState *recovery = NULL;
                Error err = { 0 };
                char path[128];
                char aside[160];

                bench_begin(&bench, 0);
                (void) snprintf(path, sizeof path, "%s/%s", bench.dir, names[i]);
                (void) snprintf(aside, sizeof aside, "%s.broken", path);
                const RecoverySetup setup = { .event = bench.event,
                                              .state_dir = bench.dir,
                                              .config = &bench.config };
                for (int again = 0; again < 2; again++) {
                        cr_assert_eq(file_replace(path, "{", 1, 0600, NULL), 0);
                        warnings = 0;
                        cr_expect_eq(recovery_new(&setup, &recovery, &err), 0);
                        cr_expect_eq(warnings, 1);
                        cr_expect_eq(access(path, F_OK), -1);
                        cr_expect_eq(access(aside, F_OK), 0);
                        recovery = recovery_free(recovery);
                }
                bench_end(&bench);
        }
}
