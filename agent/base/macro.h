/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

/*
 * The closed list of macros that every file may use. None of them hides a return, goto or break.
 *
 * cleanup(f) runs f(&variable) when the variable leaves its scope; DEFINE_CLEANUP(Type, x_free)
 * makes the function x_freep that cleanup() wants out of a destructor that takes NULL.
 */
#define cleanup(function) __attribute__((cleanup(function)))

/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses declares nothing */
#define DEFINE_CLEANUP(Type, function)             \
        static inline void function##p(Type **p) { \
                if (*p)                            \
                        (void) function(*p);       \
        }                                          \
        struct useless_struct_to_allow_a_semicolon
/* NOLINTEND(bugprone-macro-parentheses) */

/* Hands a pointer (or a file descriptor) over: the variable is NULL (or -1) afterwards. */
#define take_ptr(p)                         \
        __extension__({                     \
                __typeof__(p) taken_ = (p); \
                (p) = NULL;                 \
                taken_;                     \
        })
#define take_fd(fd)                \
        __extension__({            \
                int taken_ = (fd); \
                (fd) = -1;         \
                taken_;            \
        })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define USEC_PER_MSEC ((uint64_t) 1000)
#define USEC_PER_SEC  ((uint64_t) 1000000)

static inline void freep(void *p) {
        free(*(void **) p);
}
