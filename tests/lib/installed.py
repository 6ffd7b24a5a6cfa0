# SPDX-License-Identifier: Apache-2.0
"""coollama on a throwaway host: where packaging/install and what it built lie ready, and a short
configuration."""

INSTALL = "/root/coollama/packaging/install"
STAGE = "/root/coollama/stage"
ARGS = ("--prebuilt", STAGE)
# The defaults, but in a second what takes half a minute.
SHORT = """\
[link]
settle = 300ms
settle-unchecked = 500ms
[health]
probe = 200ms
[recovery]
min-outage = 1s
grace = 1s
"""
