/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider-upgrade.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/provider-inside.h"

#define FILE_SIZE_MAX ((size_t) 8192)

static int write_down(const Provider *provider, const Upgrade *upgrade, Error *err) {
        cleanup(freep) char *path = text_format("%s/upgrade.json", provider->setup.state_dir);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        if (upgrade->phase == UPGRADE_OVER)
                return file_remove(path, err);

        json_t *json = upgrade_to_json(upgrade);
        cleanup(freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        json_decref(json);
        return text ? file_replace(path, text, strlen(text), 0600, err)
                    : error_set(err, -ENOMEM, "out of memory");
}

static void take(Provider *provider, const Upgrade *upgrade) {
        provider->upgrade = *upgrade;
        provider->upgrade_since_usec = clock_monotonic_usec();
}

int provider_upgrade_open(Provider *provider, Error *err) {
        cleanup(freep) char *path = text_format("%s/upgrade.json", provider->setup.state_dir);
        cleanup(freep) char *text = NULL;
        Upgrade upgrade = { 0 };
        size_t size = 0;

        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        if (file_read(path, FILE_SIZE_MAX, &text, &size, NULL) < 0)
                return 0;
        json_t *json = json_loadb(text, size, 0, NULL);
        int r = upgrade_from_json(json, &upgrade, NULL);
        json_decref(json);
        /* Whatever Ollama runs then is what it runs. */
        if (r < 0 || strcmp(upgrade.image, provider->setup.config->provider.image) != 0)
                upgrade.phase = UPGRADE_OVER;
        take(provider, &upgrade);
        if (upgrade.phase == UPGRADE_OVER)
                return write_down(provider, &upgrade, err);
        if (!story_is_open(provider->setup.story))
                (void) story_begin(provider->setup.story);
        return 0;
}

static void tell_end(const Provider *provider, const json_t *noted) {
        const char *said = json_string_value(json_object_get(noted, "said"));
        bool fine = json_is_true(json_object_get(noted, "fine"));

        log_event(
                fine ? LOG_NOTICE : LOG_WARNING, fine ? MSG_PROVIDER_ACTION : MSG_PROVIDER_TROUBLE,
                FIELDS({ "IMAGE", provider->upgrade.image }), "Upgrade: %s", said ? said : "over"
        );
        story_end(provider->setup.story, fine, "", "%s", said ? said : "over");
}

int provider_upgrade_note(const Action *action, Error *err, void *data) {
        Provider *provider = data;
        Upgrade upgrade;

        int r = upgrade_from_json(action->u.record, &upgrade, err);
        if (r >= 0)
                r = write_down(provider, &upgrade, err);
        if (r < 0)
                return r;
        take(provider, &upgrade);
        if (upgrade.phase == UPGRADE_OVER)
                tell_end(provider, action->u.record);
        return 0;
}

void provider_upgrade_tell(const Provider *provider) {
        char sentence[440];

        if (provider->upgrade.phase == UPGRADE_OVER)
                return;
        if (provider->pull != NULL)
                provider_sentence(provider, sentence, sizeof sentence);
        else
                (void) snprintf(
                        sentence, sizeof sentence, "%s",
                        provider->whole ? "waiting until Ollama is up" : provider->verdict
                );
        story_say(provider->setup.story, "%s", sentence);
}

int provider_upgrade(Provider *provider, uint64_t *ret_number, Error *err) {
        const Config *config = provider->setup.config;
        Upgrade upgrade = { .phase = UPGRADE_PULL };

        if (provider->choice.kind == PROVIDER_IS_ADOPTED)
                return error_set(
                        err, -EOPNOTSUPP,
                        "%.200s is not coollama's: in Coolify, press Pull Latest Images & Restart on it; "
                        "else, where it was deployed: docker compose pull && docker compose up -d",
                        provider->choice.name
                );
        if (provider->choice.kind == PROVIDER_IS_HOST)
                return error_set(
                        err, -EOPNOTSUPP,
                        "the host's own Ollama is not coollama's: run its installer again on this host"
                );
        if (provider->choice.kind != PROVIDER_IS_MANAGED)
                return error_set(
                        err, -EOPNOTSUPP,
                        "this Ollama is not coollama's (%s): upgrade it where it runs",
                        provider->choice.kind == PROVIDER_IS_EXTERNAL ? config->provider.url
                                                                      : "not decided yet"
                );
        if (provider->api_image[0] == '\0')
                return error_set(
                        err, -ENOENT, "there is no Ollama of ours yet: coollama status says why"
                );
        (void) snprintf(upgrade.image, sizeof upgrade.image, "%s", config->provider.image);
        (void) snprintf(upgrade.old_id, sizeof upgrade.old_id, "%s", provider->api_image);
        int r = write_down(provider, &upgrade, err);
        if (r < 0)
                return r;
        take(provider, &upgrade);
        /* What failed before says nothing of this. */
        free(provider->failure);
        provider->failure = NULL;
        free(provider->pull_failure);
        provider->pull_failure = NULL;
        provider->retry_usec = 0;
        provider_gpu_retry(provider);
        log_event(
                LOG_NOTICE, MSG_PROVIDER_ACTION, FIELDS({ "IMAGE", upgrade.image }),
                "Upgrading Ollama to the newest %s", upgrade.image
        );
        *ret_number = story_begin(provider->setup.story);
        provider_pass_begin(provider);
        return 0;
}

bool provider_is_upgrading(const Provider *provider) {
        return provider->upgrade.phase != UPGRADE_OVER;
}
