"""The small programs that keep a tool running on its host, whatever becomes of us.

Pipes need a POSIX shell only. The terminal needs Python, which is on every host that has otopi; it
is written for 2.6 up to today's. Nothing secret is ever an argument or in an environment: answers
come on standard input and go through a FIFO in a folder that only its owner may enter.
"""

from __future__ import annotations

from typing import Final

_WHO: Final = r"""
began() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- ${stat##*) }
  case $1 in [ZX]) return 1;; esac  # dead, and not fetched by its parent yet
  echo "${20}"
}
mark() {
  echo "$2 $(began "$2") $(cat /proc/sys/kernel/random/boot_id)" > "$dir/$1.part" &&
    mv -f "$dir/$1.part" "$dir/$1"
}
alive() {
  read -r pid start boot 2>/dev/null < "$dir/$1" || return 1
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && [ "$start" = "$(began "$pid")" ]
}
"""

START: Final = r"""
set -e; umask 077
dir=$1; kind=$2; shift 2
mkdir -- "$dir"; cd -- "$dir"
mkdir given; mkfifo answers; : > output; : > errors; cat > supervise
if [ "$kind" = pipes ]; then run=/bin/sh; else
  run=
  for python in python3 /usr/libexec/platform-python python2 python; do
    if [ -z "$run" ] && "$python" -c 'import pty' 2>/dev/null; then run=$python; fi
  done
  if [ -z "$run" ]; then
    rm -rf -- "$dir"; echo "No Python is there to make a terminal with." >&2; exit 20
  fi
fi
# Where KillUserProcesses is on, systemd ends at logout whatever stays in the session's own scope.
how=setsid
unit="rekindle-${dir##*/}"
if [ "$(id -u)" = 0 ] && systemd-run --scope --unit="$unit-probe" -- true >supervisor.log 2>&1
then how="systemd-run --scope"; fi
case $how in
  setsid) setsid "$run" "$dir/supervise" "$dir" "$@" ;;
  *) setsid systemd-run --scope --unit="$unit" -- "$run" "$dir/supervise" "$dir" "$@" ;;
esac </dev/null >>supervisor.log 2>&1 &
echo "$how"
"""
"""Says how it was started: `systemd-run --scope`, or `setsid`."""

PIPES: Final = (
    r"""
trap '' HUP
dir=$1; shift
functions='"""
    + _WHO
    + r"""'
eval "$functions"
mkdir "$dir/claimed" || exit 21
mark supervisor $$
exec 3<>"$dir/answers"
unset SSH_CLIENT SSH_CONNECTION SSH_TTY
TERM=screen; export TERM
cd /
/bin/sh -c "$functions"'dir=$1; shift; mark tool $$; exec "$@"' sh "$dir" "$@" \
  <&3 >>"$dir/output" 2>>"$dir/errors" 3<&-
echo $? > "$dir/ended.part" && mv -f "$dir/ended.part" "$dir/ended"
"""
)

TERMINAL: Final = r"""
import errno, fcntl, os, pty, select, signal, struct, sys, termios, time

WIDE, HIGH, PATIENCE = 1000, 200, 10.0

def mark(folder, name, pid):
    with open("/proc/%d/stat" % pid) as stat:
        began = stat.read().rpartition(") ")[2].split()[19]
    with open("/proc/sys/kernel/random/boot_id") as boot:
        put(os.path.join(folder, name), "%d %s %s" % (pid, began, boot.read().strip()))

def put(path, text):
    with open(path + ".part", "w") as part:
        part.write(text + "\n")
    os.rename(path + ".part", path)

def become(folder, command):
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", HIGH, WIDE, 0, 0))
    gone = ("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY")
    environment = dict((k, v) for k, v in os.environ.items() if k not in gone)
    environment.update(TERM="screen", COLUMNS=str(WIDE))
    mark(folder, "tool", os.getpid())
    os.chdir("/")
    try:
        os.execvpe(command[0], command, environment)
    except OSError:
        os.write(2, ("%s: %s\n" % (command[0], sys.exc_info()[1].strerror)).encode())
        os._exit(127)

def write_all(handle, data):
    while data:
        data = data[os.write(handle, data):]

class Tool(object):
    def __init__(self, folder, command):
        self.folder = folder
        self.answers = os.open(os.path.join(folder, "answers"), os.O_RDWR | os.O_NONBLOCK)
        self.output = os.open(os.path.join(folder, "output"), os.O_WRONLY | os.O_APPEND)
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            become(folder, command)
        self.waiting, self.hidden, self.since, self.refused = b"", False, None, 0
        self.code = None

    def live(self):
        until = None
        while until is None or time.time() < until:
            if self.code is None and self.ended():
                until = time.time() + 0.3
            ready = select.select([self.master, self.answers], [], [], 0.05)[0]
            if self.answers in ready:
                self.waiting += os.read(self.answers, 65536)
            if self.master in ready and not self.read():
                break
            self.look()
            self.send()
        while self.code is None and not self.ended():
            time.sleep(0.02)
        put(os.path.join(self.folder, "ended"), str(self.code))

    def ended(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            signalled = os.WIFSIGNALED(status)
            self.code = 128 + os.WTERMSIG(status) if signalled else os.WEXITSTATUS(status)
        return bool(pid)

    def read(self):
        try:
            data = os.read(self.master, 65536)
        except OSError:
            if sys.exc_info()[1].errno == errno.EIO:
                return False
            raise
        write_all(self.output, data)
        return bool(data)

    def look(self):
        try:
            hidden = not termios.tcgetattr(self.master)[3] & termios.ECHO
        except termios.error:
            return
        if hidden != self.hidden:
            self.hidden = hidden
            path = os.path.join(self.folder, "hidden")
            put(path, "yes") if hidden else os.unlink(path)

    def send(self):
        head, found, rest = self.waiting.partition(b"\n")
        if not found:
            return
        kind, length, number = head.decode().split()
        text, more = rest[:int(length)], rest[int(length):]
        if len(text) < int(length):
            return
        if (kind == "s") == self.hidden:
            # getpass throws away what came before it has switched the echo off.
            time.sleep(0.1)
            write_all(self.master, text)
        elif self.since is None:
            self.since = time.time()
            return
        elif time.time() - self.since < PATIENCE:
            return
        else:
            self.refused += 1
            given = os.path.join(self.folder, "given", number)
            os.rename(given, "%s.refused.%d" % (given, self.refused))
            put(os.path.join(self.folder, "refused"), str(self.refused))
        self.waiting, self.since = more, None

signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.mkdir(os.path.join(sys.argv[1], "claimed"))
mark(sys.argv[1], "supervisor", os.getpid())
Tool(sys.argv[1], sys.argv[2:]).live()
"""

STATE: Final = (
    r"""
dir=$1
"""
    + _WHO
    + r"""
cd -- "$dir" 2>/dev/null || { echo none; exit 0; }
if [ -e ended ]; then state=ended
elif alive supervisor || alive tool; then state=running
elif [ -e supervisor ] || [ -e claimed/given-up ]; then state=gone
else state=starting; fi
if [ "$state" = gone ]; then
  # It may have ended in between; its code is written a moment after that.
  sleep 0.3
  [ -e ended ] && state=ended
fi
echo "$state"
echo "code $(cat ended 2>/dev/null)"
echo "size $(stat -c %s output)"
echo "hidden $(cat hidden 2>/dev/null)"
echo "refused $(cat refused 2>/dev/null)"
echo "pid $(cut -d ' ' -f 1 tool 2>/dev/null)"
"""
)

GIVE: Final = r"""
LC_ALL=C; dir=$1; number=$2; length=$3; head=$4
value=$(cat; printf x); value=${value%x}
[ "${#value}" = "$length" ] || exit 10
trap '' HUP TERM INT PIPE
cd -- "$dir" || exit 11
[ -e ended ] && exit 11
if ! mkdir "given/$number" 2>/dev/null; then
  [ -e "given/$number/done" ] && exit 12
  exit 13
fi
[ -z "$head" ] || head="$head $((length + 1)) $number
"
printf '%s%s\n' "$head" "$value" 1<>answers || exit 13
[ ! -d "given/$number" ] || : > "given/$number/done"
"""
"""Exit codes: 10 the answer did not arrive whole (nothing sent), 11 the tool has ended, 12 this
answer was given already, 13 it was begun to be given and nothing tells whether it arrived."""

GIVE_UP: Final = r"""
mkdir -- "$1/claimed" 2>/dev/null && : > "$1/claimed/given-up"
[ -e "$1/claimed/given-up" ]
"""

STOP: Final = (
    r"""
dir=$1
"""
    + _WHO
    + r"""
if alive tool; then
  # It may end by itself just before the signal.
  kill -s TERM "$pid" 2>/dev/null || ! alive tool
fi
"""
)
