// The C++ half of numpy_test.py: npz_program FILE PICTURES HEIGHT WIDTH writes pictures of the classes 0, 1, ...; byte
// k of picture i is (7 i + k) modulo 251.
#include <cstdio>
#include <exception>
#include <string>

#include "sample/output.h"

namespace pixnerd::sample {
namespace {

void write(const std::string& path, const OutputPlan& plan) {
  const auto output = open_output(path, plan);
  image::Image picture = image::blank(static_cast<int>(plan.width), static_cast<int>(plan.height));
  for (int64_t i = 0; i < plan.pictures; ++i) {
    for (size_t k = 0; k < picture.rgb.size(); ++k) {
      picture.rgb[k] = static_cast<uint8_t>((7 * static_cast<size_t>(i) + k) % 251);
    }
    output->put(i, picture);
  }
  output->finish();
}

}  // namespace
}  // namespace pixnerd::sample

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s FILE PICTURES HEIGHT WIDTH\n", argv[0]);
    return 2;
  }
  try {
    pixnerd::sample::OutputPlan plan{
        .pictures = std::stoll(argv[2]), .width = std::stoll(argv[4]), .height = std::stoll(argv[3])};
    for (int64_t i = 0; i < plan.pictures; ++i) plan.classes.push_back(i);
    pixnerd::sample::write(argv[1], plan);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
