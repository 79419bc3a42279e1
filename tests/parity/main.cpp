// Runs every case of a golden folder: PIXNERD_GOLDEN, or tests/golden. Prints a line a case; fails if one does.
#include <cstdlib>
#include <iostream>

#include "tests/parity/parity.h"

int main() {
  const char* folder = std::getenv("PIXNERD_GOLDEN");
  return pixnerd::parity::run_folder(folder != nullptr ? folder : "tests/golden", std::cout) ? 0 : 1;
}
