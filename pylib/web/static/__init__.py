"""What a browser loads: style, script, icon. A package of its own, so that only who imports it depends on them."""
