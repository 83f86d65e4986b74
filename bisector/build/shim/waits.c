/* As locks.c, but missing in 2.9-dev3 to dev5, which have the others: so these are a member of their
 * own. */
unsigned long pl_wait_new_long(const unsigned long *lock, const unsigned long ref)
{
	return *lock;
}

unsigned int pl_wait_new_int(const unsigned int *lock, const unsigned int ref)
{
	return *lock;
}
