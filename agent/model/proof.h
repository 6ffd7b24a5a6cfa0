/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/container.h"
#include "model/link.h"

/*
 * Proof: what shows that a consumer really reaches the models, check by check. Pure; no check ever
 * holds a value of the environment.
 */
#define PROOF_CHECKS_MAX 8

/* How it is asked (templates/verify.json). */
typedef enum ProofKind {
        PROOF_KEYED,  /* first without a key, then with the consumer's own */
        PROOF_OPEN,   /* once; no key is needed */
        PROOF_LISTED, /* likewise, by `ollama list` in Ollama's own image */
} ProofKind;

typedef struct ProofCheck {
        char what[120];
        bool passed;
        char detail[400];
        char mend[400]; /* what to do when it failed; "" */
} ProofCheck;

typedef struct Proof {
        ProofCheck checks[PROOF_CHECKS_MAX];
        size_t n_checks;
} Proof;

/* Nothing was checked: not passed. */
bool proof_passed(const Proof *proof);

/* {"name", "passed", "checks": [{"what", "passed", "detail", "mend"}]}; NULL without memory. */
json_t *proof_to_json(const Proof *proof, const char *name);

/* A check whose result is known by itself. Control characters of the detail become blanks. */
void proof_add(Proof *proof, const char *what, bool passed, const char *detail, const char *mend);

/* Does the container hold what it should? link: what it still lacks; target: what it should hold.
 */
void proof_environment(
        Proof *proof, const Container *container, const Link *link, const LinkTarget *target
);

typedef struct ProofOutput {
        ProofKind kind;
        const LinkTarget *target;
        const char *mark; /* ends each answer: a line "@MARK" */
        const char *text; /* all that the probe has written */
        int exit_code;
} ProofOutput;

/* Reads what the probe has written into checks. */
void proof_read(Proof *proof, const ProofOutput *output);
