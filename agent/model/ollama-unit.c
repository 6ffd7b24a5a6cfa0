/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ollama-unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

#define OLLAMA_PORT 11434
#define LINE_BYTES  4096 /* of a unit file, continuation lines joined; the rest is not looked at */
#define VARIABLE    "OLLAMA_HOST="
#define RELAY_UNIT  "coollama-host-ollama.service"
#define SPACE       " \t\r"

static bool starts(const char *text, const char *with) {
        return strncmp(text, with, strlen(with)) == 0;
}

/* The words of an Environment= line; one may stand in quotes. Of those, the variable counts. */
static void read_environment(OllamaUnit *unit, const char *at) {
        at += strspn(at, SPACE);
        if (*at == '\0') /* what was said before is taken back */
                unit->host[0] = '\0';
        while (*at != '\0') {
                const char end[] = { *at, '\0' };
                bool quoted = *at == '"' || *at == '\'';

                at += quoted;
                size_t length = strcspn(at, quoted ? end : SPACE);
                if (length >= strlen(VARIABLE) && starts(at, VARIABLE))
                        (void) snprintf(
                                unit->host, sizeof unit->host, "%.*s",
                                (int) (length - strlen(VARIABLE)), at + strlen(VARIABLE)
                        );
                at += length;
                at += quoted && *at != '\0';
                at += strspn(at, SPACE);
        }
}

static void read_line(OllamaUnit *unit, const char *line, bool *in_service) {
        if (line[0] == '[') {
                *in_service = starts(line, "[Service]");
                return;
        }
        if (!*in_service || !starts(line, "Environment"))
                return;
        line += strlen("Environment");
        line += strspn(line, SPACE);
        if (*line == '=')
                read_environment(unit, line + 1);
}

void ollama_unit_read(OllamaUnit *unit, const char *text) {
        char line[LINE_BYTES];
        size_t used = 0;
        bool in_service = false;

        while (*text != '\0') {
                text += strspn(text, SPACE);
                size_t length = strcspn(text, "\n");
                bool comment = *text == '#' || *text == ';';
                bool goes_on = !comment && length > 0 && text[length - 1] == '\\';
                size_t taken = comment ? 0 : length - goes_on;

                if (taken > sizeof line - used - 2)
                        taken = sizeof line - used - 2;
                (void) memcpy(line + used, text, taken);
                used += taken;
                text += length + (text[length] == '\n');
                /* A comment between two parts of a line does not end it. */
                if (goes_on && *text != '\0') {
                        line[used] = ' ';
                        used += used < sizeof line - 2;
                        continue;
                }
                if (comment && used > 0 && *text != '\0')
                        continue;
                line[used] = '\0';
                read_line(unit, line, &in_service);
                used = 0;
        }
}

static void take_port(const char *text, OllamaListens *ret) {
        char *end = NULL;
        unsigned long port = strtoul(text, &end, 10);

        if (end != text && port > 0 && port <= 65535)
                ret->port = (unsigned) port;
}

void ollama_unit_listens(const OllamaUnit *unit, OllamaListens *ret) {
        const char *text = unit->host;
        const char *scheme = strstr(text, "://");

        *ret = (OllamaListens){ .port = OLLAMA_PORT };
        if (scheme != NULL) {
                ret->port = starts(text, "https") ? 443 : 80;
                text = scheme + 3;
        }
        if (*text == '\0' || *text == '/') {
                (void) snprintf(ret->address, sizeof ret->address, "127.0.0.1");
                return;
        }
        size_t whole = strcspn(text, "/");
        size_t length = strcspn(text, ":/");

        if (*text == '[') {
                text++;
                length = strcspn(text, "]/");
                if (starts(text + length, "]:"))
                        take_port(text + length + 2, ret);
        } else if (memchr(text + length, ':', whole - length) != NULL) {
                if (memchr(text + length + 1, ':', whole - length - 1) != NULL)
                        length = whole; /* an IPv6 address without brackets has no port */
                else
                        take_port(text + length + 1, ret);
        }
        (void) snprintf(ret->address, sizeof ret->address, "%.*s", (int) length, text);
        if (length == 0)
                (void) snprintf(ret->address, sizeof ret->address, "0.0.0.0");
        else if (strcmp(ret->address, "localhost") == 0)
                (void) snprintf(ret->address, sizeof ret->address, "127.0.0.1");
}

static bool is_all(const OllamaListens *listens) {
        return strcmp(listens->address, "0.0.0.0") == 0 || strcmp(listens->address, "::") == 0;
}

bool ollama_unit_takes(const OllamaUnit *unit, const PortWanted *wanted) {
        OllamaListens listens;

        ollama_unit_listens(unit, &listens);
        /* "::" is all of IPv4 too. */
        return unit->installed && listens.port == wanted->port
               && port_collides(is_all(&listens) ? "" : listens.address, wanted);
}

bool ollama_unit_is_near(const OllamaUnit *unit) {
        OllamaListens listens;

        ollama_unit_listens(unit, &listens);
        return listens.port == OLLAMA_PORT
               && (is_all(&listens) || strcmp(listens.address, "127.0.0.1") == 0);
}

PortOwner
ollama_unit_port(const OllamaUnit *unit, PortOwner before, const PortWanted *wanted, bool refused) {
        if (refused || before == PORT_THEIRS || ollama_unit_takes(unit, wanted))
                return PORT_THEIRS;
        return PORT_OURS;
}

#define SAY(buffer, size, ...) ((void) snprintf(buffer, size, __VA_ARGS__))

static void say_far(const OllamaUnit *unit, ChooseReason *ret) {
        OllamaListens listens;

        ollama_unit_listens(unit, &listens);
        bool local = starts(listens.address, "127.") || is_all(&listens);
        const char *address = is_all(&listens) ? "127.0.0.1" : listens.address;
        char at[sizeof listens.address + 16];

        SAY(at, sizeof at, strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address,
            listens.port);
        SAY(ret->why, sizeof ret->why,
            "ollama.service listens on %s (OLLAMA_HOST), and the relay goes to 127.0.0.1:11434",
            at);
        SAY(ret->next, sizeof ret->next,
            "systemctl edit " RELAY_UNIT ": [Service] Environment=OLLAMA=%s%s%s; then systemctl "
            "restart " RELAY_UNIT,
            at, local ? "" : " IPAddressAllow=", local ? "" : address);
}

void ollama_unit_say_trouble(const OllamaUnit *unit, bool silent, ChooseReason *ret) {
        *ret = (ChooseReason){ 0 };
        if (!unit->installed) {
                SAY(ret->why, sizeof ret->why, "ollama.service is not installed any more");
                SAY(ret->next, sizeof ret->next,
                    "install it again, or share another one: coollama provider use managed");
        } else if (silent && !ollama_unit_is_near(unit)) {
                say_far(unit, ret);
        } else if (silent) {
                SAY(ret->why, sizeof ret->why,
                    "the host's ollama.service does not answer on 127.0.0.1:11434");
                SAY(ret->next, sizeof ret->next,
                    "systemctl status ollama, and journalctl -u ollama; if it is stopped: systemctl start ollama"
                );
        }
}

void ollama_unit_say_open(
        const OllamaUnit *unit, const PortWanted *wanted, char *buffer, size_t size
) {
        if (ollama_unit_takes(unit, wanted))
                SAY(buffer, size,
                    "ollama.service has port %u of this host itself (OLLAMA_HOST=%.60s), so whoever reaches it "
                    "there needs no key; consumers come to the proxy by their own networks. To close it take "
                    "OLLAMA_HOST out (systemctl edit ollama), systemctl restart ollama, then: coollama provider "
                    "use host",
                    wanted->port, unit->host);
        else
                SAY(buffer, size,
                    "port %u of this host was taken by ollama.service or another process of it, so consumers come "
                    "to the proxy by their own networks; when it is free: coollama provider use host",
                    wanted->port);
}
