/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/engine-unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/macro.h"

bool engine_unit_runs(const char *socket_path) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;

        if (strcmp(socket_path, "/run/docker.sock") != 0
            && strcmp(socket_path, "/var/run/docker.sock") != 0)
                return true;
        if (file_read(ENGINE_UNIT_PID_FILE, 64, &text, &size, NULL) < 0)
                return false;

        long pid = strtol(text, NULL, 10);
        if (pid <= 0)
                return false;
        return kill((pid_t) pid, 0) == 0 || errno == EPERM;
}
