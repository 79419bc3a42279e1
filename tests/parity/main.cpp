// Runs every case of a golden folder: PIXNERD_GOLDEN, or tests/golden; networks on PIXNERD_DEVICE, or the CPU. Prints a
// line a case; fails if one does.
#include <cstdlib>
#include <iostream>

#include "models/device.h"
#include "tests/parity/parity.h"

int main() {
  const char* folder = std::getenv("PIXNERD_GOLDEN");
  const char* device = std::getenv("PIXNERD_DEVICE");
  try {
    const auto where = pixnerd::models::device_of(device != nullptr ? device : "cpu");
    return pixnerd::parity::run_folder(folder != nullptr ? folder : "tests/golden", std::cout, where) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
