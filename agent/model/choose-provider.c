/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choose: what the configuration says, what is remembered, what is there; the first that decides
 * counts. Several containers of one identity (replicas, a redeploy under way) are one candidate.
 */
#include "model/choose-provider.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "model/seek.h"

/* clang-format off */
static const char *const kind_names[] = {
        [PROVIDER_IS_UNDECIDED] = "undecided",
        [PROVIDER_IS_MANAGED]   = "managed",
        [PROVIDER_IS_ADOPTED]   = "adopted",
        [PROVIDER_IS_HOST]      = "host",
        [PROVIDER_IS_EXTERNAL]  = "external",
};
/* clang-format on */
static_assert(ARRAY_LEN(kind_names) == PROVIDER_IS_EXTERNAL + 1, "a name for every kind");

/* clang-format off */
static const char *const port_names[] = {
        [PORT_UNKNOWN] = "unknown",
        [PORT_OURS]    = "ours",
        [PORT_THEIRS]  = "theirs",
};
/* clang-format on */
static_assert(ARRAY_LEN(port_names) == PORT_THEIRS + 1, "a name for every owner");

const char *provider_kind_to_string(ProviderKind kind) {
        return kind_names[kind];
}

typedef bool Wanted(const ProviderCandidate *candidate, const char *name);

bool provider_candidate_is_named(const ProviderCandidate *candidate, const char *name) {
        size_t length = strlen(name);

        return strcmp(candidate->name, name) == 0 || strcmp(candidate->identity.human, name) == 0
               || strcmp(candidate->identity.key, name) == 0
               || (length > 0 && strcmp(candidate->identity.project, name) == 0)
               || (length >= SEEK_ID_MIN && strncmp(candidate->id, name, length) == 0);
}

static bool is_ollama(const ProviderCandidate *candidate, const char *name) {
        (void) name;
        return candidate->ollama;
}

static bool is_trusted(const ProviderCandidate *candidate, const char *name) {
        (void) name;
        return candidate->asks && candidate->trusted;
}

static bool asks(const ProviderCandidate *candidate, const char *name) {
        (void) name;
        return candidate->asks;
}

/* An identity is counted with the first of its containers that is wanted. */
static bool
is_repeated(const ProviderCandidate *candidates, size_t at, Wanted *wanted, const char *name) {
        for (size_t i = 0; i < at; i++)
                if (wanted(&candidates[i], name)
                    && strcmp(candidates[i].identity.key, candidates[at].identity.key) == 0)
                        return true;
        return false;
}

/* How many identities are wanted; up to max of them in found. */
static size_t
find(const ProviderCandidate *candidates,
     size_t n,
     Wanted *wanted,
     const char *name,
     const ProviderCandidate **found,
     size_t max) {
        size_t n_found = 0;

        for (size_t i = 0; i < n; i++) {
                if (!wanted(&candidates[i], name) || is_repeated(candidates, i, wanted, name))
                        continue;
                if (n_found < max)
                        found[n_found] = &candidates[i];
                n_found++;
        }
        return n_found;
}

const ProviderCandidate *
provider_candidate_of(const ProviderCandidate *candidates, size_t n, const char *identity) {
        const ProviderCandidate *best = NULL;

        for (size_t i = 0; i < n; i++) {
                const ProviderCandidate *one = &candidates[i];

                if (strcmp(one->identity.key, identity) != 0)
                        continue;
                if (best == NULL || (one->running && !best->running)
                    || (one->running == best->running && one->created > best->created))
                        best = one;
        }
        return best;
}

#define SHOWN_MAX 3

/* "a, b and 2 more" */
static void list_names(const ProviderCandidate *const *found, size_t n, char *buffer, size_t size) {
        size_t used = 0;

        buffer[0] = '\0';
        for (size_t i = 0; i < n && i < SHOWN_MAX && used < size; i++) {
                const char *glue = i == 0 ? "" : i + 1 == n ? " and " : ", ";

                used += (size_t
                ) snprintf(buffer + used, size - used, "%s%.80s", glue, found[i]->identity.human);
        }
        if (n > SHOWN_MAX && used < size)
                (void) snprintf(buffer + used, size - used, " and %zu more", n - SHOWN_MAX);
}

int provider_candidate_named(
        const ProviderCandidate *candidates,
        size_t n,
        const char *name,
        const ProviderCandidate **ret,
        Error *err
) {
        const ProviderCandidate *found[SHOWN_MAX];
        char names[300];
        size_t n_found = find(candidates, n, provider_candidate_is_named, name, found, SHOWN_MAX);

        /* A stack's name means the Ollama in it. */
        if (n_found > 1) {
                const ProviderCandidate *in_it = NULL;
                size_t n_in_it = 0;

                for (size_t i = 0; i < n; i++)
                        if (candidates[i].ollama
                            && provider_candidate_is_named(&candidates[i], name)
                            && !is_repeated(candidates, i, is_ollama, name)) {
                                in_it = &candidates[i];
                                n_in_it++;
                        }
                if (n_in_it == 1) {
                        *ret = in_it;
                        return 0;
                }
        }
        if (n_found == 0)
                return error_set(err, -ENOENT, "there is no container named %.100s", name);
        if (n_found > 1) {
                list_names(found, n_found, names, sizeof names);
                return error_set(err, -ENOTUNIQ, "%.100s may be %s", name, names);
        }
        *ret = found[0];
        return 0;
}

static void say(char *buffer, size_t size, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static void say(char *buffer, size_t size, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(buffer, size, format, arguments);
        va_end(arguments);
}

#define SAY(reason, member, ...) say((reason)->member, sizeof(reason)->member, __VA_ARGS__)

static void adopt(const ProviderCandidate *candidate, ProviderChoice *ret) {
        ret->kind = PROVIDER_IS_ADOPTED;
        ret->port = PORT_UNKNOWN;
        (void) snprintf(ret->identity, sizeof ret->identity, "%s", candidate->identity.key);
        (void) snprintf(ret->project, sizeof ret->project, "%s", candidate->identity.project);
        (void) snprintf(ret->member, sizeof ret->member, "%s", candidate->identity.member);
        (void) snprintf(ret->name, sizeof ret->name, "%s", candidate->identity.human);
}

/* Its name is as of today. */
static void follow(const ChooseView *view, ProviderChoice *ret) {
        *ret = *view->remembered;
        const ProviderCandidate *candidate =
                provider_candidate_of(view->candidates, view->n_candidates, ret->identity);

        if (candidate != NULL)
                (void) snprintf(ret->name, sizeof ret->name, "%s", candidate->identity.human);
}

static void configured(const ChooseView *view, ProviderChoice *ret, ChooseReason *reason) {
        const ProviderChoice *remembered = view->remembered;
        bool known = remembered->kind == PROVIDER_IS_ADOPTED
                     && strcmp(remembered->asked, view->container) == 0;
        const ProviderCandidate *candidate = NULL;
        Error err = { 0 };

        SAY(reason, why, "[provider] container names it");
        if (known
            && provider_candidate_of(view->candidates, view->n_candidates, remembered->identity)
                       != NULL) {
                follow(view, ret);
                return;
        }
        int r = provider_candidate_named(
                view->candidates, view->n_candidates, view->container, &candidate, &err
        );
        if (r >= 0) {
                adopt(candidate, ret);
                (void) snprintf(ret->asked, sizeof ret->asked, "%s", view->container);
        } else if (r == -ENOENT && known) {
                *ret = *remembered;
        } else {
                SAY(reason, why, "[provider] container: %s", error_text(&err));
                SAY(reason, next, "start it, or change container in [provider]");
        }
}

static bool counts(const ChooseView *view) {
        switch (view->remembered->kind) {
        case PROVIDER_IS_MANAGED:
                return view->mode == PROVIDER_AUTO;
        case PROVIDER_IS_ADOPTED:
        case PROVIDER_IS_HOST:
                return true;
        case PROVIDER_IS_UNDECIDED:
        case PROVIDER_IS_EXTERNAL:
                break;
        }
        return false;
}

/* True when one is wanted, or more than one, which is left to the operator. */
static bool choose_wanted(
        const ChooseView *view,
        Wanted *wanted,
        const char *why,
        ProviderChoice *ret,
        ChooseReason *reason
) {
        const ProviderCandidate *found[SHOWN_MAX];
        char names[300];
        size_t n = find(view->candidates, view->n_candidates, wanted, "", found, SHOWN_MAX);

        if (n == 1) {
                adopt(found[0], ret);
                SAY(reason, why, "%s", why);
        } else if (n > 1) {
                list_names(found, n, names, sizeof names);
                SAY(reason, why,
                    "there are %zu Ollamas, %s, and only you can say which one is shared", n,
                    names);
                SAY(reason, next, "coollama provider use NAME");
        }
        return n > 0;
}

/* Nothing is made beside what says of itself that it is an Ollama. */
static bool waits_for_trust(const ChooseView *view, ChooseReason *reason) {
        const ProviderCandidate *found[SHOWN_MAX];
        char names[300];
        size_t n = find(view->candidates, view->n_candidates, asks, "", found, SHOWN_MAX);

        if (n == 0)
                return false;
        list_names(found, n, names, sizeof names);
        SAY(reason, why, "%s asks to be the provider, waiting for you", names);
        SAY(reason, next, "coollama trust %.120s, or coollama provider use managed",
            n == 1 ? found[0]->identity.human : "NAME");
        return true;
}

static void look_around(const ChooseView *view, ProviderChoice *ret, ChooseReason *reason) {
        if (view->ours && view->mode == PROVIDER_AUTO) {
                ret->kind = PROVIDER_IS_MANAGED;
                SAY(reason, why, "it was made before");
        } else if (choose_wanted(view, is_trusted, "its label asks for it, and you agreed", ret, reason) || choose_wanted(view, is_ollama, "it is the only Ollama here", ret, reason) || waits_for_trust(view, reason)) {
                return;
        } else if (view->host_unit) {
                ret->kind = PROVIDER_IS_HOST;
                SAY(reason, why, "ollama.service is installed on this host");
        } else if (view->mode == PROVIDER_AUTO) {
                ret->kind = PROVIDER_IS_MANAGED;
                SAY(reason, why, "there was no Ollama here");
        } else {
                SAY(reason, why, "there is no Ollama here to adopt");
                SAY(reason, next, "start one, or set mode = auto in [provider]");
        }
}

bool choose_needs_all(ProviderMode mode, const char *container, const ProviderChoice *remembered) {
        const ChooseView view = { .mode = mode, .container = container, .remembered = remembered };

        if (mode == PROVIDER_EXTERNAL || mode == PROVIDER_MANAGED)
                return false;
        if (container[0] != '\0')
                return remembered->kind != PROVIDER_IS_ADOPTED
                       || strcmp(remembered->asked, container) != 0;
        return !counts(&view);
}

void choose_provider(const ChooseView *view, ProviderChoice *ret, ChooseReason *ret_reason) {
        *ret = (ProviderChoice){ .kind = PROVIDER_IS_UNDECIDED };
        *ret_reason = (ChooseReason){ 0 };

        if (view->mode == PROVIDER_EXTERNAL || view->mode == PROVIDER_MANAGED) {
                ret->kind = view->mode == PROVIDER_EXTERNAL ? PROVIDER_IS_EXTERNAL
                                                            : PROVIDER_IS_MANAGED;
                SAY(ret_reason, why, "mode = %s in [provider]",
                    provider_mode_to_string(view->mode));
        } else if (view->container[0] != '\0') {
                configured(view, ret, ret_reason);
        } else if (counts(view)) {
                follow(view, ret);
                SAY(ret_reason, why, "%s",
                    ret->ordered ? "you said so" : "chosen when coollama was first started");
        } else {
                look_around(view, ret, ret_reason);
        }
}

void provider_choice_of(const ProviderCandidate *candidate, ProviderChoice *ret) {
        *ret = (ProviderChoice){ .ordered = true };
        adopt(candidate, ret);
}

json_t *provider_choice_to_json(const ProviderChoice *choice) {
        return json_pack(
                "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "version", 1, "mode",
                provider_kind_to_string(choice->kind), "identity", choice->identity, "project",
                choice->project, "member", choice->member, "name", choice->name, "asked",
                choice->asked, "ordered", choice->ordered, "port", port_names[choice->port]
        );
}

static bool copy(char *buffer, size_t size, const json_t *json, const char *member) {
        const char *text = json_string_value(json_object_get(json, member));

        return text != NULL && snprintf(buffer, size, "%s", text) < (int) size;
}

static bool read_choice(const json_t *json, ProviderChoice *ret) {
        const char *mode = json_string_value(json_object_get(json, "mode"));
        const char *port = json_string_value(json_object_get(json, "port"));

        for (size_t i = 0; mode != NULL && i < ARRAY_LEN(kind_names); i++)
                if (strcmp(mode, kind_names[i]) == 0)
                        ret->kind = (ProviderKind) i;
        ret->ordered = json_is_true(json_object_get(json, "ordered"));
        for (size_t i = 0; port != NULL && i < ARRAY_LEN(port_names); i++)
                if (strcmp(port, port_names[i]) == 0)
                        ret->port = (PortOwner) i;
        return ret->kind != PROVIDER_IS_UNDECIDED
               && copy(ret->identity, sizeof ret->identity, json, "identity")
               && copy(ret->project, sizeof ret->project, json, "project")
               && copy(ret->member, sizeof ret->member, json, "member")
               && copy(ret->name, sizeof ret->name, json, "name")
               && copy(ret->asked, sizeof ret->asked, json, "asked")
               && (ret->kind != PROVIDER_IS_ADOPTED || ret->identity[0] != '\0');
}

int provider_choice_from_text(const char *text, ProviderChoice *ret, Error *err) {
        *ret = (ProviderChoice){ .kind = PROVIDER_IS_UNDECIDED };
        if (strcmp(text, "managed\n") == 0) {
                ret->kind = PROVIDER_IS_MANAGED;
                return 0;
        }

        json_t *json = json_loads(text, 0, NULL);
        bool good = json_is_object(json) && read_choice(json, ret);
        json_decref(json);
        if (good)
                return 0;
        *ret = (ProviderChoice){ .kind = PROVIDER_IS_UNDECIDED };
        return error_set(err, -EBADMSG, "it is no choice of a provider");
}
