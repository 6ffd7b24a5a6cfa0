/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config.h"

static int parse(const char *text, Config **ret, Error *err) {
        return config_parse("f", text, strlen(text), ret, err);
}

static void expect_defaults(const Config *config) {
        cr_expect_str_eq(config->docker.socket, "/run/docker.sock");
        cr_expect_eq(config->provider.mode, PROVIDER_AUTO);
        cr_expect_str_eq(config->provider.container, "");
        cr_expect_str_eq(config->provider.url, "");
        cr_expect_str_eq(config->provider.key_file, "");
        cr_expect_str_eq(config->provider.image, "ollama/ollama:latest");
        cr_expect_eq(config->provider.gpu, GPU_AUTO);
        cr_expect_str_eq(config->provider.models, "");
        cr_expect_not(config->provider.cloud);
        cr_expect_str_eq(config->proxy.image, "nginx:alpine");
        cr_expect(config->proxy.secured);
        cr_expect_str_eq(config->proxy.bind, "gateway");
        cr_expect_eq(config->proxy.port, 11434);
        cr_expect_str_eq(config->proxy.shared_key_file, "");
        cr_expect_eq(config->proxy.access, ACCESS_PULL);
        cr_expect_eq(config->link.reach, REACH_AUTO);
        cr_expect_eq(config->link.settle_usec, 10 * USEC_PER_SEC);
        cr_expect_eq(config->link.settle_unchecked_usec, 30 * USEC_PER_SEC);
        cr_expect_eq(config->health.probe_usec, 5 * USEC_PER_SEC);
        cr_expect_eq(config->health.down_after, 3);
        cr_expect_eq(config->health.resync_usec, 300 * USEC_PER_SEC);
        cr_expect_eq(config->recovery.action, RECOVERY_RESTART);
        cr_expect_eq(config->recovery.min_outage_usec, 15 * USEC_PER_SEC);
        cr_expect_eq(config->recovery.grace_usec, 30 * USEC_PER_SEC);
        cr_expect_eq(config->recovery.parallel, 2);
        cr_expect_null(config_warning(config));
}

Test(config, an_empty_or_absent_file_is_a_good_file) {
        static const char *const texts[] = { "", "\n\n", "# only\n  ; comments", "[proxy]\n" };
        cleanup(config_freep) Config *none = NULL, *absent = NULL;

        cr_assert_eq(config_default(&none), 0);
        expect_defaults(none);
        cr_assert_eq(config_load("/nonexistent/coollama.conf", &absent, NULL), 0);
        expect_defaults(absent);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                cleanup(config_freep) Config *config = NULL;

                cr_assert_eq(parse(texts[i], &config, NULL), 0, "'%s'", texts[i]);
                expect_defaults(config);
        }
}

Test(config, the_file_with_all_defaults_written_out_says_nothing_new) {
        cleanup(config_freep) Config *config = NULL;
        Error err = { 0 };

        int r = config_load(PROJECT_SOURCE "/tests/fuzz/corpus/config/all-defaults", &config, &err);
        cr_assert_eq(r, 0, "%s", error_text(&err));
        expect_defaults(config);
}

Test(config, every_supported_key_is_read) {
        static const char text[] =
                "[docker]\nsocket = /tmp/d.sock\n"
                "[provider]\nmode = external\nurl = http://10.0.0.7:8080/ollama/\n"
                "image = registry.local:5000/ollama/ollama:1\ngpu = none\ncloud = yes\n"
                "[proxy]\nimage = nginx@sha256:00\nsecured = no\nbind = 127.0.0.1\nport = 1\n"
                "access = pull\n"
                "[link]\nreach = gateway\nsettle = 300ms\nsettle-unchecked = 0\n"
                "[health]\nprobe = 100ms\ndown-after = 1\nresync = 1s\n"
                "[recovery]\naction = none\nmin-outage = 1s\ngrace = 2s\nparallel = 3\n";
        cleanup(config_freep) Config *config = NULL;
        Error err = { 0 };

        cr_assert_eq(parse(text, &config, &err), 0, "%s", error_text(&err));
        cr_expect_str_eq(config->docker.socket, "/tmp/d.sock");
        cr_expect_eq(config->provider.mode, PROVIDER_EXTERNAL);
        cr_expect_str_eq(config->provider.url, "http://10.0.0.7:8080/ollama");
        cr_expect_str_eq(config->provider.image, "registry.local:5000/ollama/ollama:1");
        cr_expect_eq(config->provider.gpu, GPU_NONE);
        cr_expect(config->provider.cloud);
        cr_expect_str_eq(config->proxy.image, "nginx@sha256:00");
        cr_expect_not(config->proxy.secured);
        cr_expect_str_eq(config->proxy.bind, "127.0.0.1");
        cr_expect_eq(config->proxy.port, 1);
        cr_expect_eq(config->link.reach, REACH_GATEWAY);
        cr_expect_eq(config->link.settle_usec, 300 * USEC_PER_MSEC);
        cr_expect_eq(config->link.settle_unchecked_usec, 0);
        cr_expect_eq(config->health.probe_usec, 100 * USEC_PER_MSEC);
        cr_expect_eq(config->health.down_after, 1);
        cr_expect_eq(config->health.resync_usec, USEC_PER_SEC);
        cr_expect_eq(config->recovery.action, RECOVERY_NONE);
        cr_expect_eq(config->recovery.min_outage_usec, USEC_PER_SEC);
        cr_expect_eq(config->recovery.grace_usec, 2 * USEC_PER_SEC);
        cr_expect_eq(config->recovery.parallel, 3);
}

static const struct {
        const char *what, *text;
        unsigned port;
} layouts[] = {
        { "comment at the end of a line", "[proxy]\nport = 80  # eighty\n", 80 },
        { "the other comment", "[proxy] ; here\nport = 80 ; eighty\n", 80 },
        { "no newline at the end", "[proxy]\nport = 80", 80 },
        { "CRLF", "[proxy]\r\nport = 80\r\n", 80 },
        { "no blanks", "[proxy]\nport=80\n", 80 },
        { "an indented key is a key", "[proxy]\nbind = gateway\n    port = 80\n", 80 },
        { "the last one wins", "[proxy]\nport = 79\nport = 80\n", 80 },
        { "empty means the default", "[proxy]\nport = 80\nport =\n", 11434 },
        { "only a comment means the default", "[proxy]\nport =   # which?\n", 11434 },
        { "a section may come twice", "[proxy]\nport = 79\n[link]\n[proxy]\nport = 80\n", 80 },
        { "a byte order mark", "\xef\xbb\xbf[proxy]\nport = 80\n", 80 },
};

Test(config, is_read_in_whatever_layout) {
        for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
                cleanup(config_freep) Config *config = NULL;
                Error err = { 0 };

                int r = parse(layouts[i].text, &config, &err);
                cr_assert_eq(r, 0, "%s: %s", layouts[i].what, error_text(&err));
                cr_expect_eq(config->proxy.port, layouts[i].port, "%s", layouts[i].what);
        }
}

#define NUMBER_WANTED "'port' in [proxy]; it takes a number from 1 to 65535"

static const struct {
        const char *text;
        int code;
        const char *error;
} bad[] = {
        { "\n\n[proxy]\n\n\n\nprot = 1\n", -EINVAL,
          "f:7: unknown key 'prot' in [proxy]; did you mean 'port'?" },
        { "[proxy]\nsomething = 1\n", -EINVAL, "f:2: unknown key 'something' in [proxy]" },
        { "[provider]\nbind = gateway\n", -EINVAL,
          "f:2: unknown key 'bind' in [provider]; it belongs to [proxy]" },
        { "[proxi]\nport = 1\n", -EINVAL, "f:1: unknown section [proxi]; did you mean [proxy]?" },
        { "[proxi]\n", -EINVAL, "f:1: unknown section [proxi]; did you mean [proxy]?" },
        { "[something]\n", -EINVAL, "f:1: unknown section [something]" },
        { "\xef\xbb\xbf[proxi]\nport = 1\n", -EINVAL,
          "f:2: unknown section [proxi]; did you mean [proxy]?" },
        { "port = 1\n", -EINVAL, "f:1: key 'port' stands before any [section]" },
        { "[proxy\n", -EINVAL, "f:1: a section without its ']'" },
        { "[proxy] port = 1\n", -EINVAL, "f:1: text after a section's ']'" },
        { "[proxy]\nport\n", -EINVAL, "f:2: neither 'key = value' nor '[section]'" },
        { "[proxy]\nport\nprot = 1\n", -EINVAL, "f:2: neither 'key = value' nor '[section]'" },
        { "[proxy]\nport\n[x]\n", -EINVAL, "f:2: neither 'key = value' nor '[section]'" },
        { "[proxy]\nprot = 1\nport\n", -EINVAL,
          "f:2: unknown key 'prot' in [proxy]; did you mean 'port'?" },
        { "[proxy]\np\x1brt = 1\n", -EINVAL,
          "f:2: unknown key 'p?rt' in [proxy]; did you mean 'port'?" },

        { "[proxy]\nport = 0\n", -EINVAL, "f:2: bad value '0' for " NUMBER_WANTED },
        { "[proxy]\nport = 65536\n", -EINVAL, "f:2: bad value '65536' for " NUMBER_WANTED },
        { "[proxy]\nport = -1\n", -EINVAL, "f:2: bad value '-1' for " NUMBER_WANTED },
        { "[proxy]\nport = 0x50\n", -EINVAL, "f:2: bad value '0x50' for " NUMBER_WANTED },
        { "[proxy]\nport = 99999999999999999999\n", -EINVAL,
          "f:2: bad value '99999999999999999999' for " NUMBER_WANTED },
        { "[proxy]\nsecured = maybe\n", -EINVAL,
          "f:2: bad value 'maybe' for 'secured' in [proxy]; it takes yes or no" },
        { "[link]\nsettle = 10\n", -EINVAL,
          "f:2: bad value '10' for 'settle' in [link]; it takes a duration from " },
        { "[link]\nsettle = 61m\n", -EINVAL, "f:2: bad value '61m' for 'settle' in [link]" },
        { "[health]\nprobe = 0\n", -EINVAL, "f:2: bad value '0' for 'probe' in [health]" },
        { "[link]\nreach = gatway\n", -EINVAL,
          "f:2: bad value 'gatway' for 'reach' in [link]; it takes auto, gateway or network; did "
          "you mean 'gateway'?" },
        { "[link]\nreach = x\n", -EINVAL,
          "f:2: bad value 'x' for 'reach' in [link]; it takes auto, gateway or network" },
        { "[proxy]\nbind = eth0\n", -EINVAL,
          "f:2: bad value for 'bind' in [proxy]; it takes gateway, or an IPv4 or IPv6 address" },
        { "[docker]\nsocket = docker.sock\n", -EINVAL,
          "f:2: bad value for 'socket' in [docker]; it takes the absolute path of a unix socket" },
        { "[provider]\nimage = a b\n", -EINVAL,
          "f:2: bad value for 'image' in [provider]; it takes an image" },
        { "[provider]\nmode = external\n[proxy]\nsecured = no\n", -EINVAL,
          "f:2: 'mode = external' needs 'url' in [provider]" },
        { "[provider]\nurl = http://x\n", -EINVAL,
          "f:2: 'url' in [provider] is for 'mode = external' alone" },

        { "[provider]\nmode = managed\ncontainer = x\n", -EINVAL,
          "f:3: 'container' in [provider] is for 'mode = auto' and 'mode = adopt' alone" },
        { "[provider]\ncontainer = a b\n", -EINVAL,
          "f:2: bad value for 'container' in [provider]; it takes the name of a container, its own "
          "or that in Coolify, without blanks and quotes" },
        { "[provider]\nkey-file = x\n", -EINVAL,
          "f:2: bad value for 'key-file' in [provider]; it takes the absolute path of a file" },
        { "[provider]\nmode = external\nurl = http://host.docker.internal:11434\n", -EINVAL,
          "f:3: 'url' in [provider] is where our own proxy is: choose another 'port' in [proxy]" },
        { "[provider]\nmode = external\nurl = https://Host.Docker.Internal/x\n[proxy]\nport = 443\n",
          -EINVAL,
          "f:3: 'url' in [provider] is where our own proxy is: choose another 'port' in [proxy]" },
        { "[provider]\nkey-file = /x\n", -EINVAL,
          "f:2: 'key-file' in [provider] is for 'mode = external' with 'secured = yes' in [proxy]: "
          "the proxy sends that key" },
        { "[provider]\nmodels = a, b\n", -EINVAL,
          "f:2: bad value for 'models' in [provider]; it takes names of models separated by "
          "blanks, as in llama3.2 qwen3:8b" },
        { "[provider]\ngpu = nvida\n", -EINVAL,
          "f:2: bad value 'nvida' for 'gpu' in [provider]; it takes auto, nvidia, amd or none; did "
          "you mean 'nvidia'?" },
        { "[proxy]\nshared-key-file = x\n", -EOPNOTSUPP,
          "f:2: 'shared-key-file' in [proxy] is not supported yet" },
};

Test(config, what_is_wrong_is_said_with_file_and_line_and_what_was_meant) {
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                Config *config = NULL;
                Error err = { 0 };

                int r = parse(bad[i].text, &config, &err);
                cr_expect_eq(r, bad[i].code, "%s: %d", bad[i].text, r);
                cr_expect_null(config);
                cr_expect_eq(
                        strncmp(error_text(&err), bad[i].error, strlen(bad[i].error)), 0,
                        "%s: '%s' instead of '%s'", bad[i].text, error_text(&err), bad[i].error
                );
                cr_expect_eq(parse(bad[i].text, &config, NULL), bad[i].code);
        }
}

Test(config, a_text_after_the_first_mistake_changes_nothing_about_it) {
        Config *config = NULL;
        Error err = { 0 };

        cr_expect_eq(parse("[proxy]\nprot = 1\nbnid = 2\n[nope]\n", &config, &err), -EINVAL);
        cr_expect(strncmp(error_text(&err), "f:2: unknown key 'prot'", 23) == 0);
}

Test(config, binary_and_endless_lines_are_refused_by_line) {
        static const char zero[] = "[proxy]\nport = 1\0002\n";
        char line[600] = "[proxy]\nport = ";
        Config *config = NULL;
        Error err = { 0 };

        cr_expect_eq(config_parse("f", zero, sizeof zero - 1, &config, &err), -EINVAL);
        cr_expect_str_eq(error_text(&err), "f:2: not a text file");

        err = (Error){ 0 };
        memset(line + strlen(line), '1', sizeof line - strlen(line) - 1);
        cr_expect_eq(parse(line, &config, &err), -EINVAL);
        cr_expect(strncmp(error_text(&err), "f:2: a line of more than ", 25) == 0);

        /* a comment may be as long as it likes */
        cleanup(config_freep) Config *good = NULL;
        memcpy(line, "[proxy]\n#", 9);
        cr_expect_eq(parse(line, &good, NULL), 0);
}

static const struct {
        const char *url;
        const char *read; /* NULL: refused */
} urls[] = {
        { "http://ollama:11434", "http://ollama:11434" },
        { "https://ollama.example/", "https://ollama.example" },
        { "http://[fd00::1]:11434", "http://[fd00::1]:11434" },
        { "http://localhost.lan", "http://localhost.lan" },
        { "http://10.0.0.1/base///", "http://10.0.0.1/base" },
        { "http://localhost:11434", NULL },
        { "https://127.0.0.1/x", NULL },
        { "http://[::1]", NULL },
        { "http://a?x=1", NULL },
        { "ftp://a", NULL },
        { "ollama:11434", NULL },
        { "http://", NULL },
        { "http:///x", NULL },
        { "http://:80", NULL },
        { "http://a:", NULL },
        { "http://a:123456", NULL },
        { "http://a:b", NULL },
        { "http://[::1", NULL },
        { "http://user:s3cret@a", NULL },
        { "http://a/\"", NULL },
        { "http://a/$x", NULL },
        { "http://a b", NULL },
        { "http://a{url}", NULL },
};

Test(config, url_of_an_external_ollama_is_checked_and_never_repeated) {
        for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
                cleanup(freep) char *text = text_format(
                        "[proxy]\nsecured = no\n[provider]\nmode = external\nurl = %s\n",
                        urls[i].url
                );
                cleanup(config_freep) Config *config = NULL;
                Error err = { 0 };

                int r = parse(text, &config, &err);
                cr_expect_eq(
                        r, urls[i].read ? 0 : -EINVAL, "%s: %s", urls[i].url, error_text(&err)
                );
                if (urls[i].read && config)
                        cr_expect_str_eq(config->provider.url, urls[i].read);
                cr_expect_null(strstr(error_text(&err), "s3cret"));
        }
}

Test(config, binding_to_all_addresses_is_allowed_and_warned_about) {
        static const struct {
                const char *bind;
                bool warned;
        } binds[] = {
                { "0.0.0.0", true }, { "::", true },        { "gateway", false },
                { "::1", false },    { "10.0.0.1", false },
        };

        for (size_t i = 0; i < ARRAY_LEN(binds); i++) {
                cleanup(freep) char *text = text_format("[proxy]\nbind = %s\n", binds[i].bind);
                cleanup(config_freep) Config *config = NULL;

                cr_assert_eq(parse(text, &config, NULL), 0, "%s", binds[i].bind);
                cr_expect_eq(config_warning(config) != NULL, binds[i].warned, "%s", binds[i].bind);
        }
}

/* A directory of its own for each test; Criterion runs each in a process of its own. */
static char directory[64];

static void make_directory(void) {
        (void) snprintf(directory, sizeof directory, "/tmp/coollama-config-XXXXXX");
        cr_assert_not_null(mkdtemp(directory));
}

static void remove_directory(void) {
        (void) file_remove_tree(directory, NULL);
}

static void put(const char *name, const char *text) {
        cleanup(freep) char *path = text_format("%s/%s", directory, name);

        cr_assert_eq(file_replace(path, text, strlen(text), 0644, NULL), 0);
}

static int load(Config **ret, Error *err) {
        cleanup(freep) char *path = text_format("%s/c.conf", directory);

        return config_load(path, ret, err);
}

static void make_drop_in_directory(void) {
        cleanup(freep) char *path = text_format("%s/c.conf.d", directory);

        cr_assert_eq(mkdir(path, 0755), 0);
}

Test(config, drop_ins_win_in_order_of_name, .init = make_directory, .fini = remove_directory) {
        cleanup(config_freep) Config *config = NULL;
        Error err = { 0 };

        make_drop_in_directory();
        put("c.conf", "[proxy]\nport = 1\nbind = 127.0.0.1\n[recovery]\nparallel = 9\n");
        put("c.conf.d/20-b.conf", "[proxy]\nport = 3\n");
        put("c.conf.d/10-a.conf", "[proxy]\nport = 2\nbind = 127.0.0.2\n");
        put("c.conf.d/30.conf.bak", "no configuration at all");
        put("c.conf.d/.40.conf", "nor this");

        cr_assert_eq(load(&config, &err), 0, "%s", error_text(&err));
        cr_expect_eq(config->proxy.port, 3);
        cr_expect_str_eq(config->proxy.bind, "127.0.0.2");
        cr_expect_eq(config->recovery.parallel, 9);
}

Test(config, a_mistake_in_a_drop_in_names_it, .init = make_directory, .fini = remove_directory) {
        cleanup(freep) char *expected = text_format(
                "%s/c.conf.d/x.conf:2: unknown key 'prot' in [proxy]; did you mean 'port'?",
                directory
        );
        Config *config = NULL;
        Error err = { 0 };

        make_drop_in_directory();
        put("c.conf.d/x.conf", "[proxy]\nprot = 3\n");
        cr_expect_eq(load(&config, &err), -EINVAL);
        cr_expect_str_eq(error_text(&err), expected);
}

Test(config,
     keys_of_two_files_are_checked_together,
     .init = make_directory,
     .fini = remove_directory) {
        cleanup(freep) char *place = text_format("%s/c.conf.d/x.conf:3: ", directory);
        cleanup(config_freep) Config *good = NULL;
        Config *config = NULL;
        Error err = { 0 };

        make_drop_in_directory();
        put("c.conf", "[provider]\nurl = http://x\n[proxy]\nsecured = no\n"
                      "[provider]\nkey-file = /k\n");
        put("c.conf.d/x.conf", "[provider]\nmode = external\n[proxy]\n");
        put("c.conf.d/y.conf", "[proxy]\nsecured = yes\n");
        cr_expect_eq(load(&good, &err), 0, "%s", error_text(&err));

        put("c.conf.d/x.conf", "[provider]\nmode = external\n[proxy]\n");
        put("c.conf.d/y.conf", "\n");
        cr_expect_eq(load(&config, &err), -EINVAL);
        cr_expect(strstr(error_text(&err), "/c.conf:6: 'key-file' in"), "%s", error_text(&err));

        err = (Error){ 0 };
        put("c.conf", "[proxy]\nsecured = no\n");
        put("c.conf.d/x.conf", "[provider]\n\nmode = external\n");
        cr_expect_eq(load(&config, &err), -EINVAL);
        cr_expect_eq(strncmp(error_text(&err), place, strlen(place)), 0, "%s", error_text(&err));
}

Test(config, what_cannot_be_read_is_an_error, .init = make_directory, .fini = remove_directory) {
        cleanup(freep) char *path = text_format("%s/c.conf", directory);
        Config *config = NULL;
        Error err = { 0 };

        cr_assert_eq(mkdir(path, 0755), 0);
        cr_expect_lt(load(&config, &err), 0);
        cr_expect(strstr(error_text(&err), path), "%s", error_text(&err));
}

Test(config, every_key_is_listed_with_a_default_that_is_the_default) {
        cleanup(config_freep) Config *config = NULL;
        cleanup(text_done) Text text = TEXT_INIT(16384);
        ConfigKeyInfo info;
        const char *section = "";
        size_t n = 0;

        for (; config_key_info(n, &info); n++) {
                if (strcmp(section, info.section) != 0)
                        cr_assert_eq(text_addf(&text, "[%s]\n", info.section), 0);
                section = info.section;
                cr_assert_eq(text_addf(&text, "%s = %s\n", info.key, info.fallback), 0);
                cr_expect_gt(strlen(info.about), 0, "%s", info.key);
        }

        cr_expect_eq(n, 25);
        cr_assert_eq(config_parse("f", text.data, text.size, &config, NULL), 0);
        expect_defaults(config);
}
