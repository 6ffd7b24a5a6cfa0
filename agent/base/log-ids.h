/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * MESSAGE_IDs: one for each kind of entry of notice level or above. Each has an entry in
 * packaging/catalog/coollama.catalog; a test compares the two.
 */
#define MSG_STARTED             "2b63b1b7dae64c938d9b171c1e7cf4d3"
#define MSG_STOPPING            "0ff748b6e381419c966c9c0b079059f8"
#define MSG_ENDS                "c0b7c8f6a5d14d6c9a54b1e1f3a0f7de"
#define MSG_CONFIG_BAD          "5789de7f314c4d4588ddceea56936160"
#define MSG_CONFIG_WARNING      "4949c03ed8d64d48aac586634138b1b6"
#define MSG_ENGINE_TROUBLE      "b9930943ea914cc396c832273626505d"
#define MSG_CONSUMER_UNREADABLE "afa6f6fc37c847bc9fbcb4ba7e434099"
#define MSG_LINKED              "fba0ffa8775340d2a56b48003ce14099"
#define MSG_REFUSED             "a44bd8ffd469421593444afd60c5b07c"
#define MSG_FAILED              "76a0a398929c41c5ba0ee965c1e51f83"
#define MSG_ACTION_FAILED       "06b11d81d7fd4d83b637653569056875"
#define MSG_RECORD_BROKEN       "298265e1aaf04913ac4a292322ac3d8a"
#define MSG_STATE_BROKEN        "497774c17c424cb8be047c977ec1e438"
#define MSG_PROVIDER_UP         "f167755a91be41b3a85d29a9eb3bb79f"
#define MSG_PROVIDER_DOWN       "35ab1afc2e874f608bc854c6fd752d0e"
#define MSG_PROVIDER_ACTION     "97189716c1174b67b1f87a541ceefff7"
#define MSG_PROVIDER_TROUBLE    "88594de180e54d6696a276ae01698cf3"
#define MSG_PROVIDER_CHOSEN     "98440602f5894ec8b20620f9e6d8cc86"
#define MSG_PROVIDER_UNDECIDED  "8fd88e3352044d82b2cebae26541cc7d"
#define MSG_RESTARTED           "6c8b2165d3c142949454145ace069ab5"
#define MSG_OUTAGE_OVER         "250f78fdb5b34031a75caf9168ee7b9e"
#define MSG_PAUSED              "ddc35850eeba47ad9569ba2371a25b11"
#define MSG_RESUMED             "c3ff2bc488df4379852c05fbe077131c"
