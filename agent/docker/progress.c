/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress: of what a pull tells, only numbers in bytes count.
 *
 * Engines with containerd's store tell the extraction in seconds ("units": "s"), others in bytes
 * of the layer once more: neither adds to what is to come through the line, which is what people
 * wait for. Numbers are bounded, so that no sum of them can overflow.
 */
#include "docker/progress.h"

#include <string.h>

#define LAYER_BYTES_MAX ((json_int_t) 1 << 50)

typedef enum LayerStep {
        STEP_DOWNLOADING,
        STEP_COMPLETE, /* has come in whole, whatever happens to it then */
        STEP_OTHER,
} LayerStep;

static LayerStep step_of(const char *status) {
        static const char *const complete[] = { "Verifying Checksum", "Download complete",
                                                "Extracting", "Pull complete" };

        if (strcmp(status, "Downloading") == 0)
                return STEP_DOWNLOADING;
        for (size_t i = 0; i < sizeof complete / sizeof complete[0]; i++)
                if (strcmp(status, complete[i]) == 0)
                        return STEP_COMPLETE;
        return STEP_OTHER;
}

static ProgressLayer *layer_find(Progress *progress, const char *id) {
        for (size_t i = 0; i < progress->count; i++)
                if (strcmp(progress->layers[i].id, id) == 0)
                        return &progress->layers[i];
        return NULL;
}

static ProgressLayer *layer_add(Progress *progress, const char *id) {
        size_t size = strlen(id);

        if (size >= PROGRESS_ID_MAX || progress->count >= PROGRESS_LAYERS_MAX)
                return NULL;

        ProgressLayer *layer = &progress->layers[progress->count++];
        *layer = (ProgressLayer){ 0 };
        memcpy(layer->id, id, size + 1);
        return layer;
}

static uint64_t bytes_of(const json_t *detail, const char *key) {
        json_int_t value = json_integer_value(json_object_get(detail, key));

        if (value < 0)
                return 0;
        return (uint64_t) (value > LAYER_BYTES_MAX ? LAYER_BYTES_MAX : value);
}

static bool layer_set(ProgressLayer *layer, uint64_t done, uint64_t total) {
        bool changed = layer->done_bytes != done || layer->total_bytes != total;

        layer->done_bytes = done;
        layer->total_bytes = total;
        return changed;
}

bool progress_read(Progress *progress, const json_t *object) {
        const char *id = json_string_value(json_object_get(object, "id"));
        const char *status = json_string_value(json_object_get(object, "status"));
        const json_t *detail = json_object_get(object, "progressDetail");

        if (id == NULL || status == NULL)
                return false;

        LayerStep step = step_of(status);
        ProgressLayer *layer = layer_find(progress, id);
        if (step == STEP_COMPLETE)
                return layer != NULL && layer_set(layer, layer->total_bytes, layer->total_bytes);
        if (step == STEP_OTHER)
                return false;

        uint64_t done = bytes_of(detail, "current");
        uint64_t total = bytes_of(detail, "total");
        if (total == 0)
                return false;
        if (layer == NULL)
                layer = layer_add(progress, id);
        return layer != NULL && layer_set(layer, done < total ? done : total, total);
}

PullProgress progress_sum(const Progress *progress) {
        PullProgress sum = { 0 };

        for (size_t i = 0; i < progress->count; i++) {
                sum.done_bytes += progress->layers[i].done_bytes;
                sum.total_bytes += progress->layers[i].total_bytes;
        }
        return sum;
}
