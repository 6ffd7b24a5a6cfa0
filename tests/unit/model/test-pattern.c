/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/pattern.h"

static const char *const WORDS[] = { "secured", "cloud", NULL };

#define VALUES                                                                                  \
        "{'host':'h','port':11434,'ports':['1','2'],'evil':'\\\",{host}','empty':[],'key':'k'," \
        "'ok':true}"

static json_t *parse(const char *text) {
        char buffer[2048];

        (void) snprintf(buffer, sizeof buffer, "%s", text);
        for (char *p = buffer; *p != '\0'; p++)
                if (*p == '\'')
                        *p = '"';
        json_t *json = json_loads(buffer, JSON_DECODE_ANY, NULL);
        cr_assert_not_null(json, "%s", buffer);
        return json;
}

static int expand(const char *pattern, json_t **ret, Error *err) {
        json_t *values = parse(VALUES);
        json_t *json = parse(pattern);
        PatternScope scope = { .values = values, .when = WORDS };

        int r = pattern_expand(json, &scope, ret, err);
        json_decref(values);
        json_decref(json);
        return r;
}

static const struct {
        const char *pattern;
        const char *expected;
} GOOD[] = {
        { "'plain'", "'plain'" },
        { "''", "''" },
        { "'http://{host}:{port}/'", "'http://h:11434/'" },
        { "'{ports}'", "['1','2']" },
        { "'{ok}'", "true" },
        { "'{port}'", "11434" },
        { "'{not a name} {} {Upper} {'", "'{not a name} {} {Upper} {'" },
        { "'{{host}}'", "'{h}'" },
        { "{'a':[1,2.5,null,false,'{host}']}", "{'a':[1,2.5,null,false,'h']}" },
        { "{'{key}':1}", "{'k':1}" },
        /* what a value holds is not looked into again */
        { "'<{evil}>'", "'<\\\",{host}>'" },
        /* when, among elements and members */
        { "[1,{'when':'secured','value':2},{'when':'unsecured','value':3}]", "[1,2]" },
        { "[{'when':'cloud','a':'{host}'},{'when':'no-cloud','a':1}]", "[{'a':'h'}]" },
        { "{'x':{'when':'unsecured','value':1},'y':{'when':'secured','value':[2]}}", "{'y':[2]}" },
        /* a placeholder in what is not there is not looked up */
        { "[{'when':'unsecured','value':'{nobody}'}]", "[]" },
        /* each */
        { "[{'each':'ports','value':{'p':'{ports}'}}]", "[{'p':'1'},{'p':'2'}]" },
        { "[{'each':'ports','value':'{host}-{ports}'},'z']", "['h-1','h-2','z']" },
        { "[{'each':'empty','value':1}]", "[]" },
        { "[{'when':'secured','each':'ports','value':'{ports}'}]", "['1','2']" },
        { "[{'when':'unsecured','each':'ports','value':'{ports}'}]", "[]" },
};

Test(pattern, placeholders_words_and_lists_are_expanded) {
        for (size_t i = 0; i < ARRAY_LEN(GOOD); i++) {
                json_t *expected = parse(GOOD[i].expected);
                json_t *got = NULL;
                Error err = { 0 };

                cr_assert_eq(
                        expand(GOOD[i].pattern, &got, &err), 0, "%s: %s", GOOD[i].pattern, err.text
                );
                char *text = json_dumps(got, JSON_ENCODE_ANY);
                cr_assert(json_equal(got, expected), "%s gave %s", GOOD[i].pattern, text);
                free(text);
                json_decref(got);
                json_decref(expected);
        }
}

static const struct {
        const char *pattern;
        int code;
        const char *says;
} BAD[] = {
        { "'{nobody}'", -ENOKEY, "{nobody}" },
        { "'a {nobody} b'", -ENOKEY, "{nobody}" },
        { "{'deep':{'er':['{nobody}']}}", -ENOKEY,
          "deep: er: no value for the placeholder {nobody}" },
        { "'a {ports}'", -EINVAL, "{ports}" },
        { "{'{ports}':1}", -EINVAL, "{ports}" },
        { "[{'when':7,'value':1}]", -EINVAL, "when" },
        { "[{'each':'ports'}]", -EINVAL, "each" },
        { "[{'each':'nobody','value':1}]", -ENOKEY, "{nobody}" },
        { "[{'each':'host','value':1}]", -ENOKEY, "{host}" },
};

Test(pattern, what_cannot_be_expanded_is_named) {
        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
                json_t *got = NULL;
                Error err = { 0 };

                cr_assert_eq(expand(BAD[i].pattern, &got, &err), BAD[i].code, "%s", BAD[i].pattern);
                cr_assert_null(got);
                cr_assert(strstr(err.text, BAD[i].says), "%s: %s", BAD[i].pattern, err.text);
        }
}

Test(pattern, the_pattern_stays_as_it_was) {
        json_t *values = parse(VALUES);
        json_t *pattern =
                parse("[{'when':'secured','a':'{host}'},{'each':'ports','value':'{ports}'}]");
        json_t *before = json_deep_copy(pattern);
        PatternScope scope = { .values = values, .when = WORDS };
        json_t *got = NULL;

        cr_assert_eq(pattern_expand(pattern, &scope, &got, NULL), 0);
        cr_assert(json_equal(pattern, before));
        json_decref(got);
        json_decref(before);
        json_decref(pattern);
        json_decref(values);
}
