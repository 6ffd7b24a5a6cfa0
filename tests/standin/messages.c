/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include <stdio.h>

#define MESSAGE "\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"%s\""
#define USAGE   "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}"

void messages_whole_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        if (n == 0)
                snprintf(
                        buffer, size,
                        "{" MESSAGE ",\"content\":[{\"type\":\"text\",\"text\":\"word\"}],"
                        "\"stop_reason\":\"end_turn\",\"stop_sequence\":null," USAGE "}",
                        s->model
                );
}

void messages_piece(char *buffer, size_t size, unsigned n, const Stream *s) {
        if (n == 0)
                snprintf(
                        buffer, size,
                        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{" MESSAGE
                        ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null," USAGE
                        "}}\n\n"
                        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
                        "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
                        s->model
                );
        else if (n + 1 < s->count)
                snprintf(
                        buffer, size,
                        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
                        "\"delta\":{\"type\":\"text_delta\",\"text\":\"word \"}}\n\n"
                );
        else
                snprintf(
                        buffer, size,
                        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
                        "\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":1}}\n\n"
                        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
                );
}
