"""From a tree to a binary: toolchains, build trees, the cache of binaries."""
