"""Reopening files that were published anew: docs/reopen-protocol.md. Linux, Python 3.8, no other module. MIT license.

    flag = holdfast_flag.Flag(path)         # the flag first, then the data
    configuration = read(path)
    while serving():
        if flag.stale:                      # one byte, no system call
            flag.renew()
            configuration = read(path)
        serve_one_request(configuration)
"""

import errno
import fcntl
import hashlib
import mmap
import os
import stat

__all__ = ["Flag", "flag_path", "raise_flag"]


def _own_folder(folder, make):
    """A directory that is this user's and nobody else may look into. Raises OSError if it is not."""
    if make:
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "not a directory of this user alone", folder)
    return folder


def _places():
    """The folders that lead to the flags in each place, the one of readers first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    own = "/tmp/holdfast-%d" % os.geteuid()
    places = []
    for base in [runtime] if runtime.startswith("/") else []:
        base = base.rstrip("/") or "/"
        places.append((base, os.path.join(base, "holdfast"), os.path.join(base, "holdfast", "v1")))
    places.append((own, os.path.join(own, "v1")))
    system = "/run/user/%d" % os.geteuid()
    places.append((system, system + "/holdfast", system + "/holdfast/v1"))
    return places


def _folder(folders, make):
    for folder in folders:
        # XDG_RUNTIME_DIR itself is made by whoever has set it.
        made = make and (folder != folders[0] or folder.startswith("/tmp/holdfast-"))
        _own_folder(folder, made)
    return folders[-1]


def _name(path):
    """All symbolic links followed; of a file that is not there yet, those of its folder."""
    given = os.fsencode(path)
    try:
        real = _real(given)
    except FileNotFoundError:
        if os.path.islink(given):
            raise
        real = os.path.join(_real(os.path.dirname(given) or b"."), os.path.basename(given))
    return hashlib.sha256(real).hexdigest()


def _real(path):
    # realpath does not mind what is not there.
    os.stat(path)
    return os.path.realpath(path)


def flag_path(path, make=False):
    """Where the flag of a path is. OSError if there cannot be one."""
    return os.path.join(_folder(_places()[0], make), _name(path))


def _open_flag(path, flags):
    flags |= os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    # Sticky: whoever cleans the place of old files leaves it (XDG Base Directory Specification).
    try:
        return os.open(path, flags | os.O_NONBLOCK, 0o1600)
    except BlockingIOError:
        # Somebody looks, by a lease, whether a reader is left, and lets go at once: this is waited for.
        return os.open(path, flags, 0o1600)


def _check(descriptor, path):
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "not a file of this user alone", path)
    return found


def _remove(descriptor, path):
    """Whoever has the lock removes; only what it has open."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    try:
        there = os.lstat(path)
        if os.path.samestat(there, os.fstat(descriptor)):
            os.unlink(path)
    except FileNotFoundError:
        pass
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class Flag:
    """To be made before the data is opened. OSError: there is no flag, and new versions will not be seen.

    Of EPERM the runtime directory is not this user's alone, of ENOSPC it is full.
    """

    def __init__(self, path):
        # Not abspath: it would take "link/.." for the folder of the link.
        path = os.fspath(path)
        self.path = os.path.join(os.getcwdb() if isinstance(path, bytes) else os.getcwd(), path)
        self._map = None
        self._descriptor = -1
        self._open()

    @property
    def stale(self):
        """The path may lead to a newer version than the one that was opened after the flag. Also while there is no flag."""
        return self._map is None or self._map[0] != 0

    def renew(self):
        """To be called before the data is opened again.

        OSError: there is no flag now; it stays stale, and may be renewed again.
        """
        self.close()
        self._open()

    def fileno(self):
        """For inotify, by /proc/self/fd/N."""
        return self._descriptor

    def close(self):
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _open(self):
        path = flag_path(self.path, make=True)
        for tries in range(9):
            self._descriptor = _open_flag(path, os.O_CREAT)
            try:
                _check(self._descriptor, path)
                # Byte 0 gets its page without being changed.
                os.pwrite(self._descriptor, b"\0", 1)
                self._map = mmap.mmap(self._descriptor, 1, mmap.MAP_SHARED, mmap.PROT_READ)
                linked = os.fstat(self._descriptor).st_nlink > 0
            except BaseException:
                self.close()
                raise
            # One that is being raised, or whose writer has died over it. In the end it is taken as it is: stale at the next check.
            if (linked and not self.stale) or tries == 8:
                return
            _remove(self._descriptor, path)
            self.close()


def raise_flag(path):
    """For a writer: to be called when a new version was renamed to the path. Tells its readers."""
    name = _name(path)
    refused = None
    for folders in dict.fromkeys(_places()):
        try:
            _raise(os.path.join(_folder(folders, False), name))
        except FileNotFoundError:
            continue
        except OSError as error:
            # Nobody has said that there are flags under /run/user.
            if not (error.errno == errno.EPERM and folders[0].startswith("/run/user/")):
                refused = error
    if refused:
        raise refused


def _raise(path):
    descriptor = _open_flag(path, 0)
    try:
        _check(descriptor, path)
        try:
            os.pwrite(descriptor, b"\1", 0)
        except OSError:
            # Without room for byte 0 nobody has mapped it: the removal tells.
            if os.fstat(descriptor).st_size > 0:
                raise
            _remove(descriptor, path)
            if os.fstat(descriptor).st_size > 0:
                os.pwrite(descriptor, b"\1", 0)
            return
        _remove(descriptor, path)
    finally:
        os.close(descriptor)
