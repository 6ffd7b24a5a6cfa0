/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "cli/status.h"

static char *printed(const char *document) {
        json_t *json = json_loads(document, 0, NULL);
        Text text = TEXT_INIT(65536);

        cr_assert_not_null(json);
        cr_assert_eq(status_print(json, 0, &text), 0);
        json_decref(json);
        return text_take(&text);
}

Test(status, begins_with_the_sentence_and_has_a_row_for_each_consumer) {
        cleanup(freep) char *text = printed(
                "{\"now\": 1000, \"sentence\": \"Ollama is up; 1 of 2 consumers linked, 1 refused\","
                " \"engine\": {\"followed\": true, \"socket\": \"/run/docker.sock\","
                "   \"version\": \"28.5.2\", \"api\": 51},"
                " \"provider\": {\"mode\": \"managed\", \"secured\": true, \"up\": true,"
                "   \"url\": \"http://host.docker.internal:11434\", \"bind\": \"gateway\","
                "   \"image\": \"ollama/ollama:latest\"},"
                " \"consumers\": ["
                "   {\"name\": \"shop\", \"state\": \"linked\", \"reason\": \"in place\","
                "    \"next\": null, \"note\": null, \"containers\": 3, \"linked\": 3,"
                "    \"carrier\": \"header\", \"reach\": \"network\", \"key_seen\": 880},"
                "   {\"name\": \"chat\", \"state\": \"linked\", \"reason\": \"in place\","
                "    \"next\": null, \"note\": null, \"containers\": 1, \"linked\": 1,"
                "    \"carrier\": \"stack\", \"key_seen\": null},"
                "   {\"name\": \"blog/web\", \"state\": \"refused\", \"reason\": \"started with --rm\","
                "    \"next\": \"deploy it without\", \"note\": \"a note\", \"containers\": 1,"
                "    \"linked\": 0}]}"
        );

        cr_expect_str_eq(
                text,
                "Ollama is up; 1 of 2 consumers linked, 1 refused\n"
                "\n"
                "Ollama    up, managed, each with its key, for consumers "
                "http://host.docker.internal:11434, bound to gateway, image ollama/ollama:latest\n"
                "Docker    28.5.2 (API 1.51) on /run/docker.sock\n"
                "\n"
                "NAME      STATE    LINKED  REACH    KEY SEEN  REASON AND NEXT STEP\n"
                "shop      linked   3/3     network  2m ago    in place\n"
                "chat      linked   1/1              never     in place\n"
                "blog/web  refused  0/1              -         started with --rm; a note; next: deploy it without\n"
        );
}

Test(status, says_why_and_what_next_when_the_provider_is_down_and_how_to_opt_in) {
        cleanup(freep) char *text = printed(
                "{\"now\": 1000000090, \"sentence\": \"Ollama is down: x; no consumers\","
                " \"engine\": {\"followed\": false, \"socket\": \"/run/docker.sock\","
                "   \"version\": \"\", \"api\": 0, \"lost_since\": 1000000000, \"why\": \"it hangs\"},"
                " \"provider\": {\"mode\": \"external\", \"secured\": false, \"up\": false,"
                "   \"url\": \"http://a:1\", \"image\": \"\", \"why\": \"x\", \"next\": \"do y\"},"
                " \"consumers\": []}"
        );

        cr_expect_str_eq(
                text,
                "Ollama is down: x; no consumers\n"
                "\n"
                "Ollama    down, external, no keys, for consumers http://a:1\n"
                "  why     x\n"
                "  next    do y\n"
                "Docker    not answering since 2001-09-09 01:46:40 UTC (1m 30s) on /run/docker.sock\n"
                "  why     it hangs\n"
                "  next    systemctl status docker; journalctl -u docker. Containers go on meanwhile, and so "
                "does coollama when Docker answers again\n"
                "\n"
                "No container has opted in. The label coollama.enable=true does it, in a compose "
                "file or in Coolify's container labels; coollama link NAME does without a label.\n"
        );
}
