"""How the small pachd refuses, in the words and over the lines that pachd 2.12 has for it."""

import grpc

PANIC = """panic: runtime error: invalid memory address or nil pointer dereference
goroutine 4711 [running]:
github.com/pachyderm/pachyderm/v2/src/internal/middleware/recovery.UnaryServerInterceptor.func1()
\t/src/internal/middleware/recovery/recovery.go:24 +0x7c
panic({0x3a5c2a0?, 0x6d1b7f0?})
\t/usr/local/go/src/runtime/panic.go:770 +0x132
github.com/pachyderm/pachyderm/v2/src/server/pfs.ErrBranchNotFound.Error({0x0?})
\t/src/server/pfs/pfs.go:170 +0x2b"""


class RefusedError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def unknown(message):
    return RefusedError(grpc.StatusCode.UNKNOWN, message)


def not_found(message):
    """As pachd joins errors: one a line."""
    return RefusedError(grpc.StatusCode.NOT_FOUND, f"pick commit tx: sql: no rows in result set\n{message}")


def repo_key(repo):
    return (repo.project.name or "default", repo.name)


def named(repo):
    return "/".join(repo_key(repo))
