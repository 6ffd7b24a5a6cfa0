/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/server-image.h"

static const struct {
        const char *name, *config;
        bool carries;
} cases[] = {
        { "ollama/ollama:latest", "{}", true },
        { "ghcr.io/ollama/ollama", "{}", true },
        { "acme/llm", "{\"Env\": [\"OLLAMA_HOST=0.0.0.0:11434\"]}", true },
        { "acme/llm", "{\"ExposedPorts\": {\"11434/tcp\": {}}}", true },
        { "acme/llm", "{\"Entrypoint\": [\"/bin/ollama\"], \"Cmd\": [\"serve\"]}", true },
        { "acme/llm", "{\"Cmd\": [\"ollama\", \"serve\"]}", true },
        { "ghcr.io/open-webui/open-webui:ollama", "{\"Env\": [\"USE_OLLAMA_DOCKER=true\"]}", true },
        { "ghcr.io/open-webui/open-webui:main", "{\"Env\": [\"USE_OLLAMA_DOCKER=false\"]}", false },
        { "acme/llm",
          "{\"Entrypoint\": [\"/app/ollama-client\"], \"ExposedPorts\": {\"80/tcp\": {}}}", false },
        { "acme/llm", "{\"Env\": null, \"Cmd\": null}", false },
};

Test(server_image, is_told_by_its_name_or_by_what_it_says_of_itself) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *config = json_loads(cases[i].config, 0, NULL);
                json_t *image = json_pack("{s:o}", "Config", config);

                cr_expect_eq(
                        image_carries_server(cases[i].name, image), cases[i].carries, "%s %s",
                        cases[i].name, cases[i].config
                );
                json_decref(image);
        }
        cr_expect(image_carries_server("ollama/ollama", NULL));
        cr_expect_not(image_carries_server("acme/llm", NULL));
}
