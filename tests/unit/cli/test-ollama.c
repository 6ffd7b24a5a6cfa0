/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "base/text.h"
#include "cli/ollama.h"

static char *const rest[] = { (char[]){ "run" }, (char[]){ "llama3.2" }, (char[]){ "--verbose" } };

static const struct {
        const char *document;
        int terminal;
        const char *said; /* the words, or what is wrong */
} cases[] = {
        { "{\"way\":\"container\",\"id\":\"c1\",\"socket\":\"/run/docker.sock\"}", 1,
          "docker --host unix:///run/docker.sock exec -it c1 ollama run llama3.2 --verbose" },
        { "{\"way\":\"container\",\"id\":\"c1\",\"socket\":\"/run/docker.sock\"}", 0,
          "docker --host unix:///run/docker.sock exec -i c1 ollama run llama3.2 --verbose" },
        { "{\"way\":\"host\"}", 1, "ollama run llama3.2 --verbose" },
        { "{\"way\":\"none\",\"said\":\"it is away\",\"next\":\"wait\"}", 1,
          "it is away; next: wait" },
        { "{\"way\":\"none\",\"said\":\"it is away\"}", 1, "it is away" },
};

Test(ollama, the_command_is_run_where_ollama_is) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *document = json_loads(cases[i].document, 0, NULL);
                OllamaCommand command;
                Text line = TEXT_INIT(4096);
                Error err = { 0 };

                int r = ollama_command(
                        document, rest, ARRAY_LEN(rest), cases[i].terminal, &command, &err
                );
                for (size_t w = 0; r >= 0 && command.words[w] != NULL; w++)
                        (void) text_addf(&line, "%s%s", w > 0 ? " " : "", command.words[w]);
                cleanup(freep) char *text = text_take(&line);
                cr_expect_str_eq(r < 0 ? error_text(&err) : text, cases[i].said, "%zu", i);
                json_decref(document);
        }
}

Test(ollama, too_many_words_are_refused) {
        OllamaCommand command;

        cr_expect_lt(ollama_command(NULL, rest, OLLAMA_ARGUMENTS_MAX + 1, 0, &command, NULL), 0);
}
