"""The features of images by a frozen network: computed once, kept in a store, read by every head."""
