"""Tables of numbers: read, split, a linear regression learned and judged; the smoke test."""
