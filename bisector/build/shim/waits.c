/* As locks.c, but missing at other revisions, and not alone in the file that defines them: so these
 * have a member of their own. */
unsigned long pl_wait_new_long(const unsigned long *lock, const unsigned long ref)
{
	return *lock;
}

unsigned int pl_wait_new_int(const unsigned int *lock, const unsigned int ref)
{
	return *lock;
}
