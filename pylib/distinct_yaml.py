"""YAML that a person writes: a key that is there twice is refused, where PyYAML lets the last one count."""

from typing import Any

import yaml

_NO_KEYS = {"tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"}
"""`<<` and `=`, which PyYAML takes by themselves."""


class DistinctLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which raises ConstructorError for such a key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node; raises ConstructorError."""
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag in _NO_KEYS:
                continue
            key = self.construct_object(key_node)
            if key in seen:
                said = f"{key!r} is there twice; keep one of them"
                raise yaml.constructor.ConstructorError(None, None, said, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load(text: str) -> Any:
    """The content of a document; raises yaml.YAMLError with the place."""
    return yaml.load(text, Loader=DistinctLoader)  # noqa: S506 (safe: see above)
