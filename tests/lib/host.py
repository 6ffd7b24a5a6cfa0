# SPDX-License-Identifier: Apache-2.0
"""Throwaway Coolify-like hosts: systemd 252 as PID 1 and a chosen Docker engine, up in ten seconds.

A host is a copy-on-write view of one Debian tree (host-base), booted by systemd-nspawn in namespaces of
its own. It has no network but its own loopback, so that it can reach nothing and nothing can reach it;
its engine's firewall rules are in its own network namespace.

Everything that a host puts on the machine hangs on one process, its *keeper*: the mounts and /run live in
the keeper's mount namespace, the host's processes in PID and cgroup namespaces below it. When the keeper
is told to end, or its owner ends (also by SIGKILL), it kills the host's PID 1, which takes all the rest
along, and removes the cgroups and the directory. After a keeper that was itself killed, `sweep`, which
every boot begins with, does the same by the cgroups.
"""
import contextlib
import ctypes
import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import images

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("COOLLAMA_CACHE", "/var/cache/coollama-tests"))
HOSTS = CACHE / "hosts"
BASE = CACHE / "host-base"
CGROUPS = Path("/sys/fs/cgroup")
OWN_ENGINE = "20.10"  # host-base's own; others are laid over it
DEFAULT_COMPOSE = "2.26"
BOOT_SECONDS = 90
REBOOTS = 133  # nspawn's status when its host wants to be booted again
ENVIRONMENT = ("HOME=/root", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")

CLONE_NEWNS, CLONE_NEWCGROUP = 0x00020000, 0x02000000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)


class HostError(Exception):
    """Something about a host that its user should read."""


# ---- the machine's cgroups: a host gets one of its own in each hierarchy, and sees nothing else ----


def _hierarchies():
    """Mount options and directory of each cgroup v1 hierarchy; none where the machine has v2 alone."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        kind, _, options = right.split(" ", 2)
        where = Path(left.split(" ")[4])
        if kind == "cgroup" and where.parent == CGROUPS:
            names = [o for o in options.split(",") if o not in ("rw", "ro") and not o.startswith("release_agent")]
            found.append((",".join(o for o in names if o not in ("xattr", "clone_children")), where))
    return found


def _cgroup_roots():
    v1 = [where for _, where in _hierarchies()]
    unified = CGROUPS / "unified" if v1 else CGROUPS
    return v1 + ([unified] if (unified / "cgroup.procs").exists() else [])


def _cgroup_name(name):
    return f"coollama-host-{name}"


def _join_cgroups(name):
    for root in _cgroup_roots():
        group = root / _cgroup_name(name)
        group.mkdir(exist_ok=True)
        if root.name == "cpuset":  # a v1 cpuset takes nobody in before it has CPUs and memory
            for knob in ("cpuset.cpus", "cpuset.mems"):
                (group / knob).write_text((root / knob).read_text())
        (group / "cgroup.procs").write_text(str(os.getpid()))


def _kill_members(top):
    for path, _, _ in os.walk(top):
        with contextlib.suppress(OSError):
            for pid in Path(path, "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)


def _remove_cgroups(name, seconds=10.0):
    """Ends what still runs in them. The kernel empties a cgroup a moment after its last process died:
    tried until it lets go."""
    deadline = time.monotonic() + seconds
    for root in _cgroup_roots():
        top = root / _cgroup_name(name)
        while top.exists():
            _kill_members(top)
            for path, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
            if not top.exists():
                break
            if time.monotonic() > deadline:
                raise HostError(f"{top} cannot be removed: something still runs in it")
            time.sleep(0.02)


# ---- the keeper's side ----


def _run(*command):
    subprocess.run([str(c) for c in command], check=True)


def _mount_root(directory, engine, compose, min_api):
    lower = [str(BASE)]
    if engine != OWN_ENGINE:
        lower.insert(0, str(CACHE / "engines" / engine))
    root = directory / "root"
    layers = f"lowerdir={':'.join(lower)},upperdir={directory / 'up'},workdir={directory / 'work'}"
    _run("mount", "-t", "overlay", "overlay", "-o", layers, root)
    plugins = root / "usr/libexec/docker/cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    shutil.copy(CACHE / "compose" / compose / "docker-compose", plugins)
    if min_api:
        drop_in = root / "etc/systemd/system/docker.service.d/min-api.conf"
        drop_in.parent.mkdir(parents=True)
        drop_in.write_text(f"[Service]\nEnvironment=DOCKER_MIN_API_VERSION={min_api}\n")
    (root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
    (root / "etc/hostname").write_text(directory.name + "\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {directory.name}\n::1 localhost ip6-localhost\n")
    return root


def _hide_other_cgroups(hierarchies, tree):
    """cgroup v1: in a cgroup namespace a fresh mount of a hierarchy has our own cgroup as its root. nspawn
    and the host see only such mounts, and all that they make is below that one directory on the machine."""
    if _libc.unshare(CLONE_NEWCGROUP | CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    tree.mkdir(exist_ok=True)  # after a reboot it is there
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", tree)
    for options, where in hierarchies:
        (tree / where.name).mkdir()
        _run("mount", "-t", "cgroup", "-o", options, "cgroup", tree / where.name)
    if (CGROUPS / "unified/cgroup.procs").exists():
        (tree / "unified").mkdir()
        _run("mount", "-t", "cgroup2", "cgroup2", tree / "unified")
    _run("mount", "--rbind", tree, CGROUPS)


def _exec_nspawn(name, directory, root):
    """Runs in the keeper's child, which becomes nspawn."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # never outlives its keeper
    os.closerange(3, 256)  # the lock above all: it says that the keeper lives, not its host
    _join_cgroups(name)
    command = ["systemd-nspawn", "--quiet", "--boot", "--directory", str(root), "--machine", name,
               "--private-network", "--capability=all", "--register=no", "--keep-unit", "--resolv-conf=off",
               "--link-journal=no", "--console=pipe", "--system-call-filter=@keyring @known"]
    # An overlay cannot lie on an overlay: on the plain file system below, the engine uses overlay2.
    command.append(f"--bind={directory / 'docker'}:/var/lib/docker")
    hierarchies = _hierarchies()
    if hierarchies:
        _hide_other_cgroups(hierarchies, directory / "cgroup")
        # Left to itself nspawn mounts v1 controllers read-only. v2 it does as it should, in a cgroup
        # namespace below the group that it is in.
        command.append(f"--bind={CGROUPS}")
    os.execvpe(command[0], command, dict(os.environ, SYSTEMD_SECCOMP="0"))


def _leader(nspawn):
    """The host's PID 1 as seen from here: nspawn's only descendant that is 1 in a PID namespace of its own."""
    queue = [nspawn]
    while queue:
        pid = queue.pop()
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            ids = re.search(r"^NSpid:\s+(.*)$", status, re.M).group(1).split()
            if len(ids) > 1 and ids[-1] == "1":
                return pid
            queue += [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return None


def _start_nspawn(name, directory, root, blocked):
    child = os.fork()
    if child == 0:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
            _exec_nspawn(name, directory, root)
        except BaseException as error:  # a forked child must never return into its parent's code
            print(f"host {name}: {error}", flush=True)
        os._exit(1)
    return child


def _watch_nspawn(directory, child, owner_fd):
    """Until it ends, or is to end; returns the host's PID 1, or 0."""
    leader = 0
    poll = select.poll()
    poll.register(os.pidfd_open(child), select.POLLIN)
    if owner_fd >= 0:
        poll.register(owner_fd, select.POLLIN)
    while not poll.poll(20 if not leader else 200):
        if not leader and (leader := _leader(child) or 0):
            # Replaced, not rewritten: a reader that meets an empty one believes that there is no host.
            (directory / "leader.new").write_text(str(leader))
            (directory / "leader.new").replace(directory / "leader")
        if signal.sigtimedwait((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), 0):
            break
    return leader


def keep(name, engine, compose, min_api, owner):
    """The keeper's whole life. Started in a mount namespace of its own; ends with the host gone."""
    directory = HOSTS / name
    wanted = signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = leader = 0
    owner_fd = -1
    try:
        owner_fd = os.pidfd_open(owner) if owner else -1
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")  # nspawn's locks and sockets
        root = _mount_root(directory, engine, compose, min_api)
        while True:
            child = _start_nspawn(name, directory, root, wanted)
            leader = _watch_nspawn(directory, child, owner_fd)
            done, status = os.waitpid(child, os.WNOHANG)
            if not done or not os.WIFEXITED(status) or os.WEXITSTATUS(status) != REBOOTS:
                break
            leader = 0
    finally:
        if child:
            leader = leader or _leader(child)
            for pid in (leader, child):
                with contextlib.suppress(ProcessLookupError):
                    if pid:
                        os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while True:  # the orphans that became ours as well
                    os.wait()
        _remove_cgroups(name)
        _run("umount", "--lazy", directory / "root")
        if owner_fd >= 0 and select.select([owner_fd], [], [], 0)[0]:
            Host(name).log.unlink()  # nobody is left who would read it
        shutil.rmtree(directory)


# ---- the user's side ----


@dataclass
class Host:
    """A booted host. Commands run in all of its namespaces, as its root."""

    name: str

    @property
    def directory(self):
        return HOSTS / self.name

    @property
    def log(self):
        """What its console and its keeper said; it stays until the host's end was seen by kill or sweep."""
        return HOSTS / f"{self.name}.log"

    @property
    def leader(self):
        try:
            return int((self.directory / "leader").read_text())
        except (OSError, ValueError):
            raise HostError(f"no host {self.name} is running") from None

    @property
    def sock(self):
        """Its engine's socket, as a path of this machine."""
        return f"/proc/{self.leader}/root/run/docker.sock"

    def command(self, *argv):
        """The command line for it; nothing of this machine's environment goes along."""
        return ["nsenter", "--target", str(self.leader), "--all", "--root", "--wd", "--",
                "env", "-i", *ENVIRONMENT, *map(str, argv)]

    def run(self, *argv, check=True, capture=True, **options):
        """Like subprocess.run, in the host, text captured."""
        done = subprocess.run(self.command(*argv), check=False, text=True, capture_output=capture, **options)
        if check and done.returncode != 0:
            raise HostError(f"`{' '.join(map(str, argv))}` in {self.name} ended with {done.returncode}:\n"
                            f"{done.stdout or ''}{done.stderr or ''}")
        return done

    def out(self, *argv, **options):
        return self.run(*argv, **options).stdout.strip()

    def sh(self, script, **options):
        return self.out("bash", "-euo", "pipefail", "-c", script, **options)

    def put(self, source, target):
        """Copies a file, or what a directory holds, to target; parents are made. Links in the host
        are followed in the host, never on this machine."""
        source = Path(source)
        target = Path(target)
        into, pick = (target, ["."]) if source.is_dir() else (target.parent, [source.name])
        at = source if source.is_dir() else source.parent
        self.run("mkdir", "-p", into)
        with subprocess.Popen(["tar", "-C", at, "--owner=0", "--group=0", "-c", *pick], stdout=subprocess.PIPE) as tar:
            self.run("tar", "-C", into, "-x", "--no-same-owner", stdin=tar.stdout)
        if tar.returncode != 0:
            raise HostError(f"{source} cannot be read")
        if not source.is_dir() and source.name != target.name:
            self.run("mv", "-T", into / source.name, target)

    def write(self, target, text):
        self.run("mkdir", "-p", Path(target).parent)
        self.run("tee", target, input=text)

    def wait(self, script, seconds, what):
        """Until a shell condition holds in the host."""
        deadline = time.monotonic() + seconds
        while self.run("bash", "-c", script, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise HostError(f"{self.name}: waited {seconds} s in vain for {what}")
            time.sleep(0.1)

    def docker(self, *argv):
        return self.out("docker", *argv)

    def load_images(self):
        """All that images.py makes, under their real names."""
        for image in (images.busybox(), images.ollama(), images.nginx()):
            self.put(image.archive(), "/tmp/image.tar")
            changes = [word for change in image.changes for word in ("--change", change)]
            self.docker("import", *changes, "/tmp/image.tar", image.name)
        self.run("rm", "/tmp/image.tar")

    def add_coolify(self):
        """The command `coolify`: what Coolify does on a server; and what its installer makes."""
        self.put(HERE / "coolify", "/usr/local/lib/coolify")
        self.run("ln", "-sf", "../lib/coolify/coolify", "/usr/local/bin/coolify")
        self.run("coolify", "prepare")

    def add_neighbour(self):
        """A second address of the host, 198.51.100.1, and a machine in the same network, 198.51.100.2:
        commands run there with `ip netns exec neighbour`."""
        self.sh("""
            ip netns add neighbour
            ip link add lan0 type veth peer name lan0 netns neighbour
            ip address add 198.51.100.1/24 dev lan0
            ip link set lan0 up
            ip -n neighbour address add 198.51.100.2/24 dev lan0
            ip -n neighbour link set lan0 up
            ip -n neighbour route add default via 198.51.100.1""")

    def reboot(self, seconds=BOOT_SECONDS):
        """As its administrator does it: everything is stopped in order. Returns when its engine answers."""
        before = self.leader
        self.run("systemctl", "reboot", check=False)
        deadline = time.monotonic() + seconds
        while self.leader == before or self.run("docker", "version", check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise HostError(f"{self.name} did not come back:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.2)

    def kill(self, seconds=30):
        """Ends and removes it; returns when nothing of it is left."""
        keeper = _keeper(self.name)
        if keeper:
            fd = os.pidfd_open(keeper)
            signal.pidfd_send_signal(fd, signal.SIGTERM)
            if not select.select([fd], [], [], seconds)[0]:
                raise HostError(f"host {self.name} does not end; see {self.log}")
            with contextlib.suppress(ChildProcessError):
                os.waitpid(keeper, 0)  # ours, when this process has booted it
        _remove_leftovers(self.name)


def _keeper(name):
    """The keeper's pid: whoever holds the lock on the host's directory, 0 when nobody does."""
    try:
        with open(HOSTS / f"{name}/lock", "r+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read())
    except (FileNotFoundError, ValueError):
        pass
    return 0


def _remove_leftovers(name):
    """What a keeper leaves that was itself killed."""
    _remove_cgroups(name)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(HOSTS / name)
    Host(name).log.unlink(missing_ok=True)


def names():
    return sorted({p.name.removesuffix(".log") for p in HOSTS.iterdir()}) if HOSTS.exists() else []


def sweep():
    gone = [n for n in names() if not _keeper(n)]
    for name in gone:
        _remove_leftovers(name)
    return gone


def make():
    """What every host needs, once per machine: the tree, and the engines and compose plugins."""
    for script in ("host-base", "fetch"):
        subprocess.run([str(HERE / script)], check=True, stdout=sys.stderr)


def _need_parts(engine, compose):
    parts = [BASE, CACHE / "compose" / compose]
    if engine != OWN_ENGINE:
        parts.append(CACHE / "engines" / engine)
    for part in parts:
        if not part.exists():
            there = ", ".join(sorted(p.name for p in part.parent.glob("[0-9]*")))
            raise HostError(f"{part} is missing{f' (there is {there})' if there else ''}: run tests/lib/host make")


def boot(name, engine=OWN_ENGINE, compose=DEFAULT_COMPOSE, min_api="", owner=0):
    """A fresh host, its engine answering. It ends with the process `owner`, if one is given. min_api: the
    engine refuses clients below that API version, as Docker 29 does with those below 1.44."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
        raise HostError(f"{name!r} is no name for a host: lower-case letters, digits and dashes")
    _need_parts(engine, compose)
    HOSTS.mkdir(parents=True, exist_ok=True)
    with open(CACHE / ".lock-hosts", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep()
        host = Host(name)
        if host.directory.exists():
            raise HostError(f"a host {name} is running already")
        for part in ("up", "work", "root", "docker"):
            (host.directory / part).mkdir(parents=True)
        _start_keeper(host, engine, compose, min_api, owner)
    try:
        _wait_until_up(host)
    except BaseException:
        host.kill()
        raise
    return host


def _start_keeper(host, engine, compose, min_api, owner):
    """The lock is taken here and inherited: there is no moment in which the keeper seems to be dead."""
    with open(host.directory / "lock", "w+", encoding="ascii") as lock, \
         open(host.log, "w", encoding="utf-8") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keeper = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", sys.executable, str(HERE / "host"), "keep",
             host.name, engine, compose, min_api, str(owner)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, pass_fds=[lock.fileno()])
        lock.write(str(keeper.pid))  # unshare becomes the keeper without a fork


def _wait_until_up(host):
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        if not _keeper(host.name):
            break
        with contextlib.suppress(HostError):
            if host.run("docker", "version", check=False).returncode == 0:
                return
        time.sleep(0.2)
    journal = ""
    with contextlib.suppress(HostError):
        journal = host.run("journalctl", "-b", "-n", "40", "--no-pager", check=False).stdout
    raise HostError(f"host {host.name} did not come up:\n{host.log.read_text()[-4000:]}{journal}")


@contextlib.contextmanager
def booted(name, **options):
    host = boot(name, owner=os.getpid(), **options)
    try:
        yield host
    finally:
        host.kill()


USAGE = """\
usage: host make                                            once per machine, about four minutes
       host boot NAME [--engine V] [--compose V] [--min-api V] [--owner PID]   a fresh one, in seconds
       host exec NAME COMMAND...                            as its root
       host put NAME SOURCE TARGET                          a file, or what a directory holds
       host images NAME                                     loads the images that images.py makes
       host coolify NAME                                    the command coolify, and what its installer makes
       host neighbour NAME                                  a second address, and a machine that sees it
       host sock NAME                                       its engine's socket as a path of this machine
       host list
       host kill NAME... | host sweep                       ends and removes; removes what dead ones left"""


def _options(arguments, known):
    found = {}
    while arguments:
        key = arguments.pop(0).removeprefix("--")
        if key not in known or not arguments:
            raise HostError(USAGE)
        found[key] = known[key](arguments.pop(0))
    return found


def main(argv):
    verb, arguments = (argv[0] if argv else ""), argv[1:]
    if os.geteuid() != 0:
        raise HostError("hosts need root")
    if verb == "make" and not arguments:
        make()
    elif verb == "boot" and arguments:
        name = arguments.pop(0)
        options = _options(arguments, {"engine": str, "compose": str, "min-api": str, "owner": int})
        host = boot(name, **{key.replace("-", "_"): value for key, value in options.items()})
        version = json.loads(host.out("docker", "version", "--format", "{{json .Server}}"))
        print(f"host {name}: Docker {version['Version']}, API {version['ApiVersion']},"
              f" compose {host.out('docker', 'compose', 'version', '--short')},"
              f" {host.out('systemctl', '--version').splitlines()[0]}")
    elif verb == "exec" and len(arguments) > 1:
        command = Host(arguments[0]).command(*arguments[1:])
        os.execvp(command[0], command)
    elif verb == "put" and len(arguments) == 3:
        Host(arguments[0]).put(arguments[1], arguments[2])
    elif verb == "images" and len(arguments) == 1:
        Host(arguments[0]).load_images()
    elif verb == "coolify" and len(arguments) == 1:
        Host(arguments[0]).add_coolify()
    elif verb == "neighbour" and len(arguments) == 1:
        Host(arguments[0]).add_neighbour()
    elif verb == "sock" and len(arguments) == 1:
        print(Host(arguments[0]).sock)
    elif verb == "list" and not arguments:
        for name in names():
            print(name, "running" if _keeper(name) else "dead (host sweep removes it)")
    elif verb == "kill" and arguments:
        for name in arguments:
            Host(name).kill()
    elif verb == "sweep" and not arguments:
        for name in sweep():
            print(f"removed {name}")
    elif verb == "keep" and len(arguments) == 5:
        keep(*arguments[:4], int(arguments[4]))
    else:
        raise HostError(USAGE)
