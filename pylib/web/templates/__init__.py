"""The pages' templates. A package of its own, so that only who imports it depends on them."""
