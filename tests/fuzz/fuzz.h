/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What every fuzz-NAME.c defines: takes any bytes, returns 0, and aborts when a claim is false.
 * Built with libFuzzer, and always as a program that replays corpus/NAME (replay-main.c).
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
