// Files of torch.save for tests, with whatever containers: the pickle's parts as text, and the zip around them.
#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/zip_writer.h"
#include "core/text.h"

namespace pixnerd::checkpoint {

class TorchFileMaker {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;  // keys and pickled values

  static std::string text(std::string_view content) {
    return concat("X", raw(static_cast<uint32_t>(content.size())), content);
  }
  static std::string integer(int64_t value) { return concat("\x8a\x08", raw(value)); }
  static std::string real(double value) {
    std::string bytes = raw(value);
    return concat("G", std::string(bytes.rbegin(), bytes.rend()));
  }

  static std::string dict(const Pairs& pairs) {
    std::string body = "}(";
    for (const auto& [key, value] : pairs) body += text(key) + value;
    return body + "u";
  }

  static std::string numbered(const std::vector<std::string>& values) {  // {0: ..., 1: ...}
    std::string body = "}(";
    for (size_t i = 0; i < values.size(); ++i) body += integer(static_cast<int64_t>(i)) + values[i];
    return body + "u";
  }

  static std::string list(const std::vector<std::string>& values) { return concat("](", join(values, ""), "e"); }

  static std::string tuple(const std::vector<int64_t>& values) {
    std::string body = "(";
    for (const int64_t value : values) body += integer(value);
    return body + "t";
  }

  // A tensor over all of a storage of its own.
  std::string tensor(std::vector<int64_t> shape, const void* values, size_t bytes,
                     const std::string& storage = "FloatStorage", size_t element = 4) {
    std::vector<int64_t> strides(shape.size());
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) strides[i] = stride;
    storages_.emplace_back(static_cast<const char*>(values), bytes);
    return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + storage + "\n" +
           text(concat(storages_.size() - 1)) + text("cpu") + integer(static_cast<int64_t>(bytes / element)) + "tQ" +
           integer(0) + tuple(shape) + tuple(strides) + "\x89NtR";
  }

  // The same of a type that PyTorch keeps in an untyped storage: "float8_e4m3fn".
  std::string untyped(std::vector<int64_t> shape, const std::string& bytes, const std::string& dtype) {
    storages_.push_back(bytes);
    return "ctorch._utils\n_rebuild_tensor_v3\n((" + text("storage") + "ctorch.storage\nUntypedStorage\n" +
           text(concat(storages_.size() - 1)) + text("cpu") + integer(static_cast<int64_t>(bytes.size())) + "tQ" +
           integer(0) + tuple(shape) + tuple({1}) + "\x89Nctorch\n" + dtype + "\ntR";
  }

  void write(const std::filesystem::path& path, const std::string& root) const {
    std::ofstream out(path, std::ios::binary);
    ZipWriter zip(out);
    zip.add("x/data.pkl", "\x80\x02" + root + ".");
    for (size_t i = 0; i < storages_.size(); ++i) zip.add(concat("x/data/", i), storages_[i]);
    zip.finish();
  }

 private:
  template <class Number>
  static std::string raw(Number value) {
    std::string bytes(sizeof(value), '\0');
    std::memcpy(bytes.data(), &value, sizeof(value));
    return bytes;
  }

  std::vector<std::string> storages_;
};

}  // namespace pixnerd::checkpoint
