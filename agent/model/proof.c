/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof: the three questions that prove a link, and what their answers mean.
 *
 * The probe is a shell with printf and nc, or `ollama list`; it judges nothing. It writes down raw
 * answers, each ended by a mark that nobody can guess, and here they are read.
 */
#include "model/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define UNAUTHORIZED "{\"error\":\"unauthorized\"}"
#define NAMES_SHOWN  3

typedef struct Answer {
        bool answered; /* an HTTP answer came */
        int status;
        const char *body; /* within the text; ends at body_size */
        size_t body_size;
        char trouble[160]; /* what came instead */
} Answer;

bool proof_passed(const Proof *proof) {
        for (size_t i = 0; i < proof->n_checks; i++)
                if (!proof->checks[i].passed)
                        return false;
        return proof->n_checks > 0;
}

json_t *proof_to_json(const Proof *proof, const char *name) {
        json_t *checks = json_array();

        for (size_t i = 0; checks != NULL && i < proof->n_checks; i++) {
                const ProofCheck *check = &proof->checks[i];
                json_t *row = json_pack(
                        "{s:s, s:b, s:s}", "what", check->what, "passed", check->passed, "detail",
                        check->detail
                );
                if (row != NULL && !check->passed && check->mend[0] != '\0')
                        (void) json_object_set_new(row, "mend", json_string(check->mend));
                (void) json_array_append_new(checks, row);
        }
        return json_pack(
                "{s:s, s:b, s:o}", "name", name, "passed", proof_passed(proof), "checks", checks
        );
}

/* Copies printable ASCII; the rest, which a foreign program wrote, becomes blanks. */
static void copy_plain(char *target, size_t size, const char *text) {
        size_t length = strnlen(text, size - 1);

        for (size_t i = 0; i < length; i++)
                target[i] = (char) (text[i] >= ' ' && text[i] <= '~' ? text[i] : ' ');
        target[length] = '\0';
}

void proof_add(Proof *proof, const char *what, bool passed, const char *detail, const char *mend) {
        if (proof->n_checks == PROOF_CHECKS_MAX)
                return;
        ProofCheck *check = &proof->checks[proof->n_checks++];

        (void) snprintf(check->what, sizeof check->what, "%s", what);
        check->passed = passed;
        copy_plain(check->detail, sizeof check->detail, detail ? detail : "");
        (void) snprintf(check->mend, sizeof check->mend, "%s", mend ? mend : "");
}

/* Names of the variables whose value holds the text. */
static size_t names_holding(const Container *container, const char *text, Text *ret) {
        const json_t *env = json_object_get(json_object_get(container->inspect, "Config"), "Env");
        size_t n = 0;
        size_t i;
        json_t *entry;

        json_array_foreach(env, i, entry) {
                const char *string = json_string_value(entry);
                const char *value = string ? strchr(string, '=') : NULL;

                if (value == NULL || strstr(value, text) == NULL)
                        continue;
                (void) text_addf(ret, "%s%.*s", n > 0 ? ", " : "", (int) (value - string), string);
                n++;
        }
        return n;
}

static char *describe_held(const Container *container, const LinkTarget *target) {
        Text text = TEXT_INIT(4096);
        Text keys = TEXT_INIT(2048);

        if (names_holding(container, target->url, &text) > 0)
                (void) text_add(&text, " (the address)");
        if (target->key != NULL && names_holding(container, target->key, &keys) > 0)
                (void) text_addf(
                        &text, "%s%s (its key)", text.size > 0 ? ", " : "",
                        keys.data ? keys.data : ""
                );
        text_done(&keys);
        return text_take(&text);
}

void proof_environment(
        Proof *proof, const Container *container, const Link *link, const LinkTarget *target
) {
        static const char what[] = "its environment holds the link";
        static const char mend[] = "coollama status says why it is not linked";
        Text names = TEXT_INIT(4096);
        bool has_key = target->key == NULL || target->by_network
                       || names_holding(container, target->key, &names) > 0;

        text_done(&names);
        if (link->n_variables > 0 || link->host_entry) {
                cleanup(freep) char *lacking = link_describe(link);
                cleanup(freep) char *detail =
                        text_format("%s lacks %s", container->name, lacking ? lacking : "a part");
                proof_add(proof, what, false, detail, mend);
        } else if (!has_key) {
                cleanup(freep) char *detail = text_format(
                        "no variable of %s holds its key: its user set one of their own",
                        container->name
                );
                proof_add(
                        proof, what, false, detail,
                        "take that variable away, or set it with the label coollama.env.VARIABLE={key}"
                );
        } else {
                cleanup(freep) char *detail = describe_held(container, target);
                bool nothing = target->by_network && (detail == NULL || detail[0] == '\0');
                proof_add(
                        proof, what, true,
                        nothing ? "nothing is needed there: it is known by its network" : detail,
                        NULL
                );
        }
}

/* The 200 of "HTTP/1.1 200 OK"; 0 when it does not begin like that. */
static int status_of(const char *text, size_t size) {
        if (size < 12 || strncmp(text, "HTTP/1.", 7) != 0 || text[8] != ' '
            || strspn(text + 9, "0123456789") != 3)
                return 0;
        return (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
}

/* "HTTP/1.1 200 OK", headers, an empty line, the body. */
static void parse_http(const char *text, size_t size, Answer *answer) {
        const char *head_end = memmem(text, size, "\r\n\r\n", 4);
        int status = status_of(text, size);

        if (status == 0) {
                size_t line = 0;

                while (line < size && text[line] != '\n' && text[line] != '\r')
                        line++;
                if (line >= sizeof answer->trouble)
                        line = sizeof answer->trouble - 1;
                (void) snprintf(answer->trouble, sizeof answer->trouble, "%.*s", (int) line, text);
                if (line == 0)
                        (void) snprintf(answer->trouble, sizeof answer->trouble, "no answer");
                return;
        }
        answer->answered = true;
        answer->status = status;
        answer->body = head_end ? head_end + 4 : text + size;
        answer->body_size = size - (size_t) (answer->body - text);
}

/* The next answer of the text, which goes on behind its mark afterwards. */
static void next_answer(const char **text, const char *mark, Answer *ret) {
        cleanup(freep) char *line = text_format("\n@%s\n", mark);
        const char *end = line ? strstr(*text, line) : NULL;

        *ret = (Answer){ 0 };
        if (end == NULL) {
                (void) snprintf(
                        ret->trouble, sizeof ret->trouble, "the probe ended before it had asked"
                );
                return;
        }
        parse_http(*text, (size_t) (end - *text), ret);
        *text = end + strlen(line);
}

static void check_reached(Proof *proof, const ProofOutput *output, bool reached, const char *why) {
        const LinkTarget *target = output->target;
        char what[120];
        char mend[400];

        (void) snprintf(what, sizeof what, "%.90s is reachable", target->url);
        (void) snprintf(
                mend, sizeof mend,
                "is Ollama up (coollama status)? A firewall that drops it can be told: "
                "ufw allow proto tcp from 10.0.0.0/8,172.16.0.0/12 to any port %s",
                target->port
        );
        proof_add(proof, what, reached, why, mend);
}

static void check_told_off(Proof *proof, const ProofOutput *output, const Answer *answer) {
        bool exact = answer->body_size == strlen(UNAUTHORIZED)
                     && memcmp(answer->body, UNAUTHORIZED, answer->body_size) == 0;
        char detail[120] = "401 and " UNAUTHORIZED;
        char mend[200];

        if (answer->status != 401)
                (void) snprintf(detail, sizeof detail, "it answers %d", answer->status);
        else if (!exact)
                (void) snprintf(detail, sizeof detail, "it answers 401, but with another text");
        (void) snprintf(
                mend, sizeof mend,
                "something else than coollama's proxy answers on port %s: docker ps --filter publish=%s",
                output->target->port, output->target->port
        );
        proof_add(
                proof, "without a key it is told off", answer->status == 401 && exact, detail, mend
        );
}

static void add_models(const json_t *models, Text *text) {
        size_t n = json_array_size(models);

        (void) text_addf(text, n == 1 ? "1 model" : "%zu models", n);
        for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
                const char *name =
                        json_string_value(json_object_get(json_array_get(models, i), "name"));
                (void) text_addf(text, "%s%.60s", i == 0 ? ": " : ", ", name ? name : "?");
        }
        if (n > NAMES_SHOWN)
                (void) text_add(text, ", ...");
}

static void check_models(Proof *proof, const ProofOutput *output, const Answer *answer) {
        const char *what = output->kind == PROOF_KEYED ? "with its key it gets the list of models"
                                                       : "it gets the list of models";
        json_t *json = json_loadb(answer->body, answer->body_size, 0, NULL);
        const json_t *models = json_object_get(json, "models");
        Text text = TEXT_INIT(1024);
        const char *mend = "journalctl -u coollamad";

        if (answer->status == 200 && json_is_array(models))
                add_models(models, &text);
        else if (answer->status == 200)
                (void) text_add(&text, "it answers 200, but with no list of models");
        else
                (void) text_addf(&text, "it answers %d", answer->status);
        if (answer->status == 503)
                mend = "the proxy does not reach Ollama: coollama status";
        else if (answer->status == 401)
                mend = "the proxy does not know this key, or an Ollama elsewhere refuses the proxy's: coollama status";

        cleanup(freep) char *detail = text_take(&text);
        proof_add(proof, what, answer->status == 200 && json_is_array(models), detail, mend);
        json_decref(json);
}

/* `ollama list`: a line of headings, then one for each model. */
static void read_list(Proof *proof, const ProofOutput *output) {
        size_t lines = 0;
        char detail[160];

        for (const char *at = strchr(output->text, '\n'); at != NULL; at = strchr(at + 1, '\n'))
                lines++;
        if (output->exit_code != 0 || strncmp(output->text, "NAME", 4) != 0) {
                (void) snprintf(
                        detail, sizeof detail, "%.*s", (int) strcspn(output->text, "\r\n"),
                        output->text
                );
                check_reached(proof, output, false, detail[0] != '\0' ? detail : "no answer");
                return;
        }
        check_reached(proof, output, true, "it answers");
        (void) snprintf(detail, sizeof detail, lines == 2 ? "1 model" : "%zu models", lines - 1);
        proof_add(proof, "it gets the list of models", true, detail, NULL);
}

void proof_read(Proof *proof, const ProofOutput *output) {
        const char *text = output->text;
        Answer answer;

        if (output->kind == PROOF_LISTED) {
                read_list(proof, output);
                return;
        }
        next_answer(&text, output->mark, &answer);
        check_reached(
                proof, output, answer.answered, answer.answered ? "it answers" : answer.trouble
        );
        if (!answer.answered)
                return;
        if (output->kind == PROOF_KEYED) {
                check_told_off(proof, output, &answer);
                next_answer(&text, output->mark, &answer);
                if (!answer.answered) {
                        proof_add(
                                proof, "with its key it gets the list of models", false,
                                answer.trouble, "coollama status"
                        );
                        return;
                }
        }
        check_models(proof, output, &answer);
}
