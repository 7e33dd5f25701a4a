/*
 * Loads a library: a holder of class "mapped".
 *   dlopener FILE
 * Says READY. Ends with standard input.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  if (dlopen(argv[1], RTLD_NOW) == NULL) { fprintf(stderr, "%s\n", dlerror()); return 1; }
  puts("READY");
  fflush(stdout);
  while (getchar() != EOF) {}
  return 0;
}
