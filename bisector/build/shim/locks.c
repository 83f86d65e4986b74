/* Symbols that some revisions use and do not define without threads (gcc fails to link them, too).
 * In an archive, so that a member is taken only where it is missing. One thread never waits. */
unsigned long pl_wait_unlock_long(const unsigned long *lock, const unsigned long mask)
{
	return *lock;
}

unsigned int pl_wait_unlock_int(const unsigned int *lock, const unsigned int mask)
{
	return *lock;
}
