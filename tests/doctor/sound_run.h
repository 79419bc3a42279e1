// A run that is sound: a small network that learns to draw four kinds of pictures within seconds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "checkpoint/tensors.h"
#include "doctor/examine.h"
#include "image/codec.h"
#include "tests/core/temporary_folder.h"
#include "tests/data/tars.h"
#include "tests/models/tiny.h"
#include "train/run.h"

namespace pixnerd::doctor {

namespace fs = std::filesystem;

inline constexpr int kSide = 16;
inline constexpr int64_t kPictures = 64, kClasses = 4;

// A slope in a colour of its class, at a place of its own.
inline image::Image picture_of(int64_t number) {
  constexpr int kColours[kClasses][3] = {{230, 40, 40}, {40, 210, 60}, {50, 70, 240}, {235, 225, 60}};
  const auto& colour = kColours[number % kClasses];
  image::Image picture = image::blank(kSide, kSide);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const int shade = (x * static_cast<int>(1 + number % 3) + y * static_cast<int>(1 + number % 5)) % 64;
      for (int c = 0; c < 3; ++c) picture.row(y)[3 * x + c] = static_cast<uint8_t>(colour[c] * (96 + shade) / 160);
    }
  }
  return picture;
}

inline void write_shard(const fs::path& file, const std::string& text_of_class) {
  std::ofstream out(file, std::ios::binary);
  for (int64_t i = 0; i < kPictures; ++i) {
    const std::string key = std::to_string(1000 + i);
    out << data::tar_entry(key + ".png", data::png_bytes(picture_of(i)))
        << data::tar_entry(key + ".json", text_of_class + std::to_string(i % kClasses) + "\"}");
  }
  out << data::kTarEnd;
}

inline train::RunConfig sound_config(const fs::path& shard) {
  train::RunConfig config;
  config.model = models::tiny_config();
  config.model.hidden_size = 32;
  config.model.num_cond_blocks = 2;
  config.model.num_blocks = 4;
  config.model.num_classes = 0;
  config.model.prediction = models::Prediction::image;
  config.data.path = shard.string();
  config.data.image_size = kSide;
  config.sample.size = {kSide, kSide};
  config.sample.sampler.steps = 8;
  config.train.steps = 300;
  config.train.batch_size = 16;
  config.train.learning_rate = 3e-3;
  config.train.final_learning_rate = 1e-3;
  config.train.warmup_steps = 20;
  config.train.ema_decay = 0.99;
  config.train.ema_warmup = true;
  config.train.precision = models::Precision::float32;
  config.train.checkpoint_every = 100;
  config.train.sample_every = 100;
  config.train.log_every = 5;
  return config;
}

}  // namespace pixnerd::doctor
