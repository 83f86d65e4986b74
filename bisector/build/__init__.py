"""Building HAProxy: toolchains, build trees, the cache of binaries."""
