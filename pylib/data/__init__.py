"""Data sets: reading a folder, checking it, splitting it, shards, the tf.data input, the built-in sample."""
