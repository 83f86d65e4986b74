/* src/fix.c compares these versions by address (istissame()), which needs a compiler that merges
 * equal string literals; tcc does not. */
#include_next <haproxy/fix-t.h>
#ifndef SHIM_FIX_T_H
#define SHIM_FIX_T_H
static const char shim_fix40[] = "FIX.4.0", shim_fix41[] = "FIX.4.1", shim_fix42[] = "FIX.4.2",
                  shim_fix43[] = "FIX.4.3", shim_fix44[] = "FIX.4.4", shim_fix50[] = "FIXT.1.1";
#define SHIM_IST(a) ((struct ist){ .ptr = (char *)(a), .len = sizeof(a) - 1 })
#undef FIX_4_0
#undef FIX_4_1
#undef FIX_4_2
#undef FIX_4_3
#undef FIX_4_4
#undef FIX_5_0
#define FIX_4_0 SHIM_IST(shim_fix40)
#define FIX_4_1 SHIM_IST(shim_fix41)
#define FIX_4_2 SHIM_IST(shim_fix42)
#define FIX_4_3 SHIM_IST(shim_fix43)
#define FIX_4_4 SHIM_IST(shim_fix44)
#define FIX_5_0 SHIM_IST(shim_fix50)
#endif
