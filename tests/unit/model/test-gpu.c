/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/gpu.h"

#define RUNTIME "{\"Runtimes\":{\"runc\":{},\"nvidia\":{\"path\":\"x\"}}}"
#define FOUND \
        "{\"CDISpecDirs\":[\"/etc/cdi\"],\"DiscoveredDevices\":[{\"Source\":\"cdi\",\"ID\":\"nvidia.com/gpu=all\"}]}"
#define OTHER \
        "{\"CDISpecDirs\":[\"/etc/cdi\"],\"DiscoveredDevices\":[{\"Source\":\"cdi\",\"ID\":\"x.com/y=z\"}]}"
#define UNTOLD  "{\"CDISpecDirs\":[\"/etc/cdi\"]}"
#define NOTHING "{\"Runtimes\":{\"runc\":{}},\"CDISpecDirs\":null}"

static const struct {
        Gpu wish;
        const char *info;
        GpuHost host;
        const char *refused;
        StackGpu gpu;
        const char *why;
} cases[] = {
        { GPU_AUTO, RUNTIME, { 0 }, NULL, STACK_GPU_NVIDIA, "GPU: nvidia" },
        { GPU_AUTO, FOUND, { 0 }, NULL, STACK_GPU_CDI, "by CDI" },
        { GPU_AUTO, OTHER, { .cdi = true }, NULL, STACK_GPU_NONE, "CPU: the engine knows no" },
        { GPU_AUTO, UNTOLD, { .cdi = true }, NULL, STACK_GPU_CDI, "by CDI" },
        { GPU_AUTO, UNTOLD, { 0 }, NULL, STACK_GPU_NONE, "CPU: the engine knows no" },
        { GPU_AUTO, NOTHING, { true, true, true }, NULL, STACK_GPU_NONE, "CPU: " },
        { GPU_AUTO, NOTHING, { 0 }, "old", STACK_GPU_NONE, "CPU: the engine knows no" },
        { GPU_AUTO, RUNTIME, { 0 }, "no driver", STACK_GPU_NONE, "CPU: nvidia refused: no driver" },
        { GPU_NVIDIA,
          NOTHING,
          { 0 },
          NULL,
          STACK_GPU_NONE,
          "install the NVIDIA Container Toolkit" },
        { GPU_NVIDIA, RUNTIME, { 0 }, NULL, STACK_GPU_NVIDIA, "GPU: nvidia" },
        { GPU_AMD, RUNTIME, { true, true, false }, NULL, STACK_GPU_AMD, "GPU: amd" },
        { GPU_AMD,
          RUNTIME,
          { true, true, false },
          "busy",
          STACK_GPU_NONE,
          "CPU: amd refused: busy" },
        { GPU_AMD, RUNTIME, { true, false, false }, NULL, STACK_GPU_NONE, "no /dev/dri" },
        { GPU_AMD, RUNTIME, { false, true, false }, NULL, STACK_GPU_NONE, "no /dev/kfd" },
        { GPU_NONE, RUNTIME, { true, true, true }, NULL, STACK_GPU_NONE, "CPU: gpu = none" },
};

Test(gpu, what_ollama_gets_and_why) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *info = json_loads(cases[i].info, 0, NULL);
                GpuVerdict verdict;

                gpu_choose(cases[i].wish, info, &cases[i].host, cases[i].refused, &verdict);
                cr_expect_eq(verdict.gpu, cases[i].gpu, "%zu: %s", i, verdict.why);
                cr_expect_not_null(strstr(verdict.why, cases[i].why), "%zu: %s", i, verdict.why);
                json_decref(info);
        }
}

Test(gpu, a_refusal_speaks_of_the_gpu) {
        cr_expect(gpu_is_meant("could not select device driver \"nvidia\" with capabilities"));
        cr_expect(gpu_is_meant("CDI device injection failed"));
        cr_expect(gpu_is_meant("error running hook #0: exit status 1"));
        cr_expect_not(gpu_is_meant("exec: \"/bin/ollama\": stat /bin/ollama: no such file"));
}

Test(gpu, a_refusal_is_remembered_whole_or_not_at_all) {
        const GpuRefusal refusal = { "auto", "nvidia", "ollama/ollama:latest", "e1", "no driver" };
        json_t *json = gpu_refusal_to_json(&refusal);
        GpuRefusal read;

        cr_assert_eq(gpu_refusal_from_json(json, &read), 0);
        cr_expect_str_eq(read.why, refusal.why);
        cr_expect_str_eq(read.engine, refusal.engine);
        (void) json_object_del(json, "engine");
        cr_expect_lt(gpu_refusal_from_json(json, &read), 0);
        json_decref(json);
}
