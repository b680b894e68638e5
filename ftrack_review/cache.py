"""Caches and the making of keys for them, for use with a session or on their own.

A session keeps its entities in an identity map. A cache given to it comes behind that: it can keep entities on
disk, or only some of them. All caches here may be shared between threads as far as the dictionary or file
below them may.
"""

from __future__ import annotations

import abc
import contextlib
import copy
import functools
import re
import threading
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, TypeVar

__all__ = [
    "Cache",
    "FileCache",
    "KeyMaker",
    "LayeredCache",
    "Memoiser",
    "MemoryCache",
    "ObjectKeyMaker",
    "ProxyCache",
    "SerialisedCache",
    "StringKeyMaker",
    "memoise",
    "memoise_decorator",
    "memoiser",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Cache(abc.ABC):
    """The interface of caches: values by key."""

    @abc.abstractmethod
    def get(self, key: Any) -> Any:
        """Return the value of *key*. Raise :exc:`KeyError` if there is none."""

    @abc.abstractmethod
    def set(self, key: Any, value: Any) -> None:
        """Keep *value* for *key*."""

    @abc.abstractmethod
    def remove(self, key: Any) -> None:
        """Forget *key*. Raise :exc:`KeyError` if it is not here."""

    def keys(self) -> List[Any]:
        """Return the keys. Raise :exc:`NotImplementedError` where a cache cannot tell them."""
        raise NotImplementedError(f"{type(self).__name__} cannot list its keys.")

    def values(self) -> List[Any]:
        """Return the values of the keys that are here."""
        values = []
        for key in self.keys():
            try:
                values.append(self.get(key))
            except KeyError:
                continue
        return values

    def clear(self, pattern: Optional[str] = None) -> None:
        """Forget all keys, or those in which the regular expression *pattern* is found."""
        expression = re.compile(pattern) if pattern is not None else None
        for key in list(self.keys()):
            if expression is not None and not expression.search(key):
                continue
            with contextlib.suppress(KeyError):
                self.remove(key)


class ProxyCache(Cache):
    """Pass everything on to another cache."""

    def __init__(self, proxied: Cache) -> None:
        """Initialise around the cache *proxied*."""
        self.proxied = proxied

    def get(self, key: Any) -> Any:
        """Return the value of *key*. Raise :exc:`KeyError` if there is none."""
        return self.proxied.get(key)

    def set(self, key: Any, value: Any) -> None:
        """Keep *value* for *key*."""
        self.proxied.set(key, value)

    def remove(self, key: Any) -> None:
        """Forget *key*. Raise :exc:`KeyError` if it is not here."""
        self.proxied.remove(key)

    def keys(self) -> List[Any]:
        """Return the keys."""
        return self.proxied.keys()


class LayeredCache(Cache):
    """Several caches, asked in their order. What a later one has is put into those before it."""

    def __init__(self, caches: Iterable[Cache]) -> None:
        """Initialise with *caches*, the fastest first."""
        self.caches = list(caches)

    def get(self, key: Any) -> Any:
        """Return the value of *key* from the first cache that has it. Raise :exc:`KeyError` if none has."""
        for index, cache in enumerate(self.caches):
            try:
                value = cache.get(key)
            except KeyError:
                continue
            for earlier in self.caches[:index]:
                earlier.set(key, value)
            return value
        raise KeyError(key)

    def set(self, key: Any, value: Any) -> None:
        """Keep *value* for *key* in every cache."""
        for cache in self.caches:
            cache.set(key, value)

    def remove(self, key: Any) -> None:
        """Forget *key* in every cache. Raise :exc:`KeyError` if none has it."""
        removed = False
        for cache in self.caches:
            try:
                cache.remove(key)
            except KeyError:
                continue
            removed = True
        if not removed:
            raise KeyError(key)

    def keys(self) -> List[Any]:
        """Return the keys of all caches, each once."""
        return list(dict.fromkeys(key for cache in self.caches for key in cache.keys()))  # noqa: SIM118 - a cache is no dictionary.


class MemoryCache(Cache):
    """Keep values in memory."""

    def __init__(self) -> None:
        """Initialise empty."""
        self._cache: Dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        """Return the value of *key*. Raise :exc:`KeyError` if there is none."""
        return self._cache[key]

    def set(self, key: Any, value: Any) -> None:
        """Keep *value* for *key*."""
        self._cache[key] = value

    def remove(self, key: Any) -> None:
        """Forget *key*. Raise :exc:`KeyError` if it is not here."""
        del self._cache[key]

    def keys(self) -> List[Any]:
        """Return the keys."""
        return list(self._cache)


class FileCache(Cache):
    """Keep text in a file, by the :mod:`dbm` module of Python. Keys and values are text."""

    def __init__(self, path: str) -> None:
        """Initialise with the *path* of the file, to which the kind of database may add an extension."""
        self.path = path
        self._lock = threading.RLock()

    @contextlib.contextmanager
    def _database(self) -> Iterator[Any]:
        """Give the opened database, which is closed again at the end."""
        import dbm

        with self._lock:
            database = dbm.open(self.path, "c")  # noqa: SIM115 - not all kinds are context managers.
            try:
                yield database
            finally:
                database.close()

    def get(self, key: Any) -> Any:
        """Return the value of *key*. Raise :exc:`KeyError` if there is none."""
        with self._database() as database:
            value = database[_encode(key)]
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value

    def set(self, key: Any, value: Any) -> None:
        """Keep *value*, a text or bytes, for *key*. Raise :exc:`TypeError` for another kind of value."""
        if not isinstance(value, (str, bytes)):
            raise TypeError(
                f"A file holds text or bytes, not {type(value).__name__}. Wrap the cache in a SerialisedCache."
            )
        with self._database() as database:
            database[_encode(key)] = _encode(value)

    def remove(self, key: Any) -> None:
        """Forget *key*. Raise :exc:`KeyError` if it is not here."""
        with self._database() as database:
            del database[_encode(key)]

    def keys(self) -> List[Any]:
        """Return the keys."""
        with self._database() as database:
            keys = database.keys()
            return [key.decode("utf-8") if isinstance(key, bytes) else key for key in keys]


def _encode(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8")


class SerialisedCache(ProxyCache):
    """Encode values before another cache keeps them, and decode them when it gives them back."""

    def __init__(
        self,
        proxied: Cache,
        encode: Optional[Callable[[Any], Any]] = None,
        decode: Optional[Callable[[Any], Any]] = None,
    ) -> None:
        """Initialise around the cache *proxied* with the functions *encode* and *decode*."""
        super().__init__(proxied)
        self.encode = encode
        self.decode = decode

    def get(self, key: Any) -> Any:
        """Return the decoded value of *key*. Raise :exc:`KeyError` if there is none."""
        value = super().get(key)
        return value if self.decode is None else self.decode(value)

    def set(self, key: Any, value: Any) -> None:
        """Keep *value*, encoded, for *key*."""
        super().set(key, value if self.encode is None else self.encode(value))


class KeyMaker(abc.ABC):
    """Make one key out of several items."""

    def __init__(self) -> None:
        """Initialise with nothing between the items."""
        self.item_separator: Any = ""

    def key(self, *items: Any) -> Any:
        """Return the key for *items*."""
        return self.item_separator.join([self._key(item) for item in items])

    @abc.abstractmethod
    def _key(self, obj: Any) -> Any:
        """Return the part of a key that *obj* makes."""


class StringKeyMaker(KeyMaker):
    """Make keys of what items look like as text."""

    def _key(self, obj: Any) -> str:
        """Return *obj* as text."""
        return str(obj)


class ObjectKeyMaker(KeyMaker):
    """Make keys of what items hold: equal content gives an equal key, also of mappings in another order."""

    def __init__(self) -> None:
        """Initialise with the marks that part the content of keys."""
        super().__init__()
        self.item_separator = b"\0"
        self.mapping_identifier = b"\1"
        self.mapping_pair_separator = b"\2"
        self.iterable_identifier = b"\3"
        self.name_identifier = b"\4"

    def _key(self, item: Any) -> bytes:
        """Return the part of a key that *item* makes."""
        return self.__key(item)

    def __key(self, item: Any) -> bytes:
        # A fixed protocol, as keys may outlive the version of Python.
        import inspect
        import pickle

        if isinstance(item, (str, bytes)):
            return pickle.dumps(item, 2)
        if hasattr(type(item), "primary_key_attributes"):
            # An entity is who it is: its values would be fetched, and refer to each other without end.
            from ftrack_review import inspection

            entity_type, key = inspection.identity(item)
            return self.__name(entity_type, *map(str, key))
        if isinstance(item, Mapping):
            keys = [(self.__key(key), self.__key(value)) for key, value in item.items()]
            pairs = [key + self.mapping_pair_separator + value for key, value in sorted(keys)]
            return self.mapping_identifier + self.item_separator.join(pairs) + self.mapping_identifier
        if inspect.ismethod(item):
            owner = item.__self__
            cls = owner if inspect.isclass(owner) else type(owner)
            return self.__name(item.__name__, cls.__name__, item.__module__)
        if inspect.isfunction(item) or inspect.isclass(item):
            return self.__name(item.__name__, item.__module__)
        if inspect.isbuiltin(item):
            return self.__name(item.__name__)
        if isinstance(item, (set, frozenset)):
            return self.__iterable(sorted(map(self.__key, item)))
        if isinstance(item, Iterable) and (isinstance(item, Sequence) or not hasattr(item, "__next__")):
            return self.__iterable([self.__key(part) for part in item])
        return pickle.dumps(item, 2)

    def __iterable(self, parts: Iterable[bytes]) -> bytes:
        return self.iterable_identifier + self.item_separator.join(parts) + self.iterable_identifier

    def __name(self, *names: str) -> bytes:
        return self.name_identifier + self.item_separator.join(name.encode() for name in names)


class Memoiser:
    """Remember the results of functions."""

    def __init__(
        self,
        cache: Optional[Cache] = None,
        key_maker: Optional[KeyMaker] = None,
        return_copies: bool = True,
    ) -> None:
        """Initialise with the *cache* for results, a :class:`MemoryCache` unless given.

        *key_maker* makes the keys, an :class:`ObjectKeyMaker` unless given. With *return_copies* a caller gets a
        deep copy and cannot change what is remembered.
        """
        self.cache = MemoryCache() if cache is None else cache
        self.key_maker = ObjectKeyMaker() if key_maker is None else key_maker
        self.return_copies = return_copies

    def call(
        self,
        function: Callable[..., Any],
        args: Optional[Sequence[Any]] = None,
        kw: Optional[Mapping[str, Any]] = None,
    ) -> Any:
        """Return what *function* returns for *args* and *kw*, remembered or called now."""
        args = () if args is None else tuple(args)
        kw = {} if kw is None else dict(kw)
        import inspect

        # The same arguments count as the same, whether they are named or not.
        try:
            bound = inspect.signature(function).bind(*args, **kw)
        except ValueError:
            arguments: Any = {"args": args, "kw": kw}
        else:
            bound.apply_defaults()
            arguments = dict(bound.arguments)
        key = self.key_maker.key(function, arguments)
        try:
            value = self.cache.get(key)
        except KeyError:
            value = function(*args, **kw)
            self.cache.set(key, value)
        return copy.deepcopy(value) if self.return_copies else value


def memoise_decorator(memoiser: Memoiser) -> Callable[[_Function], _Function]:
    """Return a decorator that makes *memoiser* remember the results of a function."""

    def outer(function: _Function) -> _Function:
        @functools.wraps(function)
        def inner(*args: Any, **kw: Any) -> Any:
            return memoiser.call(function, args, kw)

        return inner  # type: ignore[return-value]

    return outer


#: The memoiser of :func:`memoise`.
memoiser = Memoiser()


def memoise(function: _Function) -> _Function:
    """Decorate *function* so that its results are remembered."""
    return memoise_decorator(memoiser)(function)
