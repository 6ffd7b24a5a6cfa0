/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answer: from bytes to an outcome and a sentence.
 *
 * Whether a body is JSON is the Content-Type's word: behind a socket proxy an error may be a page
 * of HTML, and text that nobody of ours wrote has no place in a log. NUL is allowed inside of
 * strings (one label with one must not make a whole list unreadable), and any JSON value is a body
 * (GET /changes answers null where nothing changed).
 */
#include "docker/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "docker/api.h"
#include "docker/lenient.h"

static bool is_json(const HttpResult *result) {
        char type[80];

        if (!http_result_header(result, "Content-Type", type, sizeof type))
                return false;

        size_t size = strlen("application/json");
        if (strncasecmp(type, "application/json", size) != 0)
                return false;
        return type[size] == '\0' || type[size] == ';' || type[size] == ' ';
}

/* One line, whatever the engine wrote; the end of a message that is too long is cut off. */
static void flatten(char *text) {
        for (char *c = text; *c != '\0'; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f)
                        *c = ' ';

        size_t size = strlen(text);
        while (size > 0 && text[size - 1] == ' ')
                text[--size] = '\0';
}

static int code_of_status(long status) {
        switch (status) {
        case 401:
        case 403:
                return -EACCES;
        case 404:
                return -ENOENT;
        case 409:
                return -EBUSY;
        case 429:
                return -EDQUOT;
        default:
                return status >= 400 && status < 500 ? -EINVAL : -EIO;
        }
}

static void set_http_error(EngineAnswer *answer) {
        const char *message = answer_message(answer);
        int code = api_is_version_refusal(answer->status, message) ? -EPROTONOSUPPORT
                                                                   : code_of_status(answer->status);

        if (message != NULL && message[0] != '\0')
                (void) error_set(&answer->error, code, "%s", message);
        else
                (void) error_set(
                        &answer->error, code, "the Docker Engine answered with HTTP status %ld",
                        answer->status
                );
        flatten(answer->error.text);
}

static void
set_transport_error(EngineAnswer *answer, const HttpResult *result, const char *socket_path) {
        Error *err = &answer->error;
        const char *text = result->text[0] != '\0' ? result->text : NULL;
        const char *name = strerrordesc_np(-result->error);

        if (name == NULL)
                name = "unknown error";
        if (result->error == -ETIMEDOUT)
                (void) error_set(
                        err, result->error, "the Docker Engine did not %s in time",
                        result->status == 0 ? "answer" : "finish its answer"
                );
        else if (result->error == -ECONNREFUSED || result->error == -ENOENT || result->error == -EACCES)
                (void) error_set(
                        err, result->error, "cannot connect to the Docker Engine at %.200s: %s",
                        socket_path, name
                );
        else
                (void) error_set(
                        err, result->error, "%s: %s",
                        result->status == 0 ? "no answer from the Docker Engine"
                                            : "the Docker Engine's answer broke off",
                        text ? text : name
                );
        flatten(err->text);
}

/* Of lists nothing is made again (docker/lenient.h). */
static json_t *load(const char *body, size_t size, json_error_t *error) {
        if (body[0] == '[')
                return lenient_load(body, size, error);
        return json_loadb(body, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

void answer_from_result(const HttpResult *result, const char *socket_path, EngineAnswer *ret) {
        json_error_t json_error;

        *ret = (EngineAnswer
        ){ .outcome = OUTCOME_UNKNOWN, .status = result->status, .raw = result };
        if (result->error < 0) {
                set_transport_error(ret, result, socket_path);
                return;
        }

        ret->outcome = outcome_from_status(result->status);
        if (result->body_size > 0 && is_json(result))
                ret->json = load(result->body, result->body_size, &json_error);
        else
                json_error.text[0] = '\0';

        if (ret->outcome != OUTCOME_DONE && ret->outcome != OUTCOME_ALREADY) {
                set_http_error(ret);
                return;
        }
        if (ret->json == NULL && json_error.text[0] != '\0') {
                /* It was done, but what came of it cannot be known. The text quotes no body. */
                ret->outcome = OUTCOME_UNKNOWN;
                (void
                ) error_set(&ret->error, -EBADMSG, "the Docker Engine's answer is no valid JSON");
        }
}

void answer_done(EngineAnswer *answer) {
        json_decref(answer->json);
        answer->json = NULL;
}

void answer_from_error(Outcome outcome, const Error *error, EngineAnswer *ret) {
        *ret = (EngineAnswer){ .outcome = outcome, .error = *error };
}

const char *answer_message(const EngineAnswer *answer) {
        return json_string_value(json_object_get(answer->json, "message"));
}
