/* As locks.c: missing in 2.8-dev2 to dev5. Where one thread is all, nothing waits for its end. */
void thread_harmless_end_sig(void)
{
}
