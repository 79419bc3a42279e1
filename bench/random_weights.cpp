// random_weights CONFIGURATION FILE: weights that nobody trained, for benchmarks of the whole program.
#include <cstdio>

#include "bench/weights_file.h"

int main(int argc, char** argv) {
  using namespace pixnerd;
  if (argc != 3 || !config::builtin(argv[1])) {
    std::fprintf(stderr, "usage: random_weights CONFIGURATION FILE\n");
    return 2;
  }
  bench::write_random_weights(bench::builtin_description(argv[1]), models::Precision::bfloat16, argv[2]);
}
