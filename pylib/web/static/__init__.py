"""What a browser loads: style, script, icon. A package, so that only who imports it depends on them."""
