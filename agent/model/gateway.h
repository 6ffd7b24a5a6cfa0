/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#define GATEWAY_TEXT_MAX 64

/*
 * The address of the host on a network, from an element of its IPAM.Config: "Gateway" where the
 * engine says so, else the first address of "Subnet", which is what the engine takes then (seen
 * on 20.10 with a bridge that it has just made). 0; -ENOENT when neither can be read (an IPv6
 * subnet without a gateway).
 */
int gateway_from_ipam(const json_t *config, char buffer[static GATEWAY_TEXT_MAX]);
