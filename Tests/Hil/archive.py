"""Archives in the format `newc`, of which Linux makes its first file system."""

import stat


def entry(name, mode, content, number):
    """One file or folder. Documentation/driver-api/early-userspace/buffer-format.rst of Linux has the fields."""
    path = name.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    return padded(head) + padded(content)


def padded(content):
    return content + bytes(-len(content) % 4)


def archive(files):
    """An archive of `files`, a content for each path; all of them may be executed. Folders come by themselves."""
    folders = sorted({"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)})
    entries = [(folder, stat.S_IFDIR | 0o755, b"") for folder in folders]
    entries += [(path, stat.S_IFREG | 0o755, content) for path, content in files.items()]
    # The console of the first program, before it mounts anything.
    whole = [entry(*item, number) for number, item in enumerate(entries, 1)]
    return b"".join(whole) + entry("TRAILER!!!", 0, b"", 0)
