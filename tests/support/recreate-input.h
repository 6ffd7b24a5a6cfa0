/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/recreate.h"

/*
 * A RecreateInput out of JSON, for the golden cases and for recreate-cli: {"inspect", "image",
 * "image_name_is_current" (true), "api" (41), "env": [["NAME", "value"]], "hosts",
 * "empty_volumes"}. The document is borrowed and must outlive the input.
 */
typedef struct TestInput {
        RecreateInput input;
        RecreateEnv *env;
        const char **hosts;
        const char **empty_volumes;
} TestInput;

void test_input_read(TestInput *ret, const json_t *document);
void test_input_done(TestInput *input);
