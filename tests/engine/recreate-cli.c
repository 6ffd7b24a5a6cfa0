/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recreate-cli: agent/model/recreate.h as a filter, for tests that talk to an engine themselves.
 *
 * Reads {"inspect", "image", "image_name_is_current", "api", "env": [["NAME", "value"]], "hosts",
 * "empty_volumes"} and prints {"body", "connects", "platform", "unknown_fields"}, or, with exit
 * code 1, {"error", "code"}. unknown_fields: what the engine showed that no table names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "model/recreate-internal.h"
#include "support/recreate-input.h"

static void json_freep(json_t **json) {
        json_decref(*json);
}

static json_t *unknown_fields(const json_t *inspect) {
        static const char *const sections[] = { "Config", "HostConfig" };
        json_t *unknown = json_array();

        for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
                const char *name = NULL;
                json_t *value = NULL;

                json_object_foreach(json_object_get(inspect, sections[i]), name, value)
                        if (!recreate_knows_field(sections[i], name))
                                json_array_append_new(unknown, json_string(name));
        }
        return unknown;
}

int main(void) {
        json_error_t bad = { 0 };
        cleanup(json_freep) json_t *document = json_loadf(stdin, 0, &bad);
        if (document == NULL) {
                (void) fprintf(stderr, "no input: %s\n", bad.text);
                return EXIT_FAILURE;
        }

        TestInput input;
        test_input_read(&input, document);

        Error err = { 0 };
        RecreateResult result = { 0 };
        cleanup(json_freep) json_t *answer = NULL;
        int r = recreate_build(&input.input, &result, &err);
        if (r < 0)
                answer = json_pack("{s:s, s:i}", "error", error_text(&err), "code", r);
        else
                answer = json_pack(
                        "{s:o, s:o, s:s?, s:o}", "body", result.body, "connects", result.connects,
                        "platform", result.platform, "unknown_fields",
                        unknown_fields(json_object_get(document, "inspect"))
                );

        free(result.platform);
        test_input_done(&input);
        return json_dumpf(answer, stdout, 0) < 0 || r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
