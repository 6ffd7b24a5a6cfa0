/* SPDX-License-Identifier: Apache-2.0 */
#include "model/gpu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

#define CDI_ALL "nvidia.com/gpu=all"

static bool has_runtime(const json_t *info) {
        return json_is_object(json_object_get(json_object_get(info, "Runtimes"), "nvidia"));
}

/* From 28.3 on the engine lists what it found; before, it only says where it looks. */
static bool has_cdi(const json_t *info, const GpuHost *host) {
        const json_t *found = json_object_get(info, "DiscoveredDevices");
        size_t i;
        json_t *device;

        json_array_foreach(found, i, device) {
                const char *id = json_string_value(json_object_get(device, "ID"));

                if (id != NULL && strcmp(id, CDI_ALL) == 0)
                        return true;
        }
        return !json_is_array(found) && host->cdi
               && json_array_size(json_object_get(info, "CDISpecDirs")) > 0;
}

static void say(GpuVerdict *ret, StackGpu gpu, const char *why) {
        ret->gpu = gpu;
        (void) snprintf(ret->why, sizeof ret->why, "%s", why);
}

static void choose_nvidia(Gpu wish, const json_t *info, const GpuHost *host, GpuVerdict *ret) {
        if (has_runtime(info))
                say(ret, STACK_GPU_NVIDIA, "GPU: nvidia");
        else if (has_cdi(info, host))
                say(ret, STACK_GPU_CDI, "GPU: nvidia (by CDI)");
        else if (wish == GPU_NVIDIA)
                say(ret, STACK_GPU_NONE,
                    "CPU: gpu = nvidia, but the engine knows neither the nvidia runtime nor the CDI "
                    "device " CDI_ALL
                    "; next: install the NVIDIA Container Toolkit, then restart Docker");
        else
                say(ret, STACK_GPU_NONE, "CPU: the engine knows no NVIDIA GPU");
}

void gpu_choose(
        Gpu wish, const json_t *info, const GpuHost *host, const char *refused, GpuVerdict *ret
) {
        switch (wish) {
        case GPU_NONE:
                say(ret, STACK_GPU_NONE, "CPU: gpu = none");
                return;
        case GPU_AMD:
                if (host->kfd && host->dri)
                        say(ret, STACK_GPU_AMD, "GPU: amd");
                else
                        say(ret, STACK_GPU_NONE,
                            host->kfd ? "CPU: gpu = amd, but there is no /dev/dri here"
                                      : "CPU: gpu = amd, but there is no /dev/kfd here; next: the "
                                        "amdgpu driver with ROCm");
                break;
        case GPU_AUTO:
        case GPU_NVIDIA:
                choose_nvidia(wish, info, host, ret);
                break;
        }
        if (refused == NULL || ret->gpu == STACK_GPU_NONE)
                return;
        (void) snprintf(
                ret->why, sizeof ret->why, "CPU: %s refused: %s",
                ret->gpu == STACK_GPU_AMD ? "amd" : "nvidia", refused
        );
        ret->gpu = STACK_GPU_NONE;
}

bool gpu_is_meant(const char *text) {
        static const char *const words[] = { "nvidia", "cdi", "device", "gpu", "hook", "/dev/" };

        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (strcasestr(text, words[i]) != NULL)
                        return true;
        return false;
}

static bool copy(char *buffer, size_t size, const json_t *json, const char *key) {
        const char *text = json_string_value(json_object_get(json, key));

        return text != NULL && (size_t) snprintf(buffer, size, "%s", text) < size;
}

int gpu_refusal_from_json(const json_t *json, GpuRefusal *ret) {
        GpuRefusal refusal = { 0 };

        if (!copy(refusal.wish, sizeof refusal.wish, json, "wish")
            || !copy(refusal.gpu, sizeof refusal.gpu, json, "gpu")
            || !copy(refusal.image, sizeof refusal.image, json, "image")
            || !copy(refusal.engine, sizeof refusal.engine, json, "engine")
            || !copy(refusal.why, sizeof refusal.why, json, "why"))
                return -EBADMSG;
        *ret = refusal;
        return 0;
}

json_t *gpu_refusal_to_json(const GpuRefusal *refusal) {
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s%}", "wish", refusal->wish, "gpu", refusal->gpu, "image",
                refusal->image, "engine", refusal->engine, "why", refusal->why, strlen(refusal->why)
        );
}
