// The C++ half of tensorboard_test.py: tensorboard_program FOLDER FIRST LAST logs the steps FIRST to LAST into FOLDER,
// going on after FIRST - 1. The numbers are those of expected() there.
#include <cstdio>
#include <exception>
#include <string>

#include "image/codec.h"
#include "train/run_log.h"

namespace pixnerd::train {
namespace {

LossByTime losses(int64_t step) {
  LossByTime by_time;
  for (int bucket = 0; bucket < 10; ++bucket) {
    if (bucket == 3) continue;  // a part of the time without samples
    by_time.add(0.05 + 0.1 * bucket, static_cast<double>(step + bucket));
    by_time.add(0.06 + 0.1 * bucket, static_cast<double>(step + bucket + 1));
  }
  return by_time;
}

// A picture whose first pixel is (step, 2, 3).
image::Image picture(int64_t step) {
  image::Image image = image::blank(5, 4);
  image.rgb[0] = static_cast<uint8_t>(step);
  image.rgb[1] = 2;
  image.rgb[2] = 3;
  return image;
}

void log_steps(const std::string& folder, int64_t first, int64_t last) {
  RunLog log(folder, first - 1);
  for (int64_t step = first; step <= last; ++step) {
    const auto x = static_cast<double>(step);
    log.add(LogEntry{.step = step,
                     .loss = 1 / x,
                     .by_time = losses(step),
                     .learning_rate = 1e-4 * x,
                     .gradient_norm = 2 * x,
                     .images_per_second = 100 + x,
                     .memory_bytes = static_cast<uint64_t>(step) << 30});
    if (step % 10 != 0) continue;
    log.add(ValidationEntry{.step = step, .loss = 2 / x, .by_time = losses(step)});
    const image::Image image = picture(step);
    log.add_image(step, "samples", image::encode_png(image), image.width, image.height);
  }
}

}  // namespace
}  // namespace pixnerd::train

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s FOLDER FIRST LAST\n", argv[0]);
    return 2;
  }
  try {
    pixnerd::train::log_steps(argv[1], std::stoll(argv[2]), std::stoll(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
