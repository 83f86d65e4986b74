/* As locks.c, missing in 2.9-dev3 and dev4: other revisions than those which miss the locks, so these
 * have a member of their own. */
unsigned long pl_wait_new_long(const unsigned long *lock, const unsigned long ref)
{
	return *lock;
}

unsigned int pl_wait_new_int(const unsigned int *lock, const unsigned int ref)
{
	return *lock;
}
