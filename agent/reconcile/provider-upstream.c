/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the proxy asks the chosen Ollama: its address, the name and the key that it is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config-check.h"
#include "reconcile/provider-inside.h"

/* Nobody listens there in the proxy's container: an answer comes at once, and it is "not
 * reachable". */
#define NOWHERE "http://127.0.0.1:1"

/* Made by the package: coollama-host-ollama.socket. */
#define RELAY        "host-ollama.sock"
#define RELAY_UNIT   "coollama-host-ollama.socket"
#define KEY_FILE_MAX ((size_t) 4096)
#define CA_FILE_MAX  ((size_t) 768 * 1024)

static int read_key(Provider *provider, Error *err) {
        const char *path = provider->setup.config->provider.key_file;
        size_t size = 0;

        if (path[0] == '\0')
                return 0;
        int r = file_read(path, KEY_FILE_MAX, &provider->upstream_key, &size, err);
        if (r == -EACCES)
                return error_set(
                        err, r,
                        "%s: coollamad's user may not read it: chgrp coollama it, chmod 0640", path
                );
        if (r < 0)
                return r;
        while (size > 0 && strchr(" \t\r\n", provider->upstream_key[size - 1]) != NULL)
                provider->upstream_key[--size] = '\0';
        if (size == 0 || strlen(provider->upstream_key) != size)
                return error_set(err, -EINVAL, "%s: there is no key in it", path);
        for (const char *at = provider->upstream_key; *at != '\0'; at++)
                if (*at <= ' ' || *at > '~' || strchr("\"'\\$;{}", *at) != NULL)
                        return error_set(
                                err, -EINVAL,
                                "%s: a key is one line of visible ASCII, without quotes, \\, $, ; and braces",
                                path
                        );
        return 0;
}

/* Whose certificates the host believes. */
static int read_ca(Provider *provider, Error *err) {
        static const char *const paths[] = {
                "/etc/ssl/certs/ca-certificates.crt",
                "/etc/pki/tls/certs/ca-bundle.crt",
                "/etc/ssl/ca-bundle.pem",
        };
        size_t size = 0;

        if (strncmp(provider->setup.config->provider.url, "https:", strlen("https:")) != 0)
                return 0;
        for (size_t i = 0; i < ARRAY_LEN(paths); i++)
                if (file_read(paths[i], CA_FILE_MAX, &provider->ca, &size, NULL) >= 0)
                        return 0;
        return error_set(
                err, -ENOENT,
                "url in [provider] is https, and this host has no certificates to check it with (%s): "
                "install ca-certificates",
                paths[0]
        );
}

int provider_upstream_open(Provider *provider, Error *err) {
        if (provider->setup.config->provider.mode != PROVIDER_EXTERNAL)
                return 0;
        int r = read_key(provider, err);
        return r < 0 ? r : read_ca(provider, err);
}

void provider_upstream_close(Provider *provider) {
        if (provider->upstream_key != NULL)
                explicit_bzero(provider->upstream_key, strlen(provider->upstream_key));
        free(provider->upstream_key);
        free(provider->ca);
}

void provider_upstream_describe(const Provider *provider, long status, ChooseReason *ret) {
        const ConfigProvider *config = &provider->setup.config->provider;

        if (status == 503) {
                (void
                ) snprintf(ret->why, sizeof ret->why, "%s does not answer the proxy", config->url);
                (void) snprintf(
                        ret->next, sizeof ret->next,
                        "see that it answers there%s; docker logs coollama-proxy says what went wrong",
                        strncmp(config->url, "https:", strlen("https:")) == 0
                                ? ", with a certificate that this host believes"
                                : ""
                );
        } else if (status == 401 || status == 403) {
                (void) snprintf(
                        ret->why, sizeof ret->why,
                        config->key_file[0] != '\0' ? "%s refuses the key of %s (it answers %ld)"
                                                    : "%s wants a key%.0s (it answers %ld)",
                        config->url, config->key_file, status
                );
                (void) snprintf(
                        ret->next, sizeof ret->next,
                        "write the right key into %s, then systemctl reload coollamad",
                        config->key_file[0] != '\0' ? config->key_file
                                                    : "a file that key-file in [provider] names"
                );
        } else {
                (void) snprintf(
                        ret->why, sizeof ret->why,
                        "%s is no Ollama: it answers %ld to a request for its models", config->url,
                        status
                );
                (void) snprintf(ret->next, sizeof ret->next, "mend url in [provider]");
        }
}

bool provider_relay_check(Provider *provider) {
        cleanup(freep) char *path = text_format("%s/" RELAY, provider->paths.run);
        struct stat st;

        if (path != NULL && stat(path, &st) >= 0 && S_ISSOCK(st.st_mode))
                return true;
        (void) snprintf(
                provider->trouble.why, sizeof provider->trouble.why,
                "the relay to the host's own Ollama is missing"
        );
        (void) snprintf(
                provider->trouble.next, sizeof provider->trouble.next,
                "systemctl enable " RELAY_UNIT " && systemctl restart " RELAY_UNIT
        );
        return false;
}

/* The host's loopback address, through a socket that systemd serves. */
static void use_relay(Provider *provider) {
        (void) snprintf(
                provider->upstream, sizeof provider->upstream,
                "http://unix:" PROXY_RUN_DIR "/" RELAY ":"
        );
}

/* The host's name for containers stands in hosts files, which nginx does not ask: this host is
 * asked by its address. */
static void use_url(Provider *provider) {
        const char *url = provider->setup.config->provider.url;
        const char *host = strstr(url, "://") + 3; /* the configuration has checked it */

        (void) snprintf(
                provider->upstream_host, sizeof provider->upstream_host, "%.*s",
                (int) strcspn(host, "/"), host
        );
        if (!config_url_is_this_host(url))
                (void) snprintf(provider->upstream, sizeof provider->upstream, "%s", url);
        else if (provider->gateway[0] != '\0')
                (void) snprintf(
                        provider->upstream, sizeof provider->upstream, "%.*s%s%s",
                        (int) (host - url), url, provider->gateway, host + strcspn(host, ":/")
                );
}

/* An IPv4 address, where there is one: that is what the name means in consumers too. */
void provider_upstream_note_gateway(Provider *provider, const char *const *addresses) {
        provider->gateway[0] = '\0';
        for (; *addresses != NULL; addresses++) {
                bool six = strchr(*addresses, ':') != NULL;

                if (provider->gateway[0] == '\0' || !six)
                        (void) snprintf(
                                provider->gateway, sizeof provider->gateway, six ? "[%s]" : "%s",
                                *addresses
                        );
                if (!six)
                        break;
        }
}

static void use_adopted(Provider *provider) {
        char url[ADOPTED_UPSTREAM_MAX];

        adopted_upstream(&provider->adopted, url);
        if (provider->adopted.on_host && provider->adopted.running
            && provider->adopted.problem[0] == '\0') {
                use_relay(provider);
                (void) provider_relay_check(provider);
        } else if (url[0] != '\0') {
                (void) snprintf(provider->upstream, sizeof provider->upstream, "%s", url);
        }
}

void provider_upstream_settle(Provider *provider) {
        (void) snprintf(provider->upstream, sizeof provider->upstream, NOWHERE);
        provider->upstream_host[0] = '\0';
        switch (provider->choice.kind) {
        case PROVIDER_IS_MANAGED:
                (void) snprintf(
                        provider->upstream, sizeof provider->upstream, "http://%s.0-coollama:11434",
                        provider->api_alias
                );
                break;
        case PROVIDER_IS_ADOPTED:
                use_adopted(provider);
                break;
        case PROVIDER_IS_HOST:
                use_relay(provider);
                provider_host_check(provider, false);
                break;
        case PROVIDER_IS_EXTERNAL:
                use_url(provider);
                break;
        case PROVIDER_IS_UNDECIDED:
                break;
        }
        provider->generation.pattern = provider->nginx;
        provider->generation.upstream = provider->upstream;
        provider->generation.host =
                provider->upstream_host[0] != '\0' ? provider->upstream_host : NULL;
        provider->generation.key = provider->upstream_key;
        provider->generation.ca = provider->ca;
}
