"""What a model still says of changed images: changed against it, or as cameras and networks do."""
