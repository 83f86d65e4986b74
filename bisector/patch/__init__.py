"""Patches: read, applied to trees, cherry-picked onto branches, written as mails."""
