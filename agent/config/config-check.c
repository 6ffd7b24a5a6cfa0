/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of texts: as much as is needed that a value can be passed on unquoted, to the engine, into
 * nginx's configuration and into a consumer's environment. Whether something answers there shows
 * later.
 */
#include "config/config-check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "model/image.h"
#include "model/models.h"

#define URL_MAX        180
#define NAME_MAX_BYTES 255

int config_check_socket(char *value, Error *err) {
        if (value[0] != '/' || strlen(value) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
                return error_set(
                        err, -EINVAL, "the absolute path of a unix socket, at most %zu bytes",
                        sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1
                );
        return 0;
}

/* Printable, and nothing that a quoting or a template could take for its own. */
static bool is_plain(const char *text) {
        for (; *text != '\0'; text++)
                if (!isgraph((unsigned char) *text) || strchr("\"'\\`$;{}<>#?", *text))
                        return false;
        return true;
}

/* Of "[::1]:80" or "host:80" or "host". */
static bool authority_is_valid(const char *start, size_t size) {
        const char *bracket = start[0] == '[' ? memchr(start, ']', size) : NULL;
        size_t host = bracket ? (size_t) (bracket + 1 - start) : strcspn(start, ":/");

        if (host > size)
                host = size;
        if (host == 0 || (start[0] == '[' && bracket == NULL) || memchr(start, '@', size))
                return false;
        if (host == size)
                return true;

        size_t digits = strspn(start + host + 1, "0123456789");
        return start[host] == ':' && digits >= 1 && digits <= 5 && host + 1 + digits == size;
}

/* Behind the scheme; the URL has been checked. */
static const char *authority_of(const char *url) {
        return url + (strncmp(url, "https://", 8) == 0 ? 8 : 7);
}

static bool has_host(const char *authority, const char *host) {
        size_t size = strlen(host);

        return strncasecmp(authority, host, size) == 0 && strchr(":/", authority[size]) != NULL;
}

bool config_url_is_this_host(const char *url) {
        return url[0] != '\0' && has_host(authority_of(url), "host.docker.internal");
}

unsigned config_url_port(const char *url) {
        const char *authority = authority_of(url);
        const char *rest = authority + strcspn(authority, authority[0] == '[' ? "]" : ":/");

        rest += rest[0] == ']';
        return rest[0] == ':'                  ? (unsigned) strtoul(rest + 1, NULL, 10)
               : strncmp(url, "https", 5) == 0 ? 443
                                               : 80;
}

/* In a container that is the container itself. */
static bool is_loopback(const char *authority) {
        return has_host(authority, "localhost") || strncmp(authority, "127.", 4) == 0
               || has_host(authority, "[::1]") || has_host(authority, "0.0.0.0");
}

int config_check_url(char *value, Error *err) {
        size_t size = strlen(value);
        size_t scheme = strncmp(value, "http://", 7) == 0    ? 7
                        : strncmp(value, "https://", 8) == 0 ? 8
                                                             : 0;

        if (scheme == 0 || size > URL_MAX || !is_plain(value)
            || !authority_is_valid(value + scheme, strcspn(value + scheme, "/")))
                return error_set(
                        err, -EINVAL,
                        "http:// or https:// and a host, without user, password, query, quotes or spaces"
                );

        if (is_loopback(value + scheme))
                return error_set(
                        err, -EINVAL,
                        "an address that containers reach: this host is http://host.docker.internal:PORT"
                );

        while (size > scheme && value[size - 1] == '/')
                value[--size] = '\0';
        return 0;
}

int config_check_path(char *value, Error *err) {
        return strncmp(value, "/", 1) == 0 ? 0
                                           : error_set(err, -EINVAL, "the absolute path of a file");
}

int config_check_name(char *value, Error *err) {
        if (strlen(value) > NAME_MAX_BYTES || !is_plain(value))
                return error_set(
                        err, -EINVAL,
                        "the name of a container, its own or that in Coolify, without blanks and quotes"
                );
        return 0;
}

int config_check_image(char *value, Error *err) {
        static const char allowed[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:@";
        char repository[IMAGE_REPOSITORY_MAX];

        if (value[strspn(value, allowed)] != '\0' || image_repository(value, repository) < 0)
                return error_set(err, -EINVAL, "an image, as in ollama/ollama:latest");
        return 0;
}

int config_check_bind(char *value, Error *err) {
        struct in6_addr address;

        if (strcmp(value, "gateway") != 0 && inet_pton(AF_INET, value, &address) != 1
            && inet_pton(AF_INET6, value, &address) != 1)
                return error_set(err, -EINVAL, "gateway, or an IPv4 or IPv6 address");
        return 0;
}

int config_check_models(char *value, Error *err) {
        ModelNames names;

        return model_names_parse(value, &names, err);
}
