/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A directory of a test's own, below /tmp: for .init and .fini of a suite.
 */
extern char temp_dir[];

void temp_dir_make(void);
void temp_dir_remove(void);
