/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1.0 request over a connection of its own: the server closes, so nothing is framed. */
#include "client.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "host", "host:port", ":port", "http://host[:port][/path]"; a scheme without a port means 80. */
Host host_from_env(void) {
        Host host = { .name = "127.0.0.1", .port = 11434 };
        const char *text = getenv("OLLAMA_HOST");

        if (!text || !*text)
                return host;
        if (strncmp(text, "http://", 7) == 0) {
                text += 7;
                host.port = 80;
        }
        size_t length = strcspn(text, ":/");
        if (length > 0 && length < sizeof host.name) {
                memcpy(host.name, text, length);
                host.name[length] = '\0';
        }
        if (text[length] == ':')
                host.port = (uint16_t) strtoul(text + length + 1, NULL, 10);
        return host;
}

static int connect_to(const Host *host) {
        struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
        struct addrinfo *found = NULL;
        char port[8];
        int fd = -1;

        snprintf(port, sizeof port, "%u", host->port);
        if (getaddrinfo(host->name, port, &hints, &found) != 0)
                return -1;
        for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
                fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
                if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
                        close(fd);
                        fd = -1;
                }
        }
        freeaddrinfo(found);
        return fd;
}

static int exchange(const Host *host, const char *request, char *buffer, size_t size) {
        int fd = connect_to(host);
        char *body = NULL;
        size_t used = 0;
        int status = -1;
        ssize_t n;

        if (fd < 0 || send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
                goto out;
        while (used + 1 < size && (n = recv(fd, buffer + used, size - 1 - used, 0)) > 0)
                used += (size_t) n;
        buffer[used] = '\0';
        if (sscanf(buffer, "HTTP/%*s %d", &status) != 1)
                status = -1;
        body = strstr(buffer, "\r\n\r\n");
        if (body)
                memmove(buffer, body + 4, strlen(body + 4) + 1);
out:
        if (fd >= 0)
                close(fd);
        return status;
}

int ask(const char *method, const char *target, const char *body, char *buffer, size_t size) {
        Host host = host_from_env();
        char request[4096];

        snprintf(
                request, sizeof request,
                "%s %s HTTP/1.0\r\nHost: %s:%u\r\nContent-Length: %zu\r\n\r\n%s", method, target,
                host.name, host.port, strlen(body), body
        );
        return exchange(&host, request, buffer, size);
}
