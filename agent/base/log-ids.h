/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * MESSAGE_IDs: one for each kind of entry of notice level or above. Each has an entry in
 * packaging/catalog/coollama.catalog; a test compares the two.
 */
#define MSG_STARTED             "5d0b4f7f1a5b4c52a8a1f3a0f6f0c101"
#define MSG_STOPPING            "b2f1c74f3a7d4d0f9b8d1f5a6c2e7a02"
#define MSG_CONFIG_BAD          "0c6a1c7e8d4b4f0ea3b7c5d9e1f2a303"
#define MSG_CONFIG_WARNING      "7e3d5b9a1c2f4e6d8a0b9c8d7e6f5a04"
#define MSG_ENGINE_TROUBLE      "91a4c3d2e5f64b7a8c9d0e1f2a3b4c05"
#define MSG_CONSUMER_UNREADABLE "c8d7e6f5a4b34c2d9e0f1a2b3c4d5e06"
#define MSG_LINKED              "2f4e6d8c0a1b4d3e8f7a6b5c4d3e2f07"
#define MSG_REFUSED             "a7b8c9d0e1f24a3b9c4d5e6f7a8b9c08"
#define MSG_FAILED              "3e2d1c0b9a8f4e7d8c6b5a4f3e2d1c09"
#define MSG_ACTION_FAILED       "d4c3b2a1f0e94d8c8b7a6f5e4d3c2b10"
#define MSG_RECORD_BROKEN       "6b5a4f3e2d1c4b0a9f8e7d6c5b4a3f11"
#define MSG_PROVIDER_UP         "8f9e0d1c2b3a4f4e9d5c6b7a8f9e0d12"
#define MSG_PROVIDER_DOWN       "1a2b3c4d5e6f4a7b8c9d0e1f2a3b4c13"
#define MSG_PROVIDER_ACTION     "e5f6a7b8c9d04e1f9a2b3c4d5e6f7a14"
#define MSG_PROVIDER_TROUBLE    "4c5d6e7f8a9b4c0d9e1f2a3b4c5d6e15"
#define MSG_RESTARTED           "b9a8f7e6d5c44b3a8f2e1d0c9b8a7f16"
#define MSG_OUTAGE_OVER         "f0e1d2c3b4a54f6e8d7c8b9a0f1e2d17"
