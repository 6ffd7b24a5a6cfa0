/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link: compares what a container's environment holds with what its profiles and labels ask for.
 *
 * Being linked is a fact of the container, not a mark that we leave on it: this comparison is the
 * only place that knows, before a re-creation (what to add) and after it (nothing left).
 */
#include "model/link.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/donors.h"
#include "model/server-image.h"
#include "model/template.h"

static bool starts_with(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Variables that other services use too: what their user wrote there stays. */
static bool is_kept(const char *name) {
        return starts_with(name, "OPENAI_") || starts_with(name, "ANTHROPIC_")
               || strcmp(name, "OLLAMA_API_KEY") == 0 || strcmp(name, "OLLAMA_HOST") == 0;
}

static void note(Link *link, const char *text) {
        size_t used = strlen(link->note);

        (void
        ) snprintf(link->note + used, sizeof link->note - used, "%s%s", used ? "; " : "", text);
}

static void note_kept(Link *link, const char *name) {
        char text[VARIABLE_NAME_MAX + 40];

        (void) snprintf(text, sizeof text, "%s is kept as its user set it", name);
        note(link, text);
}

/* Takes value over. */
static int add_variable(Link *link, const char *name, char *value, Error *err) {
        if (link->n_variables == LINK_VARIABLES_MAX) {
                free(value);
                return error_set(err, -E2BIG, "more than %d variables", (int) LINK_VARIABLES_MAX);
        }

        LinkVariable *variable = &link->variables[link->n_variables];
        variable->name = strdup(name);
        variable->value = value;
        link->n_variables++;
        return variable->name ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static bool wish_sets(const Wish *wish, const char *name) {
        for (size_t i = 0; i < wish->n_variables; i++)
                if (strcmp(wish->variables[i].name, name) == 0)
                        return true;
        return false;
}

static bool link_sets(const Link *link, const char *name) {
        for (size_t i = 0; i < link->n_variables; i++)
                if (strcmp(link->variables[i].name, name) == 0)
                        return true;
        return false;
}

const char *link_target_url(const LinkTarget *target, char buffer[static LINK_URL_MAX]) {
        if (!target->key_in_url)
                return target->url;
        if (target->key == NULL)
                return NULL;

        int n = snprintf(buffer, LINK_URL_MAX, "%s/k/%s", target->url, target->key);
        return n > 0 && n < LINK_URL_MAX ? buffer : NULL;
}

static int expand(const LinkTarget *target, const char *template, char **ret, Error *err) {
        char url[LINK_URL_MAX];
        const TemplateValues values = { .url = link_target_url(target, url),
                                        .key = target->key,
                                        .host = target->host,
                                        .port = target->port };
        int r = template_expand(template, &values, ret, err);

        explicit_bzero(url, sizeof url);
        return r;
}

/* OLLAMA_HOST is where a server listens: it is not set where there is one, whoever asks for it. */
static bool would_move_server(const LinkInput *input, const char *name, Link *link) {
        if (strcmp(name, "OLLAMA_HOST") != 0)
                return false;
        if (image_carries_server(input->container->image, input->image)) {
                note(link,
                     "OLLAMA_HOST is not set: its image carries a server, which listens there");
                return true;
        }
        link->needs_image |= input->image == NULL;
        return input->image == NULL;
}

/* A profile's variable against what is there. *elsewhere: its user has sent the app somewhere else,
 * and no key of ours follows it there. */
static int compare_variable(
        const LinkInput *input,
        const ProfileVariable *variable,
        bool *elsewhere,
        Link *link,
        Error *err
) {
        if (wish_sets(input->wish, variable->name) || link_sets(link, variable->name))
                return 0;
        if (variable->role == PROFILE_ROLE_KEY && (input->target->key == NULL || *elsewhere))
                return 0;

        char *value = NULL;
        int r = expand(input->target, variable->template, &value, err);
        if (r < 0)
                return r;

        const char *present = container_env(input->container, variable->name);
        if (present != NULL && strcmp(present, value) == 0) {
                free(value);
                return 0;
        }
        if (would_move_server(input, variable->name, link)) {
                free(value);
                return 0;
        }
        if (present != NULL && present[0] != '\0' && is_kept(variable->name)) {
                const json_t *config = json_object_get(input->image, "Config");
                const char *fallback = env_lookup(json_object_get(config, "Env"), variable->name);

                if (input->image == NULL || fallback == NULL || strcmp(fallback, present) != 0) {
                        free(value);
                        *elsewhere = *elsewhere || variable->role == PROFILE_ROLE_URL;
                        link->needs_image |= input->image == NULL;
                        if (input->image != NULL)
                                note_kept(link, variable->name);
                        return 0;
                }
        }
        return add_variable(link, variable->name, value, err);
}

static int compare_profile(const LinkInput *input, const Profile *profile, Link *link, Error *err) {
        bool elsewhere = false;

        for (size_t i = 0; i < profile->n_variables; i++) {
                int r = compare_variable(input, &profile->variables[i], &elsewhere, link, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compare_profiles(const LinkInput *input, Link *link, Error *err) {
        const Wish *wish = input->wish;

        for (size_t i = 0; i < wish->n_profiles; i++) {
                const Profile *profile = profile_set_find(input->profiles, wish->profiles[i]);
                int r = profile ? compare_profile(input, profile, link, err)
                                : error_set(err, -EINVAL, "no profile '%s'", wish->profiles[i]);
                if (r < 0)
                        return r;
        }
        if (wish->n_profiles > 0)
                return 0;

        const Profile *profile = profile_set_for_image(input->profiles, input->container->image);
        return profile ? compare_profile(input, profile, link, err)
                       : error_set(err, -EINVAL, "no profile 'ollama'");
}

/* coollama.env.VAR: ours whatever was there. */
static int compare_wish(const LinkInput *input, Link *link, Error *err) {
        for (size_t i = 0; i < input->wish->n_variables; i++) {
                const WishVariable *variable = &input->wish->variables[i];
                char *value = NULL;
                int r = expand(input->target, variable->template, &value, err);
                if (r < 0)
                        return error_prefix(err, r, "coollama.env.%s", variable->name);

                const char *present = container_env(input->container, variable->name);
                if ((present != NULL && strcmp(present, value) == 0)
                    || would_move_server(input, variable->name, link)) {
                        free(value);
                        continue;
                }
                r = add_variable(link, variable->name, value, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* In another container's network the hosts are that one's: nothing can be added. */
static void compare_host(const LinkInput *input, Link *link) {
        DonorRef donor;

        if (!input->target->host_entry || donors_network(input->container, &donor))
                return;

        const char *entry = container_host_entry(input->container, LINK_HOST);
        if (entry == NULL)
                link->host_entry = true;
        else if (strcmp(entry + strlen(LINK_HOST) + 1, "host-gateway") != 0)
                note_kept(link, "the host entry for " LINK_HOST);
}

int link_compute(const LinkInput *input, Link *ret, Error *err) {
        *ret = (Link){ 0 };

        int r = input->target->by_network ? 0 : compare_profiles(input, ret, err);
        if (r < 0)
                return r;
        r = compare_wish(input, ret, err);
        if (r < 0)
                return r;
        compare_host(input, ret);
        return 0;
}

void link_done(Link *link) {
        for (size_t i = 0; i < link->n_variables; i++) {
                free(link->variables[i].name);
                if (link->variables[i].value != NULL)
                        explicit_bzero(link->variables[i].value, strlen(link->variables[i].value));
                free(link->variables[i].value);
        }
        link->n_variables = 0;
}

char *link_describe(const Link *link) {
        Text text = TEXT_INIT(8192);
        size_t parts = link->n_variables + (link->host_entry ? 1 : 0);

        for (size_t i = 0; i < parts; i++) {
                const char *separator = i == 0 ? "" : i + 1 == parts ? " and " : ", ";
                const char *name = i < link->n_variables ? link->variables[i].name
                                                         : "the host entry " LINK_HOST;
                (void) text_addf(&text, "%s%s", separator, name);
        }
        return text_take(&text);
}

static uint64_t mix(uint64_t hash, const char *text) {
        for (size_t i = 0; i <= strlen(text); i++)
                hash = (hash ^ (unsigned char) text[i]) * UINT64_C(1099511628211);
        return hash;
}

/* FNV-1a. */
char *link_fingerprint(const Link *link) {
        uint64_t hash = UINT64_C(14695981039346656037);

        for (size_t i = 0; i < link->n_variables; i++)
                hash = mix(mix(hash, link->variables[i].name), link->variables[i].value);
        hash = mix(hash, link->host_entry ? LINK_HOST_ENTRY : "");
        return text_format("%016llx", (unsigned long long) hash);
}
