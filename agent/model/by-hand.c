/* SPDX-License-Identifier: Apache-2.0 */
#include "model/by-hand.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "model/changes.h"

#define COMMAND_MAX 65536

static const char *text_of(const json_t *json, const char *key) {
        const char *text = json_string_value(json_object_get(json, key));
        return text ? text : "";
}

/* In single quotes, as a shell takes it. */
static void add_quoted(Text *text, const char *word) {
        (void) text_add(text, "'");
        for (; *word != '\0'; word++) {
                if (*word == '\'')
                        (void) text_add(text, "'\\''");
                else
                        (void) text_add_bytes(text, word, 1);
        }
        (void) text_add(text, "'");
}

/* Takes the text over. */
static void add_line(json_t *lines, Text *text) {
        cleanup(freep) char *line = text_take(text);

        if (line != NULL)
                (void) json_array_append_new(lines, json_string(line));
}

static bool is_usual(const char *socket) {
        return strcmp(socket, "/run/docker.sock") == 0
               || strcmp(socket, "/var/run/docker.sock") == 0;
}

static void add_docker_word(Text *text, const ByHand *input) {
        (void) text_add(text, "docker ");
        if (!is_usual(input->socket)) {
                (void) text_add(text, "-H ");
                cleanup(freep) char *host = text_format("unix://%s", input->socket);
                add_quoted(text, host ? host : "");
                (void) text_add(text, " ");
        }
}

static void add_docker(json_t *lines, const ByHand *input, const char *rest) {
        Text text = TEXT_INIT(COMMAND_MAX);

        add_docker_word(&text, input);
        (void) text_add(&text, rest);
        add_line(lines, &text);
}

/* data: what curl sends, "@FILE" or JSON. */
static void add_post(json_t *lines, const ByHand *input, const char *data, const char *path) {
        Text text = TEXT_INIT(COMMAND_MAX);
        json_int_t api = json_integer_value(json_object_get(input->kept, "api"));
        cleanup(freep) char *url =
                text_format("http://localhost/v1.%d%s", (int) (api > 0 ? api : 41), path);

        (void) text_add(&text, "curl -fsS --unix-socket ");
        add_quoted(&text, input->socket);
        (void) text_add(&text, " -H 'Content-Type: application/json' --data-binary ");
        add_quoted(&text, data);
        (void) text_add(&text, " ");
        add_quoted(&text, url ? url : "");
        add_line(lines, &text);
}

static void add_connects(json_t *lines, const ByHand *input) {
        size_t i;
        json_t *item;

        json_array_foreach(json_object_get(input->kept, "connects"), i, item) {
                json_t *body = json_copy(json_object_get(item, "body"));
                Text to = TEXT_INIT(COMMAND_MAX);

                (void) text_add(&to, "/networks/");
                (void) text_add_escaped(&to, text_of(item, "network"));
                (void) text_add(&to, "/connect");
                cleanup(freep) char *path = text_take(&to);

                (void) json_object_set(body, "Container", json_object_get(input->kept, "name"));
                cleanup(freep) char *data = json_dumps(body, JSON_COMPACT);
                json_decref(body);
                if (path != NULL && data != NULL)
                        add_post(lines, input, data, path);
        }
}

/* What was put into it before its start: into the same directory, with owners, modes and times. */
static void
add_copy(json_t *lines, const ByHand *input, const char *id, const char *name, const char *path) {
        Text text = TEXT_INIT(COMMAND_MAX);
        size_t length = (size_t) (strrchr(path, '/') - path);
        cleanup(freep) char *from = text_format("%.12s:%s", id, path);
        cleanup(freep) char *to =
                text_format("%s:%.*s", name, (int) (length > 0 ? length : 1), path);

        add_docker_word(&text, input);
        (void) text_add(&text, "cp -a ");
        add_quoted(&text, from ? from : "");
        (void) text_add(&text, " - | ");
        add_docker_word(&text, input);
        (void) text_add(&text, "cp -a - ");
        add_quoted(&text, to ? to : "");
        add_line(lines, &text);
}

/* A directory comes before what is in it, and brings that along. */
static void add_copies(json_t *lines, const ByHand *input, const char *id, const char *name) {
        const char *last = NULL;
        size_t i;
        json_t *item;

        json_array_foreach(json_object_get(input->kept, "files"), i, item) {
                const char *path = json_string_value(item);

                if (path == NULL || path[0] != '/'
                    || (last != NULL && changes_is_within(path, last)))
                        continue;
                last = path;
                add_copy(lines, input, id, name, path);
        }
}

json_t *by_hand_commands(const ByHand *input) {
        const char *name = text_of(input->kept, "name");
        const char *id = text_of(input->kept, "id");
        const char *platform = text_of(input->kept, "platform");
        cleanup(freep) char *stop = text_format("stop %.12s", id);
        cleanup(freep) char *rename = text_format("rename %.12s %s.replaced", id, name);
        cleanup(freep) char *create = text_format(
                "/containers/create?name=%s%s%s", name, platform[0] != '\0' ? "&platform=" : "",
                platform
        );
        cleanup(freep) char *data = text_format("@%s", input->create_path);
        cleanup(freep) char *start = text_format("start %s", name);
        cleanup(freep) char *remove = text_format("rm %.12s", id);
        json_t *lines = json_array();

        if (!stop || !rename || !create || !data || !start || !remove || lines == NULL
            || !json_is_object(json_object_get(input->kept, "create"))) {
                json_decref(lines);
                return NULL;
        }
        (void) json_array_append_new(lines, json_string("systemctl stop coollamad"));
        add_docker(lines, input, stop);
        add_docker(lines, input, rename);
        add_post(lines, input, data, create);
        add_connects(lines, input);
        add_copies(lines, input, id, name);
        add_docker(lines, input, start);
        add_docker(lines, input, remove);
        return lines;
}
