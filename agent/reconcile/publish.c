/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define ASK_EVERY_USEC (50 * USEC_PER_MSEC)
#define ASK_UNTIL_USEC (20 * USEC_PER_SEC)

struct Publisher {
        PublisherSetup setup;
        char *proxy_id;
        char *exec_id; /* of the test in the proxy */
        PublisherDone *done;
        void *data;

        EngineSlot *call;
        HttpSlot *question;
        sd_event_source *timer;
        uint64_t generation; /* being published */
        uint64_t changes;    /* of the keys, that it holds */
        uint64_t asking_since_usec;
        bool was_hupped;

        uint64_t proven;   /* generation that the running proxy has shown; 0: none */
        uint64_t networks; /* their version, being published */
        uint64_t proven_networks;
        uint64_t proven_changes; /* of the keys, that it knows */
};

int publisher_new(const PublisherSetup *setup, Publisher **ret) {
        Publisher *publisher = calloc(1, sizeof *publisher);
        if (publisher == NULL)
                return -ENOMEM;
        publisher->setup = *setup;
        *ret = publisher;
        return 0;
}

static void end_requests(Publisher *publisher) {
        publisher->call = engine_slot_free(publisher->call);
        publisher->question = http_slot_free(publisher->question);
        publisher->timer = sd_event_source_disable_unref(publisher->timer);
}

Publisher *publisher_free(Publisher *publisher) {
        if (publisher == NULL)
                return NULL;
        end_requests(publisher);
        free(publisher->proxy_id);
        free(publisher->exec_id);
        free(publisher);
        return NULL;
}

static uint64_t current_generation(const Publisher *publisher) {
        uint64_t number = 0;

        return generation_current(publisher->setup.paths->conf, &number, NULL) < 0 ? 0 : number;
}

bool publisher_is_published(const Publisher *publisher) {
        uint64_t number = current_generation(publisher);

        return number > 0
               && generation_matches(
                       publisher->setup.paths->conf, number, publisher->setup.settings,
                       publisher->setup.keys
               );
}

bool publisher_is_proven(const Publisher *publisher) {
        return publisher->proven > 0 && publisher->proven == current_generation(publisher);
}

bool publisher_accepts(const Publisher *publisher, const KeyEntry *entry) {
        return publisher->proven > 0 && entry->changed <= publisher->proven_changes;
}

bool publisher_knows_networks(const Publisher *publisher) {
        return publisher->proven > 0
               && publisher->proven_networks == publisher->setup.settings->networks_version;
}

void publisher_forget(Publisher *publisher) {
        publisher->proven = 0;
        publisher->proven_changes = 0;
}

/* Ends the work; the caller may start the next in done(). */
static void finish(Publisher *publisher, int result, const Error *error) {
        PublisherDone *done = publisher->done;

        end_requests(publisher);
        free(publisher->proxy_id);
        publisher->proxy_id = NULL;
        publisher->done = NULL;
        done(result, error, publisher->data);
}

static void fail(Publisher *publisher, int result, const char *what, const Error *cause) {
        Error err = { 0 };

        (void) error_set(
                &err, result, "%s: %s", what, cause ? error_text(cause) : strerrordesc_np(-result)
        );
        finish(publisher, result, &err);
}

static void ask_generation(Publisher *publisher);

static int on_ask_again(sd_event_source *source, uint64_t usec, void *data) {
        Publisher *publisher = data;

        (void) source;
        (void) usec;
        publisher->timer = sd_event_source_disable_unref(publisher->timer);
        ask_generation(publisher);
        return 0;
}

static void ask_later(Publisher *publisher) {
        Error err = { 0 };

        if (clock_monotonic_usec() - publisher->asking_since_usec > ASK_UNTIL_USEC) {
                (void) error_set(
                        &err, -ETIMEDOUT, "it never answered with generation %llu",
                        (unsigned long long) publisher->generation
                );
                fail(publisher, -ETIMEDOUT, "the proxy does not use its new configuration", &err);
                return;
        }
        int r = sd_event_add_time_relative(
                publisher->setup.event, &publisher->timer, CLOCK_MONOTONIC, ASK_EVERY_USEC, 1,
                on_ask_again, publisher
        );
        if (r < 0)
                fail(publisher, r, "no timer", NULL);
}

static void hup(Publisher *publisher);

static void on_generation(const HttpResult *result, void *data) {
        Publisher *publisher = data;
        uint64_t shown = 0;

        publisher->question = http_slot_free(publisher->question);
        bool told = result->error == 0 && result->status == 200
                    && reload_parse_generation(result->body, result->body_size, &shown) >= 0;
        if (told && shown == publisher->generation) {
                publisher->proven = shown;
                publisher->proven_changes = publisher->changes;
                publisher->proven_networks = publisher->networks;
                (void) generation_prune(publisher->setup.paths->conf, NULL);
                finish(publisher, 0, NULL);
        } else if (told && !publisher->was_hupped) {
                hup(publisher);
        } else {
                ask_later(publisher);
        }
}

static void ask_generation(Publisher *publisher) {
        const HttpRequest request = {
                .socket_path = publisher->setup.paths->socket,
                .method = "GET",
                .path = PROXY_PATH_GENERATION,
                .timeout_usec = 2 * USEC_PER_SEC,
                .max_body = 4096,
        };

        int r = http_send(
                publisher->setup.http, &request, on_generation, publisher, &publisher->question
        );
        if (r < 0)
                fail(publisher, r, "cannot ask the proxy", NULL);
}

static void call_engine(
        Publisher *publisher,
        const char *method,
        const char *path,
        const json_t *body,
        EngineDone *done
) {
        const EngineCall call = { .method = method, .path = path, .body = body };

        int r = path ? engine_call(
                        publisher->setup.engine, &call, done, publisher, &publisher->call
                )
                     : -ENOMEM;
        if (r < 0)
                fail(publisher, r, "cannot ask the engine", NULL);
}

static void on_hupped(const EngineAnswer *answer, void *data) {
        Publisher *publisher = data;

        publisher->call = engine_slot_free(publisher->call);
        if (answer->outcome == OUTCOME_DONE)
                ask_generation(publisher);
        else
                fail(publisher, -EIO, "cannot tell the proxy to read its configuration",
                     &answer->error);
}

static void hup(Publisher *publisher) {
        cleanup(freep) char *path =
                text_format("/containers/%s/kill?signal=HUP", publisher->proxy_id);

        publisher->was_hupped = true;
        publisher->asking_since_usec = clock_monotonic_usec();
        call_engine(publisher, "POST", path, NULL, on_hupped);
}

/* The generation is good: make it the one in force. */
static void swing(Publisher *publisher) {
        Error err = { 0 };

        int r = generation_swing(publisher->setup.paths->conf, publisher->generation, &err);
        if (r < 0)
                fail(publisher, r, "cannot put the configuration of the proxy in force", &err);
        else if (publisher->proxy_id == NULL)
                finish(publisher, 0, NULL);
        else
                hup(publisher);
}

static void on_tested(const EngineAnswer *answer, void *data) {
        Publisher *publisher = data;
        const json_t *code = json_object_get(answer->json, "ExitCode");
        Error err = { 0 };

        publisher->call = engine_slot_free(publisher->call);
        if (answer->outcome == OUTCOME_DONE && json_is_integer(code)
            && json_integer_value(code) == 0) {
                swing(publisher);
                return;
        }
        (void) error_set(
                &err, -EINVAL,
                "generation %llu did not pass nginx -t; the one before stays in force",
                (unsigned long long) publisher->generation
        );
        fail(publisher, -EINVAL, "the proxy refuses its new configuration",
             answer->outcome == OUTCOME_DONE ? &err : &answer->error);
}

/* The test has run when its output ends. */
static void on_test_ran(const EngineAnswer *answer, void *data) {
        Publisher *publisher = data;
        cleanup(freep) char *path = text_format("/exec/%s/json", publisher->exec_id);

        (void) answer; /* its exit code is what counts, and that is asked for */
        publisher->call = engine_slot_free(publisher->call);
        call_engine(publisher, "GET", path, NULL, on_tested);
}

static void on_test_made(const EngineAnswer *answer, void *data) {
        Publisher *publisher = data;
        const char *id = json_string_value(json_object_get(answer->json, "Id"));

        if (answer->outcome != OUTCOME_DONE || id == NULL || strlen(id) > 64) {
                publisher->call = engine_slot_free(publisher->call);
                fail(publisher, -EIO, "cannot test the configuration of the proxy", &answer->error);
                return;
        }
        free(publisher->exec_id);
        publisher->exec_id = strdup(id);
        publisher->call = engine_slot_free(publisher->call);

        cleanup(freep) char *path =
                publisher->exec_id ? text_format("/exec/%s/start", publisher->exec_id) : NULL;
        json_t *body = json_pack("{s:b, s:b}", "Detach", 0, "Tty", 0);
        call_engine(publisher, "POST", path, body, on_test_ran);
        json_decref(body);
}

static void test(Publisher *publisher) {
        cleanup(freep) char *path = text_format("/containers/%s/exec", publisher->proxy_id);
        json_t *body = reload_test_exec(publisher->generation);

        if (body == NULL)
                fail(publisher, -ENOMEM, "cannot test the configuration of the proxy", NULL);
        else
                call_engine(publisher, "POST", path, body, on_test_made);
        json_decref(body);
}

static int write_generation(Publisher *publisher, Error *err) {
        const PublisherSetup *setup = &publisher->setup;

        /* Those that failed do not pile up. */
        (void) generation_prune(setup->paths->conf, NULL);
        int r = generation_next(setup->paths->conf, &publisher->generation, err);
        if (r < 0)
                return r;
        return generation_write(
                setup->paths->conf, publisher->generation, setup->settings, setup->keys, err
        );
}

int publisher_start(Publisher *publisher, const char *proxy_id, PublisherDone *done, void *data) {
        Error err = { 0 };

        if (publisher->done != NULL)
                return -EBUSY;
        publisher->proxy_id = proxy_id ? strdup(proxy_id) : NULL;
        if (proxy_id != NULL && publisher->proxy_id == NULL)
                return -ENOMEM;
        publisher->done = done;
        publisher->data = data;
        publisher->was_hupped = false;
        publisher->asking_since_usec = clock_monotonic_usec();
        publisher->changes = keys_changes(publisher->setup.keys);
        publisher->networks = publisher->setup.settings->networks_version;

        if (publisher_is_published(publisher)) {
                publisher->generation = current_generation(publisher);
                if (proxy_id == NULL)
                        finish(publisher, 0, NULL);
                else
                        ask_generation(publisher);
                return 0;
        }

        int r = write_generation(publisher, &err);
        if (r < 0)
                fail(publisher, r, "cannot write the configuration of the proxy", &err);
        else if (proxy_id == NULL)
                swing(publisher);
        else
                test(publisher);
        return 0;
}
