/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Ollama is shared (model/choose-provider.h), remembered in STATE/provider.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/provider-inside.h"

static char *choice_path(const Provider *provider) {
        return text_format("%s/provider", provider->setup.state_dir);
}

int provider_choice_open(Provider *provider, Error *err) {
        cleanup(freep) char *path = choice_path(provider);
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        Error unread = { 0 };

        provider->remembered = (ProviderChoice){ .kind = PROVIDER_IS_UNDECIDED };
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        int r = file_read(path, CHOICE_TEXT_MAX, &text, &size, &unread);
        if (r >= 0)
                r = provider_choice_from_text(text, &provider->remembered, &unread);
        if (r < 0 && r != -ENOENT)
                (void) error_set(&provider->unreadable, r, "%s: %s", path, error_text(&unread));
        return 0;
}

static int write_choice(Provider *provider, const ProviderChoice *choice, Error *err) {
        cleanup(freep) char *path = choice_path(provider);
        json_t *json = provider_choice_to_json(choice);
        cleanup(freep) char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;

        json_decref(json);
        if (path == NULL || text == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        int r = file_replace(path, text, strlen(text), 0600, err);
        if (r < 0)
                return r;
        provider->remembered = *choice;
        provider->unreadable = (Error){ 0 };
        return 0;
}

static bool is_another(const ProviderChoice *a, const ProviderChoice *b) {
        return a->kind != b->kind || strcmp(a->identity, b->identity) != 0;
}

static bool differs(const ProviderChoice *a, const ProviderChoice *b) {
        return is_another(a, b) || strcmp(a->name, b->name) != 0 || strcmp(a->asked, b->asked) != 0
               || a->ordered != b->ordered || a->port != b->port;
}

/* Once, however often it is decided. */
static void tell(const Provider *provider) {
        const ProviderChoice *choice = &provider->choice;

        if (choice->kind == PROVIDER_IS_UNDECIDED)
                log_event(
                        LOG_WARNING, MSG_PROVIDER_UNDECIDED, NO_FIELDS,
                        "No Ollama is shared, waiting for you: %s; next: %s", provider->reason.why,
                        provider->reason.next
                );
        else
                log_event(
                        LOG_NOTICE, MSG_PROVIDER_CHOSEN,
                        FIELDS({ "PROVIDER", provider_kind_to_string(choice->kind) }),
                        "The shared Ollama is %s%s%s: %s", provider_kind_to_string(choice->kind),
                        choice->name[0] != '\0' ? ", " : "", choice->name, provider->reason.why
                );
}

static bool is_kept(ProviderKind kind) {
        return kind == PROVIDER_IS_MANAGED || kind == PROVIDER_IS_ADOPTED
               || kind == PROVIDER_IS_HOST;
}

void provider_choice_take(Provider *provider, const ProviderChoice *choice) {
        bool another = is_another(choice, &provider->choice) || !provider->chosen;
        Error err = { 0 };

        provider->choice = *choice;
        provider->chosen = true;
        if (!provider->setup.finishing && is_kept(choice->kind)
            && differs(choice, &provider->remembered) && write_choice(provider, choice, &err) < 0)
                log_debug("Provider: cannot write the choice down: %s", error_text(&err));
        if (another && !provider->setup.finishing)
                tell(provider);
}

static int check_use(Provider *provider, const ProviderChoice *choice, Error *err) {
        const ConfigProvider *config = &provider->setup.config->provider;

        if (config->mode == PROVIDER_EXTERNAL || config->mode == PROVIDER_MANAGED)
                return error_set(
                        err, -EPERM,
                        "the configuration says mode = %s in [provider]: take that out first",
                        provider_mode_to_string(config->mode)
                );
        if (config->container[0] != '\0')
                return error_set(
                        err, -EPERM,
                        "the configuration names a container in [provider]: take that out first"
                );
        if (config->mode == PROVIDER_ADOPT && choice->kind == PROVIDER_IS_MANAGED)
                return error_set(
                        err, -EPERM,
                        "the configuration says mode = adopt in [provider], which makes no Ollama: take that out first"
                );
        provider_host_read(provider);
        if (choice->kind == PROVIDER_IS_HOST && !provider->unit.installed)
                return error_set(err, -EPERM, "ollama.service is not installed on this host");
        return 0;
}

int provider_use(Provider *provider, const ProviderChoice *choice, Error *err) {
        ProviderChoice wanted = *choice;

        int r = check_use(provider, choice, err);
        if (r < 0)
                return r;
        /* A port that is ours need not be given up for it. */
        if (!is_another(choice, &provider->choice) && provider->choice.port == PORT_OURS)
                wanted.port = PORT_OURS;
        r = write_choice(provider, &wanted, err);
        if (r < 0)
                return r;
        log_event(
                LOG_INFO, NULL, FIELDS({ "PROVIDER", provider_kind_to_string(choice->kind) }),
                "The shared Ollama is to be %s%s%s, says its operator",
                provider_kind_to_string(choice->kind), choice->name[0] != '\0' ? ", " : "",
                choice->name
        );
        provider->retry_usec = 0;
        provider_pass_begin(provider);
        return 0;
}

const ProviderFindSetup *provider_choice_candidates(Provider *provider) {
        const ConfigProvider *config = &provider->setup.config->provider;
        const ProviderChoice *remembered = &provider->remembered;
        bool all = choose_needs_all(config->mode, config->container, remembered)
                   /* It may have been made anew under its name. */
                   || (config->container[0] != '\0' && provider->chosen
                       && provider->adopted.id[0] == '\0');

        if (config->mode == PROVIDER_EXTERNAL || config->mode == PROVIDER_MANAGED)
                return NULL;
        if (!all && remembered->kind != PROVIDER_IS_ADOPTED)
                return NULL;
        provider->candidates = (ProviderFindSetup){
                .engine = provider->setup.engine,
                .memory = provider->setup.memory,
                .of = all ? NULL : remembered,
                .named = config->container,
        };
        return &provider->candidates;
}

const char *provider_choose(const ProviderFind *find, void *data) {
        Provider *provider = data;
        const ConfigProvider *config = &provider->setup.config->provider;
        ProviderChoice choice;
        provider_host_read(provider);
        ChooseView view = {
                .mode = config->mode,
                .container = config->container,
                .remembered = &provider->remembered,
                .ours = find != NULL && provider_find_ours(find),
                .host_unit = provider->unit.installed,
        };

        if (find != NULL)
                view.candidates = provider_find_candidates(find, &view.n_candidates);
        choose_provider(&view, &choice, &provider->reason);
        /* Not guessed anew: that could make a second Ollama. */
        if (error_is_set(&provider->unreadable) && find != NULL && config->container[0] == '\0') {
                choice = (ProviderChoice){ .kind = PROVIDER_IS_UNDECIDED };
                (void) snprintf(
                        provider->reason.why, sizeof provider->reason.why,
                        "what was chosen cannot be read: %s", error_text(&provider->unreadable)
                );
                (void) snprintf(
                        provider->reason.next, sizeof provider->reason.next,
                        "coollama provider use NAME"
                );
        }
        provider_choice_take(provider, &choice);

        const ProviderCandidate *candidate =
                choice.kind == PROVIDER_IS_ADOPTED
                        ? provider_candidate_of(view.candidates, view.n_candidates, choice.identity)
                        : NULL;
        return candidate ? candidate->id : NULL;
}
