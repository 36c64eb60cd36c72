"""A file system of Beam's that keeps files in memory, as object stores keep objects.

Its paths begin with memory://; it has no folders, and a file is there when closed.
"""

import io

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystem import FileSystem

FILES: dict[str, bytes] = {}


class _Written(io.BytesIO):
    def __init__(self, path):
        super().__init__()
        self._path = path

    def close(self):
        if not self.closed:
            FILES[self._path] = self.getvalue()
        super().close()


class MemoryFiles(FileSystem):
    """What Beam's FileSystems calls for paths of memory://."""

    @classmethod
    def scheme(cls):
        return "memory"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        pass  # There are no folders.

    def has_dirs(self):
        return False

    def _list(self, prefix):
        for path in [path for path in FILES if path.startswith(prefix)]:
            yield self.metadata(path)

    def create(self, path, mime_type=None, compression_type=None):
        return _Written(path)

    def open(self, path, mime_type=None, compression_type=None):
        if path not in FILES:
            raise OSError(f"no object {path}")
        return io.BytesIO(FILES[path])

    def copy(self, sources, destinations):
        for source, destination in zip(sources, destinations, strict=True):
            FILES[destination] = FILES[source]

    def rename(self, sources, destinations):
        self.copy(sources, destinations)
        self.delete(sources)

    def exists(self, path):
        return path in FILES

    def size(self, path):
        return len(FILES[path])

    def last_updated(self, path):
        return 0

    def checksum(self, path):
        return str(hash(FILES[path]))

    def metadata(self, path):
        return FileMetadata(path, len(FILES[path]), 0)

    def delete(self, paths):
        for path in paths:
            for each in [each for each in FILES if f"{each}/".startswith(f"{path}/")]:
                del FILES[each]
