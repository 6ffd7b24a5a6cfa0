/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/macro.h"
#include "base/text.h"
#include "docker/engine-unit.h"

#define BODY_MAX ((size_t) 32 * 1024 * 1024)

static void easy_done(CURL **easy) {
        curl_easy_cleanup(*easy);
}

static size_t on_body(char *bytes, size_t one, size_t size, void *data) {
        return text_add_bytes(data, bytes, one * size) < 0 ? 0 : size;
}

/* The host's name is for the form's sake; a socket has none. */
static char *url_of(CURL *easy, const ClientQuestion *question) {
        if (question->name == NULL)
                return text_format("http://localhost%s", question->path);

        char *escaped = curl_easy_escape(easy, question->name, 0);
        char *url = escaped ? text_format(
                            "http://localhost%s?%s=%s", question->path,
                            question->key ? question->key : "name", escaped
                    )
                            : NULL;
        curl_free(escaped);
        return url;
}

/* The installed one, which is stopped and started with Docker. Docker is not asked: that would wake
 * it. */
static bool is_down_with_docker(const char *socket) {
        return strcmp(socket, OPTIONS_RUNTIME "/api.sock") == 0
               && !engine_unit_runs("/run/docker.sock");
}

static int complain_transfer(CURL *easy, CURLcode code, const char *socket, long secs, Error *err) {
        long code_of_system = 0;

        (void) curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code_of_system);
        if (code == CURLE_COULDNT_CONNECT && code_of_system == EACCES)
                return error_set(
                        err, -EACCES,
                        "not allowed to use %s: run it as root, or as a member of the group docker",
                        socket
                );
        if (code == CURLE_COULDNT_CONNECT && is_down_with_docker(socket))
                return error_set(
                        err, -ECONNREFUSED,
                        "coollamad does not run on %s, since Docker does not (no process of " ENGINE_UNIT_PID_FILE
                        "): it follows Docker down and up; systemctl start docker",
                        socket
                );
        if (code == CURLE_COULDNT_CONNECT)
                return error_set(
                        err, -ECONNREFUSED,
                        "coollamad does not answer on %s: is it running? systemctl status coollamad",
                        socket
                );
        if (code == CURLE_OPERATION_TIMEDOUT)
                return error_set(
                        err, -ETIMEDOUT,
                        "coollamad took the question on %s, but gave no answer within %ld s: "
                        "journalctl -u coollamad",
                        socket, secs
                );
        return error_set(
                err, -EIO, "coollamad broke off on %s: %s", socket, curl_easy_strerror(code)
        );
}

/* An answer other than 200: what the daemon says of it. */
static int complain_status(long status, const json_t *json, Error *err) {
        const char *said = json_string_value(json_object_get(json, "error"));

        if (said == NULL && status == 503)
                return error_set(
                        err, -EREMOTEIO, "coollamad is stopping: ask again when it is back"
                );
        if (said == NULL)
                return error_set(
                        err, -EREMOTEIO, "coollamad answered %ld: journalctl -u coollamad", status
                );
        return error_set(err, status == 403 ? -EACCES : -EREMOTEIO, "%s", said);
}

static int
transfer(CURL *easy, const char *socket, const ClientQuestion *question, Text *body, Error *err) {
        cleanup(freep) char *url = url_of(easy, question);
        if (url == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        bool set = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, question->method) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_TIMEOUT, question->timeout_secs) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK
                   && curl_easy_setopt(easy, CURLOPT_WRITEDATA, body) == CURLE_OK;
        if (!set)
                return error_set(err, -EINVAL, "cannot ask on %s: its path is too long?", socket);

        CURLcode code = curl_easy_perform(easy);
        return code == CURLE_OK
                       ? 0
                       : complain_transfer(easy, code, socket, question->timeout_secs, err);
}

int client_ask(
        const Options *options,
        const ClientQuestion *question,
        char **ret_body,
        json_t **ret_json,
        Error *err
) {
        cleanup(easy_done) CURL *easy = curl_easy_init();
        cleanup(freep) char *socket = text_format("%s/api.sock", options->runtime);
        Text body = TEXT_INIT(BODY_MAX);
        long status = 0;

        if (easy == NULL || socket == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        int r = transfer(easy, socket, question, &body, err);
        if (r < 0) {
                text_done(&body);
                return r;
        }

        cleanup(freep) char *text = text_take(&body);
        json_t *json = text ? json_loads(text, 0, NULL) : NULL;
        (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                r = complain_status(status, json, err);
        else if (json == NULL)
                r = error_set(err, -EBADMSG, "coollamad answered on %s with no document", socket);
        if (r < 0) {
                json_decref(json);
                return r;
        }
        *ret_body = take_ptr(text);
        *ret_json = json;
        return 0;
}
