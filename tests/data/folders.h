// What this folder's tests share: small data sets in a folder of their own, and the log as a list of lines.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/errors.h"
#include "core/log.h"
#include "data/config.h"
#include "data/image_folder.h"
#include "image/codec.h"
#include "image/image.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd::data {

// The lines that are logged while it lives.
class CapturedLog {
 public:
  CapturedLog() {
    set_log_sink([this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    });
  }
  ~CapturedLog() { set_log_sink({}); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// A picture of `side` pixels in which every pixel and every `mark` differs from the others.
inline image::Image marked_picture(int side, int mark) {
  image::Image picture = image::blank(side, side);
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    picture.rgb[i] = static_cast<uint8_t>(mark);
    picture.rgb[i + 1] = static_cast<uint8_t>(i / 3);
    picture.rgb[i + 2] = static_cast<uint8_t>(i / 3 / 256);
  }
  return picture;
}

inline void write_picture(const std::filesystem::path& path, const image::Image& picture) {
  std::filesystem::create_directories(path.parent_path());
  image::write_png(path, picture);
}

// Classes a, b, ... with `each` pictures of `side` pixels; picture i of the whole set has the mark i + 1.
inline void write_data_set(const TemporaryFolder& folder, int classes, int each, int side = 8) {
  for (int i = 0; i < classes * each; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i / each)) + "/" + std::to_string(100 + i) + ".png";
    write_picture(folder / name, marked_picture(side, i + 1));
  }
}

inline DataConfig small_config(int64_t side = 8) {
  DataConfig config;
  config.image_size = side;
  return config;
}

inline std::shared_ptr<const ImageFolder> folder_at(const std::filesystem::path& path, DataConfig config = {}) {
  config.path = path.string();
  return std::make_shared<const ImageFolder>(config);
}

// The mark of a picture in the form the network sees.
inline int mark_of(const float* chw) {
  return static_cast<int>(chw[0] * 127.5f + 128.0f);
}

// The message of the ErrorType that action throws; a test failure and "" if it throws none.
template <class ErrorType = DataError, class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const ErrorType& error) {
    return error.what();
  }
  ADD_FAILURE() << "the expected error was not thrown";
  return "";
}

inline void expect_contains(const std::string& message, std::string_view part) {
  EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
}

}  // namespace pixnerd::data
