/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/ollama-unit.h"

#define HEAD \
        "[Unit]\nDescription=Ollama Service\n\n[Service]\nExecStart=/usr/local/bin/ollama serve\n"
#define ENV HEAD "Environment="

static const struct {
        const char *what, *files[3], *host;
} files[] = {
        { "as its installer writes it", { ENV "\"PATH=/usr/bin:/bin\"\n\n[Install]\n" }, "" },
        { "in quotes", { ENV "\"OLLAMA_HOST=0.0.0.0\"\n" }, "0.0.0.0" },
        { "without", { ENV "OLLAMA_HOST=0.0.0.0:8080" }, "0.0.0.0:8080" },
        { "one of several", { ENV "A=1 \"B=2 3\" 'OLLAMA_HOST=x' C=4\n" }, "x" },
        { "the last one counts", { ENV "OLLAMA_HOST=a\nEnvironment=OLLAMA_HOST=b\n" }, "b" },
        { "a drop-in counts after the unit",
          { ENV "OLLAMA_HOST=a\n", "[Service]\nEnvironment=OLLAMA_HOST=b\n" },
          "b" },
        { "taken back", { ENV "OLLAMA_HOST=a\n", "[Service]\nEnvironment=\n" }, "" },
        { "with blanks", { "[Service]\n  Environment = OLLAMA_HOST=a \r\n" }, "a" },
        { "in another section", { "[Unit]\nEnvironment=OLLAMA_HOST=a\n" }, "" },
        { "a comment", { HEAD "#Environment=OLLAMA_HOST=a\n; Environment=OLLAMA_HOST=b\n" }, "" },
        { "a line that goes on", { ENV "A=1 \\\n  OLLAMA_HOST=a\n" }, "a" },
        { "with a comment in it", { ENV "A=1 \\\n# no \\\nOLLAMA_HOST=a\n" }, "a" },
        { "another variable", { ENV "NOT_OLLAMA_HOST=a OLLAMA_HOSTS=b\n" }, "" },
        { "another key", { HEAD "EnvironmentFile=OLLAMA_HOST=a\n" }, "" },
        { "an open quote", { ENV "\"OLLAMA_HOST=a" }, "a" },
        { "nothing", { "" }, "" },
};

Test(ollama_unit, files_say_where_it_listens) {
        for (size_t i = 0; i < ARRAY_LEN(files); i++) {
                OllamaUnit unit = { .installed = true };

                for (size_t j = 0; j < ARRAY_LEN(files[i].files) && files[i].files[j]; j++)
                        ollama_unit_read(&unit, files[i].files[j]);
                cr_expect_str_eq(unit.host, files[i].host, "%s: '%s'", files[i].what, unit.host);
        }
}

Test(ollama_unit, a_line_without_end_is_cut) {
        char text[3 * 4096] = "[Service]\n";
        OllamaUnit unit = { 0 };

        memset(text + 10, 'x', sizeof text - 11);
        ollama_unit_read(&unit, text);
        for (size_t i = 40; i + 2 < sizeof text; i += 30)
                memcpy(text + i, "\\\n", 2);
        ollama_unit_read(&unit, text);
        cr_expect_str_empty(unit.host);
}

/* takes: the port of a proxy at 172.17.0.1:11434; near: the relay comes to it. */
static const struct {
        const char *host, *address;
        unsigned port;
        bool takes, near;
} listens[] = {
        { "", "127.0.0.1", 11434, false, true },
        { "127.0.0.1:11434", "127.0.0.1", 11434, false, true },
        { "localhost", "127.0.0.1", 11434, false, true },
        { "0.0.0.0", "0.0.0.0", 11434, true, true },
        { "0.0.0.0:11434", "0.0.0.0", 11434, true, true },
        { "http://0.0.0.0:11434/", "0.0.0.0", 11434, true, true },
        { "http://0.0.0.0", "0.0.0.0", 80, false, false },
        { "https://a.example", "a.example", 443, false, false },
        { ":11434", "0.0.0.0", 11434, true, true },
        { "[::]:11434", "::", 11434, true, true },
        { "::", "::", 11434, true, true },
        { "[::1]", "::1", 11434, false, false },
        { "172.17.0.1", "172.17.0.1", 11434, true, false },
        { "172.17.0.1:80", "172.17.0.1", 80, false, false },
        { "0.0.0.0:8080", "0.0.0.0", 8080, false, false },
        { "127.0.0.1:junk", "127.0.0.1", 11434, false, true },
        { "127.0.0.1:99999", "127.0.0.1", 11434, false, true },
};

static const char *const bind[] = { "172.17.0.1", NULL };
static const PortWanted wanted = { .bind = bind, .port = 11434 };

Test(ollama_unit, its_address_is_read_as_ollama_reads_it) {
        for (size_t i = 0; i < ARRAY_LEN(listens); i++) {
                OllamaUnit unit = { .installed = true };
                OllamaListens found;

                (void) snprintf(unit.host, sizeof unit.host, "%s", listens[i].host);
                ollama_unit_listens(&unit, &found);
                cr_expect_str_eq(found.address, listens[i].address, "%s", listens[i].host);
                cr_expect_eq(found.port, listens[i].port, "%s", listens[i].host);
                cr_expect_eq(
                        ollama_unit_takes(&unit, &wanted), listens[i].takes, "%s", listens[i].host
                );
                cr_expect_eq(ollama_unit_is_near(&unit), listens[i].near, "%s", listens[i].host);
        }
}

Test(ollama_unit, the_port_is_theirs_where_they_want_it_and_stays_so) {
        const OllamaUnit open = { .installed = true, .host = "0.0.0.0" };
        const OllamaUnit closed = { .installed = true };
        const OllamaUnit gone = { .host = "0.0.0.0" };

        cr_expect_eq(ollama_unit_port(&closed, PORT_UNKNOWN, &wanted, false), PORT_OURS);
        cr_expect_eq(ollama_unit_port(&gone, PORT_UNKNOWN, &wanted, false), PORT_OURS);
        cr_expect_eq(ollama_unit_port(&open, PORT_UNKNOWN, &wanted, false), PORT_THEIRS);
        cr_expect_eq(ollama_unit_port(&open, PORT_OURS, &wanted, false), PORT_THEIRS);
        cr_expect_eq(ollama_unit_port(&closed, PORT_OURS, &wanted, true), PORT_THEIRS);
        cr_expect_eq(ollama_unit_port(&closed, PORT_THEIRS, &wanted, false), PORT_THEIRS);
}

static const struct {
        OllamaUnit unit;
        bool silent;
        const char *why, *next; /* parts of it; "": nothing is said */
} troubles[] = {
        { { .installed = true }, false, "", "" },
        { { .installed = true },
          true,
          "does not answer on 127.0.0.1:11434",
          "systemctl start ollama" },
        { { .installed = false }, false, "not installed any more", "provider use managed" },
        { { .installed = true, .host = "0.0.0.0" }, true, "does not answer", "systemctl status" },
        { { .installed = true, .host = ":8080" }, false, "", "" },
        { { .installed = true, .host = ":8080" },
          true,
          "listens on 127.0.0.1:8080",
          "OLLAMA=127.0.0.1:8080;" },
        { { .installed = true, .host = "10.0.0.9" },
          true,
          "10.0.0.9:11434",
          "OLLAMA=10.0.0.9:11434 IPAddressAllow=10.0.0.9;" },
        { { .installed = true, .host = "[::1]" }, true, "[::1]:11434", "OLLAMA=[::1]:11434" },
};

Test(ollama_unit, what_keeps_it_from_being_asked_is_said_with_a_next_step) {
        for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
                ChooseReason said;

                ollama_unit_say_trouble(&troubles[i].unit, troubles[i].silent, &said);
                if (troubles[i].why[0] == '\0')
                        cr_expect_str_empty(said.why);
                cr_expect_not_null(strstr(said.why, troubles[i].why), "%zu: %s", i, said.why);
                cr_expect_not_null(strstr(said.next, troubles[i].next), "%zu: %s", i, said.next);
        }
}

Test(ollama_unit, an_open_port_is_said_with_what_closes_it) {
        const OllamaUnit open = { .installed = true, .host = "0.0.0.0" };
        const OllamaUnit closed = { .installed = true };
        char text[480];

        ollama_unit_say_open(&open, &wanted, text, sizeof text);
        cr_expect_not_null(strstr(text, "needs no key"));
        cr_expect_not_null(strstr(text, "systemctl edit ollama"));
        cr_expect_not_null(strstr(text, "coollama provider use host"));
        ollama_unit_say_open(&closed, &wanted, text, sizeof text);
        cr_expect_null(strstr(text, "OLLAMA_HOST"));
        cr_expect_not_null(strstr(text, "coollama provider use host"));
}
