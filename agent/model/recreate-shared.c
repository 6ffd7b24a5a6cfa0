/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in the network of another one.
 *
 * The engine shows there what it took from the donor and from the image (host name, domain name,
 * exposed ports), and refuses to be given it: they are "conflicting options" with such a network,
 * and come back by themselves. All else that conflicts (published ports, DNS, host entries, links)
 * cannot be in the document, since the engine refused it the first time, too. NetworkMode names the
 * donor by its full id and is sent as it is; there are no endpoints.
 */
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "model/recreate-internal.h"

bool recreate_shares_network(const json_t *inspect) {
        const char *mode = recreate_text(json_object_get(inspect, "HostConfig"), "NetworkMode");

        return mode != NULL && strncmp(mode, "container:", strlen("container:")) == 0;
}

int recreate_shared_network(Recreate *recreate, Error *err) {
        static const char *const fields[] = { "Hostname", "Domainname", "ExposedPorts" };

        if (recreate->input->n_hosts > 0)
                return error_set(
                        err, -EOPNOTSUPP,
                        "it shares the network of another container: the host entry would have "
                        "to be that one's"
                );
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
                (void) json_object_del(recreate->config, fields[i]); /* fails when there is none */
        json_decref(recreate->endpoints);
        recreate->endpoints = NULL;
        return 0;
}
