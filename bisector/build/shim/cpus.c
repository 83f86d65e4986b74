/* As locks.c: missing from 3.4-dev to 3.4.0 without threads. */
int thread_cpus_enabled_at_boot = 1;
