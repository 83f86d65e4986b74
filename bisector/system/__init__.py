"""This machine: processes, the sandbox, the workspace, its tools."""
