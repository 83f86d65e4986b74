"""Tests of binaries: how they are run, and the verdict on their output."""
