/* OpenBLAS's number of threads, which is the whole process's. */
#ifndef DC3_SELECT_BLAS_H
#define DC3_SELECT_BLAS_H

/* To the end of the enclosing block OpenBLAS runs on one thread, so that sums do not depend on how many there
 * are. Selections on several threads may overlap: the last that ends puts back what the first found. Stands
 * in a DC3_CALL_SCOPE, which puts back OpenMP's number of threads: that is one too meanwhile, since OpenBLAS
 * goes by it where it was built for OpenMP. */
#define DC3_BLAS_SCOPE()                                                                                     \
    __attribute__((cleanup(dc3_blas_leave), unused)) const int dc3_blas_scope = dc3_blas_enter()
/* For the macro. */
int dc3_blas_enter(void);
void dc3_blas_leave(const int *scope);

#endif
