/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider-gpu.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/provider-inside.h"

#define FILE_SIZE_MAX ((size_t) 8192)
#define SPECS_MAX     256 /* entries of a directory that are looked at */

static char *path_of(const Provider *provider) {
        return text_format("%s/gpu.json", provider->setup.state_dir);
}

static bool holds_nvidia(const char *directory) {
        DIR *dir = opendir(directory);
        bool found = false;

        if (dir == NULL)
                return false;
        for (unsigned i = 0; i < SPECS_MAX && !found; i++) {
                const struct dirent *entry = readdir(dir);

                if (entry == NULL)
                        break;
                found = strstr(entry->d_name, "nvidia") != NULL;
        }
        (void) closedir(dir);
        return found;
}

static GpuHost look_at_host(const json_t *info) {
        GpuHost host = { .kfd = access("/dev/kfd", F_OK) == 0,
                         .dri = access("/dev/dri", F_OK) == 0 };
        size_t i;
        json_t *directory;

        json_array_foreach(json_object_get(info, "CDISpecDirs"), i, directory) {
                host.cdi = host.cdi || holds_nvidia(json_string_value(directory));
        }
        return host;
}

/* What was refused counts as long as nothing has changed. */
static bool read_refusal(const Provider *provider, GpuRefusal *ret) {
        const Config *config = provider->setup.config;
        cleanup(freep) char *path = path_of(provider);
        cleanup(freep) char *text = NULL;
        size_t size = 0;

        if (path == NULL || file_read(path, FILE_SIZE_MAX, &text, &size, NULL) < 0)
                return false;
        json_t *json = json_loadb(text, size, 0, NULL);
        int r = gpu_refusal_from_json(json, ret);
        json_decref(json);
        return r >= 0 && strcmp(ret->wish, gpu_to_string(config->provider.gpu)) == 0
               && strcmp(ret->image, config->provider.image) == 0
               && strcmp(ret->engine, provider->gpu_engine) == 0;
}

static void settle(Provider *provider, const json_t *info) {
        const GpuHost host = look_at_host(info);
        GpuRefusal refusal;
        bool refused = read_refusal(provider, &refusal);

        gpu_choose(
                provider->setup.config->provider.gpu, info, &host, refused ? refusal.why : NULL,
                &provider->gpu
        );
        if (refused && strcmp(refusal.gpu, stack_gpu_to_string(provider->gpu.gpu)) == 0)
                log_debug("Provider: %s", provider->gpu.why);
        provider->gpu_known = true;
        provider_pass_begin(provider);
}

/* Asked once more where it does not answer: the pass that waits for it comes again. */
static void on_info(const EngineAnswer *answer, void *data) {
        Provider *provider = data;

        provider->gpu_slot = engine_slot_free(provider->gpu_slot);
        if (answer->outcome == OUTCOME_DONE)
                settle(provider, answer->json);
        else
                provider_gpu_unknown(provider, error_text(&answer->error));
}

/* The default bridge is made anew at every start of the engine, so its id tells one start from
 * another; where there is none, starts are not told apart. */
static void on_bridge(const EngineAnswer *answer, void *data) {
        Provider *provider = data;
        const char *id = json_string_value(json_object_get(answer->json, "Id"));
        const EngineCall call = { .method = "GET", .path = "/info" };

        provider->gpu_slot = engine_slot_free(provider->gpu_slot);
        (void) snprintf(provider->gpu_engine, sizeof provider->gpu_engine, "%s", id ? id : "");
        int r = engine_call(provider->setup.engine, &call, on_info, provider, &provider->gpu_slot);
        if (r < 0)
                provider_gpu_unknown(provider, strerrordesc_np(-r));
}

bool provider_gpu_is_known(Provider *provider) {
        const EngineCall call = { .method = "GET", .path = "/networks/bridge" };

        if (provider->gpu_known || provider->setup.config->provider.gpu == GPU_NONE) {
                if (!provider->gpu_known)
                        gpu_choose(GPU_NONE, NULL, &(GpuHost){ 0 }, NULL, &provider->gpu);
                provider->gpu_known = true;
                return true;
        }
        if (provider->gpu_slot != NULL)
                return false;
        int r = engine_call(
                provider->setup.engine, &call, on_bridge, provider, &provider->gpu_slot
        );
        if (r < 0)
                provider_gpu_unknown(provider, strerrordesc_np(-r));
        return false;
}

void provider_gpu_close(Provider *provider) {
        provider->gpu_slot = engine_slot_free(provider->gpu_slot);
}

void provider_gpu_forget(Provider *provider) {
        provider_gpu_close(provider);
        provider->gpu_known = false;
}

void provider_gpu_retry(Provider *provider) {
        cleanup(freep) char *path = path_of(provider);

        if (path != NULL)
                (void) file_remove(path, NULL);
        provider_gpu_forget(provider);
}

static void write_refusal(const Provider *provider, const char *why) {
        const Config *config = provider->setup.config;
        cleanup(freep) char *path = path_of(provider);
        GpuRefusal refusal;
        Error err = { 0 };

        (void
        ) snprintf(refusal.wish, sizeof refusal.wish, "%s", gpu_to_string(config->provider.gpu));
        (void
        ) snprintf(refusal.gpu, sizeof refusal.gpu, "%s", stack_gpu_to_string(provider->gpu.gpu));
        (void) snprintf(refusal.image, sizeof refusal.image, "%s", config->provider.image);
        (void) snprintf(refusal.engine, sizeof refusal.engine, "%s", provider->gpu_engine);
        (void) snprintf(refusal.why, sizeof refusal.why, "%s", why);
        json_t *json = gpu_refusal_to_json(&refusal);
        cleanup(freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        json_decref(json);
        int r = path && text ? file_replace(path, text, strlen(text), 0600, &err) : -ENOMEM;
        if (r < 0)
                log_debug("Provider: cannot write down what was refused: %s", error_text(&err));
}

bool provider_gpu_refused(Provider *provider, const char *what, const char *why) {
        GpuVerdict *gpu = &provider->gpu;

        if (!provider->gpu_known || gpu->gpu == STACK_GPU_NONE
            || strstr(what, "coollama-api") == NULL || !gpu_is_meant(why))
                return false;
        write_refusal(provider, why);
        (void) snprintf(
                gpu->why, sizeof gpu->why, "CPU: %s refused: %s",
                gpu->gpu == STACK_GPU_AMD ? "amd" : "nvidia", why
        );
        gpu->gpu = STACK_GPU_NONE;
        log_event(
                LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS,
                "Ollama gets no GPU until Docker is restarted or the configuration changes: %s",
                gpu->why
        );
        return true;
}
