/* HAProxy's mt_list.h wants it for tcc, but tcc's own has an __atomic_exchange of another shape;
 * what is needed is in compat.h. */
