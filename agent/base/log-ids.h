/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * MESSAGE_IDs: one for each kind of entry of notice level or above. Each has an entry in
 * packaging/catalog/coollama.catalog; a test compares the two.
 */
#define MSG_STARTED "5d0b4f7f1a5b4c52a8a1f3a0f6f0c101"
