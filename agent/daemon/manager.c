/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/manager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "config/config.h"
#include "daemon/routes.h"
#include "daemon/user.h"
#include "docker/engine-unit.h"
#include "io/control.h"
#include "io/http.h"
#include "io/notify.h"
#include "reconcile/reconciler.h"
#include "reconcile/store.h"

/* What cannot be brought to its end by then waits for the next start: the records are on disk. */
#define STOP_LIMIT_USEC (90 * USEC_PER_SEC)

typedef struct Manager {
        const Options *options;
        sd_event *event;
        Http *http;
        Config *config;
        Reconciler *reconciler;
        Control *control;
        bool ready;
        bool stopping;
        int result;
} Manager;

static void say(Manager *manager) {
        char sentence[500];

        if (manager->reconciler == NULL || manager->stopping)
                return;
        reconciler_sentence(manager->reconciler, sentence, sizeof sentence);
        notify_status(sentence);
}

static void on_ready(void *data) {
        Manager *manager = data;
        char sentence[500];

        manager->ready = true;
        if (manager->options->finish || manager->stopping)
                return; /* it looks, and goes: nothing new is begun */
        reconciler_sentence(manager->reconciler, sentence, sizeof sentence);
        notify_ready(sentence);
        log_event(
                LOG_NOTICE, MSG_STARTED, NO_FIELDS, "coollamad " COOLLAMA_VERSION " is ready: %s",
                sentence
        );
}

static void on_finished(void *data) {
        Manager *manager = data;

        (void) sd_event_exit(manager->event, 0);
}

static void on_changed(void *data) {
        say(data);
}

static int on_stop_limit(sd_event_source *source, uint64_t usec, void *data) {
        Manager *manager = data;

        (void) source;
        (void) usec;
        log_event(
                LOG_WARNING, MSG_STOPPING, NO_FIELDS,
                "Ending although a re-creation is not at its end; the next start, or coollamad --finish, goes on with it"
        );
        manager->result = -ETIMEDOUT;
        return sd_event_exit(manager->event, 0);
}

static int limit_stopping(Manager *manager) {
        return sd_event_add_time_relative(
                manager->event, NULL, CLOCK_MONOTONIC, STOP_LIMIT_USEC, 0, on_stop_limit, manager
        );
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *data) {
        Manager *manager = data;

        (void) source;
        (void) info;
        if (manager->stopping)
                return 0;
        notify_extend_timeout(STOP_LIMIT_USEC + 10 * USEC_PER_SEC);
        notify_stopping("Stopping: bringing open re-creations to their end");
        log_event(
                LOG_NOTICE, MSG_STOPPING, NO_FIELDS, "Stopping once no container is half re-created"
        );
        manager->stopping = true;
        (void) limit_stopping(manager);
        reconciler_stop(manager->reconciler);
        return 0;
}

static void warn_about(const Config *config) {
        const char *warning = config_warning(config);

        if (warning != NULL)
                log_event(LOG_WARNING, MSG_CONFIG_WARNING, NO_FIELDS, "%s", warning);
}

static void reload(Manager *manager) {
        Config *config = NULL;
        Error err = { 0 };

        int r = config_load(manager->options->config, &config, &err);
        if (r >= 0)
                r = reconciler_reload(manager->reconciler, config, &err);
        if (r < 0) {
                log_event(
                        LOG_ERR, MSG_CONFIG_BAD, NO_FIELDS,
                        "Not reloaded, the old configuration stays: %s", error_text(&err)
                );
                (void) config_free(config);
                return;
        }
        warn_about(config);
        (void) config_free(manager->config);
        manager->config = config;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *data) {
        Manager *manager = data;
        char sentence[500];

        (void) source;
        (void) info;
        if (manager->stopping)
                return 0;
        notify_reloading();
        reload(manager);
        reconciler_sentence(manager->reconciler, sentence, sizeof sentence);
        if (manager->ready)
                notify_ready(sentence);
        return 0;
}

static int open_signals(Manager *manager) {
        static const struct {
                int signal;
                sd_event_signal_handler_t handler;
        } signals[] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGHUP, on_reload } };
        sigset_t set;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&set);
        for (size_t i = 0; i < ARRAY_LEN(signals); i++)
                (void) sigaddset(&set, signals[i].signal);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
                int r = sd_event_add_signal(
                        manager->event, NULL, signals[i].signal, signals[i].handler, manager
                );
                if (r < 0)
                        return r;
        }
        return 0;
}

static int open_loop(Manager *manager) {
        int r = sd_event_default(&manager->event);
        if (r >= 0)
                r = open_signals(manager);
        if (r >= 0)
                r = http_new(manager->event, &manager->http);
        if (r >= 0 && !manager->options->finish)
                r = notify_watchdog(manager->event);
        return r;
}

static int open_reconciler(Manager *manager, Error *err) {
        const ReconcilerSetup setup = {
                .event = manager->event,
                .http = manager->http,
                .config = manager->config,
                .state_dir = manager->options->state,
                .templates_dir = manager->options->templates,
                .finish = manager->options->finish,
                .ready = on_ready,
                .finished = on_finished,
                .changed = on_changed,
                .data = manager,
        };
        return reconciler_new(&setup, &manager->reconciler, err);
}

static void on_request(ControlRequest *request, void *data) {
        Manager *manager = data;

        routes_answer(request, manager->reconciler);
}

static int open_control(Manager *manager, Error *err) {
        cleanup(freep) char *path = text_format("%s/api.sock", manager->options->runtime);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = file_make_dir(manager->options->runtime, 0755, err);
        if (r < 0)
                return r;
        return control_new(manager->event, path, on_request, manager, &manager->control, err);
}

/* --finish beside an engine that does not run: whoever wants to remove us must know what is open.
 */
static int leave_to_next_start(const Manager *manager, Error *err) {
        int n = store_count_swaps(manager->options->state);

        if (n > 0)
                return error_set(
                        err, -EAGAIN,
                        "the Docker Engine does not run, and %d re-creation%s not at its end: start "
                        "Docker, then run coollamad --finish again",
                        n, n == 1 ? " is" : "s are"
                );
        return 1;
}

/* 0; 1 when there is nothing to do for --finish; negative errno. */
static int open_parts(Manager *manager, Error *err) {
        int r = config_load(manager->options->config, &manager->config, err);
        if (r < 0)
                return r;
        warn_about(manager->config);

        const char *engine = manager->config->docker.socket;
        if (manager->options->finish && !engine_unit_runs(engine))
                return leave_to_next_start(manager, err);
        r = user_take(manager->options->state, engine, manager->options->finish, err);
        if (r < 0)
                return r;
        r = open_loop(manager);
        if (r < 0)
                return error_set(err, r, "cannot make the event loop: %s", strerrordesc_np(-r));
        if (!manager->options->finish) {
                r = open_control(manager, err);
                if (r < 0)
                        return r;
        }
        return open_reconciler(manager, err);
}

static void close_parts(Manager *manager) {
        (void) control_free(manager->control);
        (void) reconciler_free(manager->reconciler);
        (void) http_free(manager->http);
        (void) config_free(manager->config);
        manager->event = sd_event_unref(manager->event);
}

int manager_run(const Options *options, Error *err) {
        Manager manager = { .options = options };

        int r = open_parts(&manager, err);
        if (r > 0) {
                close_parts(&manager);
                return 0;
        }
        if (r >= 0 && options->finish) {
                r = limit_stopping(&manager);
                reconciler_stop(manager.reconciler);
        }
        if (r >= 0)
                say(&manager);
        if (r >= 0) {
                r = sd_event_loop(manager.event);
                if (r < 0)
                        (void) error_set(err, r, "the event loop failed: %s", strerrordesc_np(-r));
        }
        close_parts(&manager);
        if (r >= 0 && manager.result < 0)
                return error_set(
                        err, manager.result,
                        "the engine did not let a re-creation come to its end in time"
                );
        return r < 0 ? r : 0;
}
