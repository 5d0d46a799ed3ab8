"""Masking in two ways: by structure (what Kubernetes objects and key names say) and by the shape of text."""

import functools
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import yaml
from pydantic import JsonValue

from cloudwright.core.errors import Refused
from cloudwright.core.masking import shapes
from cloudwright.core.masking.encodings import decoded, variants
from cloudwright.core.masking.names import may_hold_secret, promises_secret
from cloudwright.core.redaction import Origin, Origins
from cloudwright.core.refs import ObjectRef

PLACEHOLDER = re.compile(r"\[masked:\d+:[0-9a-f]{12}\]")
"""`[masked:LENGTH:HASH]`, the hash salted with the session's key."""

_INNOCENT_VALUE = re.compile(
    r"(?i)^(?:|true|false|null|none|nil|yes|no|on|off|\d{1,3}|\*+|x{3,}|<[\w .-]*>|"
    r"\$\{?[\w.]+\}?|\$\([\w.]+\)?|\{\{.*\}\}|"
    r"\[?(?:redacted|filtered|hidden|masked)\]?|replace_?me|\d{2,5}/\S*|\d+:\d+|\.{0,2}/[\w./@:~-]*|~/\S*|"
    r"(?:vault|op|ssm|arn|secretref|ref\+\w+):\S*|file|env|line|unable|server|done|user|expired|invalid|missing|required|empty|unset|unknown|incorrect|wrong|failed|failure|error|"
    r"denied|rejected|revoked|rotated|refreshed|accepted|ok|success|succeeded|disabled|enabled|not|is|was|has|for|from|"
    r"and|or|the|a|an|to|of|in|string|str|secret|token|password|optional|default|changed|updated|created|deleted|"
    r"basic|bearer|kubernetes|aws-iam|plain|scram-sha-\d+|md5|trust|valid|verified|object|map|opaque|"
    r"authentication|authorization|mismatch|not-found|notfound|found|provided|present|absent|must|cannot|could|should|"
    r"kubernetes\.io/[\w.-]+|bootstrap\.kubernetes\.io/\w+|helm\.sh/[\w./-]+)[.,;:!?]*$"
)
_SHORTEST_LEARNED = 5
_PASSES = 4
_LONGEST_YAML = 65_536
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SessionRedactor:
    """Implements `core.redaction.Redactor` with placeholders salted by a key; originals stay in memory only."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._originals: dict[str, str] = {}
        self._origins: dict[str, Origin] = {}
        self._variants: dict[str, str] = {}
        self._lock = threading.Lock()

    def placeholder(self, secret: str) -> str:
        """The placeholder of this secret in this session."""
        mac = hmac.new(self._key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:12]
        return f"[masked:{len(secret)}:{mac}]"

    def learn(self, secret: str) -> str:
        """Mask this exact string and its encodings from now on; very short ones only where they were found."""
        mark = self.placeholder(secret)
        with self._lock:
            if mark not in self._originals:
                self._originals[mark] = secret
                if _worth_learning(secret):
                    for variant in variants(secret):
                        self._variants.setdefault(variant, mark)
        return mark

    def text(self, text: str) -> str:
        """`text` with every secret replaced; masking again changes nothing.

        Colours and invisible characters are dropped only where they would hide a secret.
        """
        visible = shapes.INVISIBLE.sub("", text)
        masked = self._until_stable(visible)
        return text if masked == visible else masked

    def _until_stable(self, text: str) -> str:
        self._learn_structure(text)
        for _ in range(_PASSES):
            masked = self._once(text)
            if masked == text:
                break
            text = masked
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with secrets replaced; see the contract."""
        return self._walk(value, "", None, ())

    def origins(self, value: JsonValue) -> Origins:
        """Where the placeholders in `value` can be read again."""
        marks = set(PLACEHOLDER.findall(json.dumps(value)))
        return {mark: self._origins[mark] for mark in sorted(marks) if mark in self._origins}

    def restore(self, value: JsonValue, origins: Origins, read: Callable[[Origin], str | None]) -> JsonValue:
        """`value` with originals in place of placeholders."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda found: self._original(found.group(), origins, read), value)
        if isinstance(value, list):
            return [self.restore(item, origins, read) for item in value]
        if isinstance(value, dict):
            return {key: self.restore(item, origins, read) for key, item in value.items()}
        return value

    def _original(self, mark: str, origins: Origins, read: Callable[[Origin], str | None]) -> str:
        known = self._originals.get(mark)
        if known is not None and mark not in self._origins and mark not in origins:
            return known
        origin = origins.get(mark) or self._origins.get(mark)
        if origin is None:
            raise Refused(
                f"The secret behind {mark} is not kept on disk and this process never saw it.",
                hint="Give the value again in a new request.",
            )
        present = read(origin)
        if present is None or self.placeholder(present) != mark:
            raise Refused(
                f"The secret behind {mark} can no longer be read at {origin.ref} {'.'.join(map(str, origin.path))}:"
                " it changed, or it belongs to another session.",
                hint="Propose the change anew.",
            )
        return present

    def _mask(self, secret: str, origin: Origin | None = None) -> str:
        mark = self.learn(secret)
        if origin is not None:
            self._origins.setdefault(mark, origin)
        return mark

    def _once(self, text: str) -> str:
        text = self._known(text)
        if not shapes.TRIGGER.search(text):
            return text
        text = self._by_shape(text)
        text = shapes.AWS_SECRET.sub(
            lambda found: self._replace(found) if shapes.looks_random(found.group("secret")) else found.group(), text
        )
        text = shapes.ENCODED.sub(self._encoded, text)
        return self._known(self._percent_encoded(text))

    def _by_shape(self, text: str) -> str:
        text = self._known(text)
        for pattern in shapes.SHAPES:
            text = pattern.sub(self._replace, text)
        for pattern in (shapes.FLAG, shapes.XML_VALUE, shapes.NAMED_VALUE, shapes.CONFIG_LINE, shapes.ASSIGNMENT):
            text = _outside_placeholders(text, functools.partial(pattern.sub, self._named))
        if "alue" in text or "parsing" in text:
            text = "\n".join(self._quoted_values(line) for line in text.split("\n"))
        return text

    def _quoted_values(self, line: str) -> str:
        if not shapes.QUOTED_VALUE.search(line):
            return line
        names = (found.group() for found in shapes.IDENTIFIER.finditer(line))
        if any(promises_secret(name) for name in names if name[0] in "\"'[(" or name.isupper() or "_" in name):
            return shapes.QUOTED_VALUE.sub(self._replace, line)
        return line

    def _learn_structure(self, text: str) -> None:
        """Learn what a YAML document in `text` (a configuration file, a kubeconfig) holds under telling names."""
        structured = ("\n" in text or "[" in text) and (": " in text or ":\n" in text)
        if not structured or len(text) > _LONGEST_YAML or not shapes.TRIGGER.search(text):
            return
        try:
            documents = list(yaml.load_all(text, Loader=_Loader))
        except (yaml.YAMLError, ValueError, RecursionError):
            return
        for document in documents:
            if isinstance(document, dict):
                self._walk(_as_json(document), "", None, ())

    def _known(self, text: str) -> str:
        for variant, mark in list(self._variants.items()):
            if variant in text:
                text = _outside_placeholders(text, functools.partial(_swap, variant, mark))
        return text

    def _replace(self, found: re.Match[str]) -> str:
        secret = found.group("secret")
        bare = _unquoted(secret)
        if PLACEHOLDER.search(secret) or not bare or _INNOCENT_VALUE.match(bare):
            return found.group()
        start, end = (position - found.start() for position in found.span("secret"))
        whole = found.group()
        return whole[:start] + secret.replace(bare, self._mask(bare)) + whole[end:]

    def _named(self, found: re.Match[str]) -> str:
        """Mask the value of a name that promises a secret; look for names inside the value of any other."""
        groups = found.groupdict()
        name = (groups["name"] or groups.get("constant") or "").strip("\\\"'").lstrip("-")
        secret = found.group("secret")
        if not promises_secret(name) or _is_prose(found, name):
            if may_hold_secret(name) and shapes.looks_like_key(secret.strip("\"'")):
                return self._replace(found)
            inner = shapes.ASSIGNMENT.sub(self._named, secret)
            return found.group() if inner == secret else found.group()[: -len(secret)] + inner
        if secret[0] in "|>" and "\n" in secret:
            return found.group()[: -len(secret)] + self._block(secret)
        return self._replace(found)

    def _block(self, block: str) -> str:
        head, _, rest = block.partition("\n")
        body = rest.strip()
        if not body or PLACEHOLDER.search(body):
            return block
        return head + "\n" + rest.replace(body, self._mask(body))

    def _encoded(self, found: re.Match[str]) -> str:
        word = found.group("secret")
        plain = decoded(word)
        if plain is None or PLACEHOLDER.search(plain) or self._by_shape(plain) == plain:
            return found.group()
        return self._mask(word)

    def _percent_encoded(self, text: str) -> str:
        if "%" not in text:
            return text
        return re.sub(r"[^\s\"'<>&]*%[0-9A-Fa-f]{2}[^\s\"'<>&]*", self._percent_word, text)

    def _percent_word(self, found: re.Match[str]) -> str:
        word = found.group()
        plain = unquote(word)
        if PLACEHOLDER.search(word) or plain == word or self._by_shape(plain) == plain:
            return word
        return self._mask(word)

    def _walk(self, value: JsonValue, key: str, ref: ObjectRef | None, path: tuple[str | int, ...]) -> JsonValue:
        if isinstance(value, dict):
            return self._walk_dict(value, key, ref, path)
        if isinstance(value, list):
            keys = [
                key if index == 0 else _flag_before(value[index - 1], item) or key for index, item in enumerate(value)
            ]
            return [self._walk(item, keys[index], ref, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str):
            return self._walk_text(value, key, ref, path)
        return value

    def _walk_text(self, value: str, key: str, ref: ObjectRef | None, path: tuple[str | int, ...]) -> str:
        origin = Origin(ref=ref, path=path) if ref else None
        telling = promises_secret(key) or (may_hold_secret(key) and shapes.looks_like_key(value))
        if telling and not _INNOCENT_VALUE.match(value) and not PLACEHOLDER.fullmatch(value):
            return self.text(value) if PLACEHOLDER.search(value) else self._mask(value, origin)
        as_json = self._json_text(value)
        masked = self.text(value) if as_json is None else as_json
        if origin is not None and PLACEHOLDER.fullmatch(masked):
            self._origins.setdefault(masked, origin)
        return masked

    def _json_text(self, value: str) -> str | None:
        """A string that holds a JSON document (such as the last applied configuration), masked by structure."""
        if not value.lstrip().startswith(("{", "[")) or len(value) < 8:
            return None
        try:
            inner: JsonValue = json.loads(value)
        except ValueError:
            return None
        masked = self.value(inner)
        return self.text(value) if masked == inner else self.text(json.dumps(masked, ensure_ascii=False))

    def _walk_dict(
        self, value: dict[str, JsonValue], key: str, ref: ObjectRef | None, path: tuple[str | int, ...]
    ) -> JsonValue:
        found = _object_ref(value)
        if found is not None:
            ref, path = found, ()
        out: dict[str, JsonValue] = {}
        for name, item in value.items():
            here = (*path, name)
            if value.get("kind") == "Secret" and name in ("data", "stringData") and isinstance(item, dict):
                out[name] = {entry: self._secret_entry(text, ref, (*here, entry)) for entry, text in item.items()}
            elif name == "value" and isinstance(value.get("name"), str) and isinstance(item, str):
                out[name] = self._walk_text(item, str(value["name"]), ref, here)
            else:
                out[self.text(name)] = self._walk(item, _key_of(name), ref, here)
        return out

    def _secret_entry(self, item: JsonValue, ref: ObjectRef | None, path: tuple[str | int, ...]) -> JsonValue:
        if not isinstance(item, str) or PLACEHOLDER.fullmatch(item):
            return item
        if path[-2] == "data":
            plain = decoded(item)
            if plain:
                self.learn(plain)
        return self._mask(item, Origin(ref=ref, path=path) if ref else None)


def _is_prose(found: re.Match[str], name: str) -> bool:
    """Whether `name: …` begins a sentence (or a test's verdict) rather than giving a value."""
    if found.groupdict().get("sep") != ":" or not found.string[found.start("secret") - 1].isspace():
        return False
    return name == "PASS" or bool(shapes.PROSE.match(found.string, found.start("secret")))


def _worth_learning(secret: str) -> bool:
    """Whether a secret is masked wherever it shows up: a short plain word would mask innocent names."""
    is_word = secret.isalpha() and secret.islower() and len(secret) < 9
    return len(secret) >= _SHORTEST_LEARNED and not is_word and not _INNOCENT_VALUE.match(secret)


def _flag_before(flag: JsonValue, item: JsonValue) -> str:
    """The name of a flag whose value is the next item of a list of arguments."""
    if not isinstance(flag, str) or not flag.startswith("-") or "=" in flag or " " in flag:
        return ""
    return "" if isinstance(item, str) and item.startswith("-") else flag.lstrip("-")


def _as_json(value: object) -> JsonValue:
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _unquoted(secret: str) -> str:
    bare = secret.removeprefix('\\"').removesuffix('\\"')
    if bare.startswith("<%="):
        bare = bare.removeprefix("<%=").removesuffix("%>").strip()
    if len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "\"'":
        return bare[1:-1]
    return bare


def _key_of(name: str) -> str:
    """The name that speaks for a value; Kubernetes' references to Secrets name no value."""
    if name in ("secretKeyRef", "configMapKeyRef", "secretRef", "valueFrom", "imagePullSecrets", "secrets"):
        return ""
    return name


def _object_ref(value: dict[str, JsonValue]) -> ObjectRef | None:
    metadata = value.get("metadata")
    if not isinstance(value.get("kind"), str) or not isinstance(metadata, dict):
        return None
    if not isinstance(metadata.get("name"), str):
        return None
    return ObjectRef(
        kind=str(value["kind"]),
        api_version=str(value.get("apiVersion") or ""),
        name=str(metadata["name"]),
        namespace=str(metadata.get("namespace") or ""),
        uid=str(metadata.get("uid") or ""),
    )


def _swap(old: str, new: str, text: str) -> str:
    return text.replace(old, new)


def _outside_placeholders(text: str, change: Callable[[str], str]) -> str:
    """`change` applied to whole text, unless a placeholder stands in it: then to the parts between placeholders."""
    return "".join(_parts(text, change))


def _parts(text: str, change: Callable[[str], str]) -> Iterator[str]:
    end = 0
    for found in PLACEHOLDER.finditer(text):
        yield change(text[end : found.start()])
        yield found.group()
        end = found.end()
    yield change(text[end:])
