/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "base/text.h"
#include "model/proof.h"

#define KEY  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define URL  "http://host.docker.internal:11434"
#define MARK "\n@feed\n"
#define OFF                                                                                   \
        "HTTP/1.1 401 Unauthorized\r\nServer: nginx\r\nContent-Length: 24\r\n\r\n{\"error\":" \
        "\"unauthorized\"}"
#define TAGS                                                                                     \
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"models\":[{\"name\":\"a\"}" \
        ",{\"name\":\"b:1\"}]}"

static const LinkTarget target = { .url = URL, .host = "host.docker.internal", .port = "11434" };

/* "what=ok what=FAILED: detail" of each check, one a line. */
static char *told(const Proof *proof) {
        Text text = TEXT_INIT(8192);

        (void) text_add(&text, "");
        for (size_t i = 0; i < proof->n_checks; i++)
                (void) text_addf(
                        &text, "%s%s: %s\n", proof->checks[i].passed ? "+ " : "- ",
                        proof->checks[i].what, proof->checks[i].detail
                );
        return text_take(&text);
}

static const struct {
        const char *name;
        ProofKind kind;
        int exit_code;
        const char *output, *told;
} outputs[] = {
        { "all is well", PROOF_KEYED, 0, OFF MARK TAGS MARK,
          "+ " URL " is reachable: it answers\n"
          "+ without a key it is told off: 401 and {\"error\":\"unauthorized\"}\n"
          "+ with its key it gets the list of models: 2 models: a, b:1\n" },
        { "nobody listens", PROOF_KEYED, 0,
          "nc: can't connect to remote host (172.17.0.1): Connection refused\n" MARK
          "nc: can't connect to remote host (172.17.0.1): Connection refused\n" MARK,
          "- " URL
          " is reachable: nc: can't connect to remote host (172.17.0.1): Connection refused\n" },
        { "silence", PROOF_KEYED, 0, MARK MARK, "- " URL " is reachable: no answer\n" },
        { "it died", PROOF_KEYED, 137, "",
          "- " URL " is reachable: the probe ended before it had asked\n" },
        { "it died half-way", PROOF_KEYED, 137, OFF MARK "HTTP/1.1 200 OK",
          "+ " URL " is reachable: it answers\n"
          "+ without a key it is told off: 401 and {\"error\":\"unauthorized\"}\n"
          "- with its key it gets the list of models: the probe ended before it had asked\n" },
        { "open to everybody", PROOF_KEYED, 0, TAGS MARK TAGS MARK,
          "+ " URL " is reachable: it answers\n"
          "- without a key it is told off: it answers 200\n"
          "+ with its key it gets the list of models: 2 models: a, b:1\n" },
        { "another 401", PROOF_KEYED, 0,
          "HTTP/1.1 401 Unauthorized\r\n\r\n{\"error\":\"unauthorized\"}\n" MARK OFF MARK,
          "+ " URL " is reachable: it answers\n"
          "- without a key it is told off: it answers 401, but with another text\n"
          "- with its key it gets the list of models: it answers 401\n" },
        { "no list", PROOF_OPEN, 0, "HTTP/1.0 200 OK\r\n\r\n<html>" MARK,
          "+ " URL " is reachable: it answers\n"
          "- it gets the list of models: it answers 200, but with no list of models\n" },
        { "no models yet", PROOF_OPEN, 0, "HTTP/1.0 200 OK\r\n\r\n{\"models\":[]}" MARK,
          "+ " URL " is reachable: it answers\n"
          "+ it gets the list of models: 0 models\n" },
        { "no HTTP", PROOF_OPEN, 0, "SSH-2.0-\x1b[31mx\r\n" MARK,
          "- " URL " is reachable: SSH-2.0- [31mx\n" },
        { "no code", PROOF_OPEN, 0, "HTTP/1.1 abc OK\r\n\r\n" MARK,
          "- " URL " is reachable: HTTP/1.1 abc OK\n" },
        { "cut head", PROOF_OPEN, 0, "HTTP/1.1 503 x" MARK,
          "+ " URL " is reachable: it answers\n"
          "- it gets the list of models: it answers 503\n" },
        { "ollama list", PROOF_LISTED, 0, "NAME  ID  SIZE  MODIFIED\na:1  x  1 B  now\n",
          "+ " URL " is reachable: it answers\n"
          "+ it gets the list of models: 1 model\n" },
        { "ollama list without any", PROOF_LISTED, 0, "NAME  ID  SIZE  MODIFIED\n",
          "+ " URL " is reachable: it answers\n"
          "+ it gets the list of models: 0 models\n" },
        { "ollama list fails", PROOF_LISTED, 1, "Error: could not connect\nmore\n",
          "- " URL " is reachable: Error: could not connect\n" },
};

Test(proof, what_the_probe_wrote_is_read) {
        for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
                const ProofOutput output = { .kind = outputs[i].kind,
                                             .target = &target,
                                             .mark = "feed",
                                             .text = outputs[i].output,
                                             .exit_code = outputs[i].exit_code };
                Proof proof = { 0 };

                proof_read(&proof, &output);
                cleanup(freep) char *text = told(&proof);
                cr_expect_str_eq(text, outputs[i].told, "%s", outputs[i].name);
                cr_expect_eq(
                        proof_passed(&proof),
                        strstr(outputs[i].told, "- ") != outputs[i].told
                                && strstr(outputs[i].told, "\n- ") == NULL,
                        "%s", outputs[i].name
                );
        }
}

Test(proof, nothing_checked_is_not_passed) {
        const Proof proof = { 0 };

        cr_expect_not(proof_passed(&proof));
}

Test(proof, a_failed_check_says_what_mends_it_and_a_passed_one_does_not) {
        Proof proof = { 0 };

        proof_add(&proof, "one", true, "fine", "never shown");
        proof_add(&proof, "two", false, NULL, "do this");
        json_t *json = proof_to_json(&proof, "shop");
        cleanup(freep) char *text = json_dumps(json, JSON_COMPACT);
        cr_expect_str_eq(
                text, "{\"name\":\"shop\",\"passed\":false,\"checks\":["
                      "{\"what\":\"one\",\"passed\":true,\"detail\":\"fine\"},"
                      "{\"what\":\"two\",\"passed\":false,\"detail\":\"\",\"mend\":\"do this\"}]}"
        );
        json_decref(json);
}

static json_t *inspect_of(const char *variable, const char *value) {
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:{s:s, s:b}, s:{s:[s+, s], s:s, s:{}}, s:{}, s:{s:{}}}",
                "Id", "0123", "Name", "/web", "Created", "2024-01-01T00:00:00Z", "Image",
                "sha256:1", "State", "Status", "running", "Running", 1, "Config", "Env", variable,
                value, "OLLAMA_BASE_URL=" URL, "Image", "app", "Labels", "HostConfig",
                "NetworkSettings", "Networks"
        );
}

static char *environment(const char *variable, const char *value, const Link *link) {
        const LinkTarget keyed = { .url = URL, .host = target.host, .port = "11434", .key = KEY };
        json_t *inspect = inspect_of(variable, value);
        Container container = { .inspect = inspect, .name = "web" };
        Proof proof = { 0 };

        cr_assert_not_null(inspect);
        proof_environment(&proof, &container, link, &keyed);
        json_decref(inspect);
        return told(&proof);
}

Test(proof, the_environment_is_named_and_never_shown) {
        const Link whole = { 0 };
        Link part = { .variables = { { (char *) (uintptr_t) "OLLAMA_API_KEY", NULL } },
                      .n_variables = 1,
                      .host_entry = true };
        cleanup(freep) char *good = environment("OLLAMA_API_KEY=", KEY, &whole);
        cleanup(freep) char *own = environment("OLLAMA_API_KEY=", "my-own-secret", &whole);
        cleanup(freep) char *lacking = environment("OTHER=", "my-own-secret", &part);

        cr_expect_str_eq(
                good, "+ its environment holds the link: OLLAMA_BASE_URL (the address), "
                      "OLLAMA_API_KEY (its key)\n"
        );
        cr_expect_str_eq(
                own, "- its environment holds the link: no variable of web holds its key: its user "
                     "set one of their own\n"
        );
        cr_expect_str_eq(
                lacking, "- its environment holds the link: web lacks OLLAMA_API_KEY and the host "
                         "entry host.docker.internal\n"
        );
}
