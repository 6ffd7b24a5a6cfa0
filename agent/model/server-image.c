/* SPDX-License-Identifier: Apache-2.0 */
#include "model/server-image.h"

#include <string.h>

#include "model/container.h"
#include "model/image.h"

static bool runs_ollama(const json_t *command) {
        const char *program = json_string_value(json_array_get(command, 0));
        const char *slash = program ? strrchr(program, '/') : NULL;

        return program != NULL && strcmp(slash ? slash + 1 : program, "ollama") == 0;
}

bool image_carries_server(const char *name, const json_t *image) {
        const json_t *config = json_object_get(image, "Config");
        const json_t *env = json_object_get(config, "Env");
        const char *bundled = env_lookup(env, "USE_OLLAMA_DOCKER"); /* Open WebUI's */

        return image_is(name, "ollama/ollama") || env_lookup(env, "OLLAMA_HOST") != NULL
               || json_object_get(json_object_get(config, "ExposedPorts"), "11434/tcp") != NULL
               || runs_ollama(json_object_get(config, "Entrypoint"))
               || runs_ollama(json_object_get(config, "Cmd"))
               || (bundled != NULL && strcasecmp(bundled, "true") == 0);
}
