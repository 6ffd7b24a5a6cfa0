/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recreate: the request that makes an observed container again.
 *
 * The image stays the same one, so nothing of the image's defaults is taken out of what inspect
 * shows: the engine merges the image into a request in a way that changes nothing the second time.
 * (Taking them out is where others go wrong: an entry point that equals the image's, a health
 * check with one value changed, labels.) So Config and HostConfig are copied as they are, null as
 * null and [] as [], fields that nobody has thought of yet included; recreate-fields.c lists what
 * is not copied as it is, and why. Endpoints are the other way round: most of what inspect shows
 * there is the engine's bookkeeping, so recreate-networks.c lists what is copied.
 *
 * Volumes and nocopy. The engine fills an empty volume from the image when a container is created
 * on it, here while the old container still uses it. Mounting each volume with nocopy would
 * prevent that, but inspect shows nocopy ("NAME:/data:nocopy", or NoCopy in the mount's options),
 * for every container with a named volume, for a danger that only an empty volume is in; and the
 * spelling without it is what the platform wrote. A volume with anything in it is never filled. So
 * named volumes keep their spelling unless the caller found them empty just now (empty_volumes).
 * Compose looks at neither: it compares the hash label, the image digest, the networks and the
 * names of the volumes.
 *
 * What an inspect shows besides the additions, for want of a way to ask the engine for it:
 * - an anonymous volume is named: in its entry of Mounts or Binds if it has one, else in an entry
 *   that is added to HostConfig.Mounts, with nocopy, as nobody wrote that entry; the engine would
 *   make a new volume else. Its Mode in Mounts becomes "z" then, and "rm -v" will not remove it any
 *   more ("volume prune" does, and compose goes on using it). What VolumesFrom brought is named
 *   likewise: the donor may have other volumes by now;
 * - nocopy on volumes that are empty;
 * - Config.Image is an image id where the name means another image by now;
 * - NetworkMode "default" of an engine before 26 is "bridge" on a later one;
 * - an interface's MAC address on a network other than NetworkMode's may be asked for where the
 *   engine had made it up (recreate-networks.c).
 * - a client's API version before 1.44 made read-only binds read-only at their top alone, on
 * engines that tell so nowhere: what is mounted below such a bind is read-only, too, in the copy.
 */
#include "model/recreate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "model/recreate-internal.h"

#define API_MIN 41
#define API_MAX 56

int recreate_put(json_t *object, const char *key, json_t *value, Error *err) {
        if (json_object_set_new(object, key, value) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        return 0;
}

int recreate_append(json_t *array, json_t *value, Error *err) {
        if (json_array_append_new(array, value) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        return 0;
}

int recreate_list(json_t *object, const char *key, json_t **ret, Error *err) {
        json_t *list = json_object_get(object, key);

        if (list == NULL || json_is_null(list)) {
                int r = recreate_put(object, key, json_array(), err);
                if (r < 0)
                        return r;
                list = json_object_get(object, key);
        }

        if (!json_is_array(list))
                return error_set(err, -EBADMSG, "the container's %s is not a list", key);
        if (json_array_size(list) > RECREATE_ENTRIES_MAX)
                return error_set(
                        err, -E2BIG, "the container's %s has more than %d entries", key,
                        RECREATE_ENTRIES_MAX
                );

        *ret = list;
        return 0;
}

int recreate_needs_api(const Recreate *recreate, unsigned api, const char *field, Error *err) {
        if (recreate->input->api >= api)
                return 0;
        return error_set(
                err, -EOPNOTSUPP, "it has %s, which the engine only takes from API 1.%u on", field,
                api
        );
}

static int check_input(const RecreateInput *input, Error *err) {
        if (input->api < API_MIN || input->api > API_MAX)
                return error_set(err, -EINVAL, "no API version 1.%u is known", input->api);

        for (size_t i = 0; i < input->n_env; i++) {
                const char *name = input->env[i].name;
                if (*name == '\0' || strchr(name, '='))
                        return error_set(err, -EINVAL, "'%s' is no variable's name", name);
        }

        for (size_t i = 0; i < input->n_hosts; i++)
                if (strchr(input->hosts[i], ':') == NULL)
                        return error_set(
                                err, -EINVAL, "'%s' is no host entry (name:address)",
                                input->hosts[i]
                        );

        if (!json_is_object(input->image))
                return error_set(err, -EBADMSG, "the image's document is not one");
        return 0;
}

/* "os/architecture[/variant]" of the manifest that the old container was made from. */
static int platform_text(const json_t *inspect, char **ret, Error *err) {
        const json_t *descriptor = json_object_get(inspect, "ImageManifestDescriptor");
        const json_t *platform = json_object_get(descriptor, "platform");
        const char *os = recreate_text(platform, "os");
        const char *architecture = recreate_text(platform, "architecture");
        const char *variant = recreate_text(platform, "variant");

        *ret = NULL;
        if (os == NULL || architecture == NULL)
                return 0;

        bool has_variant = variant && *variant;
        *ret = text_format(
                "%s/%s%s%s", os, architecture, has_variant ? "/" : "", has_variant ? variant : ""
        );
        return *ret ? 0 : error_set(err, -ENOMEM, "out of memory");
}

/* Config's fields stand at the body's top level, HostConfig and NetworkingConfig beside them. */
static int assemble(Recreate *recreate, RecreateResult *ret, Error *err) {
        cleanup(freep) char *platform = NULL;
        int r = platform_text(recreate->input->inspect, &platform, err);
        if (r < 0)
                return r;

        if (recreate->endpoints != NULL) {
                json_t *networking = json_object();
                r = recreate_put(recreate->config, "NetworkingConfig", networking, err);
                if (r < 0)
                        return r;
                r = recreate_put(networking, "EndpointsConfig", take_ptr(recreate->endpoints), err);
                if (r < 0)
                        return r;
        }
        r = recreate_put(recreate->config, "HostConfig", take_ptr(recreate->host), err);
        if (r < 0)
                return r;

        ret->body = take_ptr(recreate->config);
        ret->connects = take_ptr(recreate->connects);
        ret->platform = take_ptr(platform);
        return 0;
}

static int build(Recreate *recreate, RecreateResult *ret, Error *err) {
        const json_t *inspect = recreate->input->inspect;

        recreate->id = recreate_text(inspect, "Id");
        recreate->networks =
                json_object_get(json_object_get(inspect, "NetworkSettings"), "Networks");
        recreate->config = json_deep_copy(json_object_get(inspect, "Config"));
        recreate->host = json_deep_copy(json_object_get(inspect, "HostConfig"));
        recreate->endpoints = json_object();
        recreate->connects = json_array();
        if (!recreate->config || !recreate->host || !recreate->endpoints || !recreate->connects)
                return error_set(err, -ENOMEM, "out of memory");

        int r = recreate_fields(recreate, err);
        if (r < 0)
                return r;

        r = recreate_mounts(recreate, err);
        if (r < 0)
                return r;

        r = recreate_shares_network(inspect) ? recreate_shared_network(recreate, err)
                                             : recreate_networks(recreate, err);
        if (r < 0)
                return r;

        return assemble(recreate, ret, err);
}

int recreate_build(const RecreateInput *input, RecreateResult *ret, Error *err) {
        int r = check_input(input, err);
        if (r < 0)
                return r;

        r = recreate_refusal(input->inspect, err);
        if (r < 0)
                return r;

        Recreate recreate = { .input = input };
        r = build(&recreate, ret, err);

        json_decref(recreate.config);
        json_decref(recreate.host);
        json_decref(recreate.endpoints);
        json_decref(recreate.connects);
        return r;
}

void recreate_result_done(RecreateResult *result) {
        json_decref(result->body);
        json_decref(result->connects);
        free(result->platform);
        *result = (RecreateResult){ 0 };
}
