/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/choose-provider.h"

/*
 * Containers stand as "name", with flags in front:
 *   o  its image is ollama/ollama   a  it asks by label   t  and is trusted   -  it is stopped
 * "o:shop" is an Ollama named shop.
 */
static ProviderCandidate candidate_from(const char *text) {
        const char *colon = strchr(text, ':');
        ProviderCandidate candidate = { .running = true };

        cr_assert_not_null(colon);
        for (const char *at = text; at < colon; at++) {
                candidate.ollama = candidate.ollama || *at == 'o';
                candidate.asks = candidate.asks || *at == 'a' || *at == 't';
                candidate.trusted = candidate.trusted || *at == 't';
                candidate.running = candidate.running && *at != '-';
        }
        cr_assert_geq(identity_from_labels(NULL, colon + 1, &candidate.identity, NULL), 0);
        (void) snprintf(candidate.name, sizeof candidate.name, "%s", colon + 1);
        (void) snprintf(candidate.id, sizeof candidate.id, "%064x", (unsigned) strlen(text));
        return candidate;
}

/* "managed", "host", "adopted NAME" or "" */
static ProviderChoice choice_from(const char *text) {
        ProviderChoice choice = { .kind = PROVIDER_IS_UNDECIDED };

        if (strcmp(text, "managed") == 0)
                choice.kind = PROVIDER_IS_MANAGED;
        else if (strcmp(text, "host") == 0)
                choice.kind = PROVIDER_IS_HOST;
        else if (strncmp(text, "adopted ", 8) == 0) {
                choice.kind = PROVIDER_IS_ADOPTED;
                (void) snprintf(choice.identity, sizeof choice.identity, "%s", text + 8);
                (void) snprintf(choice.name, sizeof choice.name, "%s", text + 8);
        }
        return choice;
}

typedef struct Case {
        const char *name;
        ProviderMode mode;
        const char *container; /* configured */
        const char *remembered;
        const char *seen[4];
        bool ours, host_unit;
        const char *decided; /* as above; "" undecided */
        const char *says;    /* a part of why or next; NULL: whatever */
} Case;

/* clang-format off */
static const Case cases[] = {
        { "an empty host gets one of ours", .decided = "managed" },
        { "the only Ollama is adopted", .seen = { "o:shop" }, .decided = "adopted shop" },
        { "also one that is stopped", .seen = { "o-:shop" }, .decided = "adopted shop" },
        { "two are the operator's to choose of", .seen = { "o:shop", "o:blog" }, .decided = "",
          .says = "shop and blog" },
        { "and the command that does it is named", .seen = { "o:shop", "o:blog" }, .decided = "",
          .says = "coollama provider use" },
        { "containers of one identity are one", .seen = { "o:shop", "o-:shop" },
          .decided = "adopted shop" },
        { "a container comes before the host's service", .seen = { "o:shop" }, .host_unit = true,
          .decided = "adopted shop" },
        { "the host's service comes before one of ours", .host_unit = true, .decided = "host" },
        { "a trusted label comes before images", .seen = { "o:shop", "t:own" },
          .decided = "adopted own" },
        { "two trusted labels decide nothing", .seen = { "t:a1", "t:b1" }, .decided = "" },
        { "a label without trust does not outweigh an image", .seen = { "o:shop", "a:own" },
          .decided = "adopted shop" },
        { "nor decide between two", .seen = { "o:shop", "oa:own" }, .decided = "" },
        { "nothing is made beside one that asks", .seen = { "a:own" }, .decided = "",
          .says = "asks to be the provider, waiting for you" },
        { "who asks is told how to be agreed to", .seen = { "a:own" }, .decided = "",
          .says = "coollama trust own" },

        { "what is remembered stands against a newcomer", .remembered = "managed",
          .seen = { "o:shop" }, .decided = "managed" },
        { "and against a trusted label that appears later", .remembered = "managed",
          .seen = { "t:own" }, .decided = "managed" },
        { "one that is away is still the one", .remembered = "adopted shop",
          .decided = "adopted shop" },
        { "also when another is there", .remembered = "adopted shop", .seen = { "o:blog" },
          .decided = "adopted shop" },
        { "the host's is still the host's when its unit is gone", .remembered = "host",
          .decided = "host" },
        { "one of ours that was forgotten is known again", .seen = { "o:shop" }, .ours = true,
          .decided = "managed" },

        { "managed is said and done", .mode = PROVIDER_MANAGED, .seen = { "o:shop" },
          .host_unit = true, .decided = "managed" },
        { "managed also changes what is remembered", .mode = PROVIDER_MANAGED,
          .remembered = "adopted shop", .decided = "managed" },
        { "adopt makes none", .mode = PROVIDER_ADOPT, .decided = "", .says = "no Ollama here" },
        { "adopt forgets one of ours", .mode = PROVIDER_ADOPT, .remembered = "managed",
          .ours = true, .seen = { "o:shop" }, .decided = "adopted shop" },
        { "the configured container is adopted, whatever its image", .container = "own",
          .seen = { "o:shop", ":own" }, .decided = "adopted own" },
        { "and whatever is remembered", .container = "own", .remembered = "managed",
          .seen = { ":own" }, .decided = "adopted own" },
        { "one that is not there is waited for", .container = "own", .seen = { "o:shop" },
          .decided = "", .says = "no container named own" },
};
/* clang-format on */

Test(choose_provider, the_first_rule_that_decides_counts) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Case *one = &cases[i];
                ProviderCandidate candidates[ARRAY_LEN(one->seen)];
                ProviderChoice remembered = choice_from(one->remembered ? one->remembered : "");
                ProviderChoice wanted = choice_from(one->decided);
                ProviderChoice choice;
                ChooseReason reason;
                size_t n = 0;

                while (n < ARRAY_LEN(one->seen) && one->seen[n] != NULL) {
                        candidates[n] = candidate_from(one->seen[n]);
                        n++;
                }
                const ChooseView view = {
                        .mode = one->mode,
                        .container = one->container ? one->container : "",
                        .remembered = &remembered,
                        .candidates = candidates,
                        .n_candidates = n,
                        .ours = one->ours,
                        .host_unit = one->host_unit,
                };
                choose_provider(&view, &choice, &reason);
                cr_expect_eq(
                        choice.kind, wanted.kind, "%s: %s", one->name,
                        provider_kind_to_string(choice.kind)
                );
                cr_expect_str_eq(choice.identity, wanted.identity, "%s", one->name);
                cr_expect(reason.why[0] != '\0', "%s: no reason", one->name);
                cr_expect(
                        choice.kind != PROVIDER_IS_UNDECIDED || reason.next[0] != '\0',
                        "%s: no next step", one->name
                );
                cr_expect(
                        one->says == NULL || strstr(reason.why, one->says) != NULL
                                || strstr(reason.next, one->says) != NULL,
                        "%s: %s; %s", one->name, reason.why, reason.next
                );
        }
}

static ProviderCandidate
service(const char *project, const char *name, bool running, json_int_t created) {
        ProviderCandidate candidate = { .ollama = true, .running = running, .created = created };
        json_t *labels = json_pack(
                "{s:s, s:s}", "com.docker.compose.project", project, "com.docker.compose.service",
                "ollama-api"
        );

        cr_assert_geq(identity_from_labels(labels, name, &candidate.identity, NULL), 0);
        json_decref(labels);
        (void) snprintf(candidate.name, sizeof candidate.name, "%s", name);
        (void) snprintf(candidate.id, sizeof candidate.id, "%064x", (unsigned) created);
        return candidate;
}

Test(choose_provider, an_adopted_one_is_followed_to_the_container_that_runs_else_the_newest) {
        ProviderCandidate both[] = { service("uuid", "a1_old", true, 1),
                                     service("uuid", "old", false, 2) };

        cr_expect_eq(provider_candidate_of(both, 2, "uuid/ollama-api"), &both[0]);
        both[0].running = false;
        cr_expect_eq(provider_candidate_of(both, 2, "uuid/ollama-api"), &both[1]);
        cr_expect_null(provider_candidate_of(both, 2, "other/ollama-api"));
}

Test(choose_provider, a_configured_container_that_was_deployed_under_another_name_stays_it) {
        ProviderCandidate before = service("uuid", "uuid-101112123456", true, 1);
        ProviderCandidate after = service("uuid", "uuid-131415123456", true, 2);
        ProviderChoice nothing = { .kind = PROVIDER_IS_UNDECIDED };
        ProviderChoice first, second, third;
        ChooseReason reason;
        ChooseView view = { .container = "uuid-101112123456",
                            .remembered = &nothing,
                            .candidates = &before,
                            .n_candidates = 1 };

        choose_provider(&view, &first, &reason);
        view.remembered = &first;
        view.candidates = &after;
        cr_expect_not(choose_needs_all(PROVIDER_AUTO, view.container, &first));
        choose_provider(&view, &second, &reason);
        cr_expect_str_eq(second.identity, "uuid/ollama-api");

        view.remembered = &second;
        view.n_candidates = 0;
        choose_provider(&view, &third, &reason);
        cr_expect_eq(third.kind, PROVIDER_IS_ADOPTED);
        cr_expect(choose_needs_all(PROVIDER_AUTO, "another", &third));
}

Test(choose_provider, an_operator_may_call_it_by_each_of_its_names) {
        ProviderCandidate candidates[] = { service("uuid", "ollama-api-uuid", true, 0xabc),
                                           service("b", "x", true, 2) };
        const char *const names[] = { "ollama-api-uuid", "uuid/ollama-api", "uuid",
                                      candidates[0].id };
        const ProviderCandidate *found = NULL;
        Error err = { 0 };

        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                cr_expect_eq(
                        provider_candidate_named(candidates, 2, names[i], &found, &err), 0, "%s",
                        names[i]
                );
                cr_expect_eq(found, &candidates[0], "%s", names[i]);
        }
        cr_expect_eq(provider_candidate_named(candidates, 2, "000000", &found, &err), -ENOENT);
}

Test(choose_provider, a_stacks_name_means_the_ollama_in_it_and_two_of_them_are_named) {
        ProviderCandidate stack[] = { service("uuid", "api", true, 1), candidate_from(":x"),
                                      candidate_from("o:y") };
        const ProviderCandidate *found = NULL;
        Error err = { 0 };

        (void) strcpy(stack[1].identity.project, "uuid");
        cr_expect_eq(provider_candidate_named(stack, 2, "uuid", &found, &err), 0);
        cr_expect_eq(found, &stack[0]);
        (void) strcpy(stack[2].identity.project, "uuid");
        cr_expect_eq(provider_candidate_named(stack, 3, "uuid", &found, &err), -ENOTUNIQ);
        cr_expect(strstr(error_text(&err), "uuid/ollama-api") != NULL, "%s", error_text(&err));
}

Test(choose_provider, what_is_written_down_is_read_again) {
        ProviderChoice choice = choice_from("adopted uuid/ollama-api");
        ProviderChoice read;

        choice.ordered = true;
        choice.port = PORT_THEIRS;
        (void) strcpy(choice.asked, "own");
        json_t *json = provider_choice_to_json(&choice);
        char *text = json_dumps(json, 0);
        cr_expect_eq(provider_choice_from_text(text, &read, NULL), 0);
        cr_expect_eq(read.kind, PROVIDER_IS_ADOPTED);
        cr_expect_str_eq(read.identity, choice.identity);
        cr_expect_str_eq(read.asked, "own");
        cr_expect(read.ordered && read.port == PORT_THEIRS);
        free(text);
        json_decref(json);
}

Test(choose_provider, the_word_of_earlier_versions_is_read_and_nonsense_is_none) {
        static const char *const bad[] = {
                "",
                "managed",
                "{}",
                "[]",
                "{\"mode\":\"adopted\"}",
                "{\"mode\":\"undecided\",\"identity\":\"\",\"name\":\"\",\"asked\":\"\"}"
        };
        ProviderChoice read;

        cr_expect_eq(provider_choice_from_text("managed\n", &read, NULL), 0);
        cr_expect_eq(read.kind, PROVIDER_IS_MANAGED);
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                cr_expect_eq(
                        provider_choice_from_text(bad[i], &read, NULL), -EBADMSG, "%s", bad[i]
                );
                cr_expect_eq(read.kind, PROVIDER_IS_UNDECIDED);
        }
}
