#include "sample/npz_output.h"

#include <span>
#include <string>
#include <utility>

#include "checkpoint/zip_writer.h"
#include "core/file.h"
#include "core/text.h"

namespace pixnerd::sample {
namespace {

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0; shape is in Python's words.
std::string npy_header(const char* type, const std::string& shape) {
  constexpr size_t kPreamble = 10, kAlignment = 64;
  std::string text = concat("{'descr': '", type, "', 'fortran_order': False, 'shape': ", shape, ", }");
  text.resize((kPreamble + text.size() + kAlignment) / kAlignment * kAlignment - kPreamble, ' ');
  text.back() = '\n';
  const std::string magic("\x93NUMPY\1\0", 8);
  return magic + static_cast<char>(text.size() & 0xff) + static_cast<char>(text.size() >> 8) + text;
}

class NpzOutput : public PictureOutput {
 public:
  NpzOutput(const std::filesystem::path& path, const OutputPlan& plan)
      : plan_(plan), destination_(path, plan.overwrite, plan.inputs), file_(path), zip_(file_.stream()) {
    written_.path = path;
    written_.replaced = destination_.replaces() ? 1 : 0;
    const std::string header =
        npy_header("|u1", concat("(", plan.pictures, ", ", plan.height, ", ", plan.width, ", 3)"));
    zip_.begin("arr_0.npy", header.size() + static_cast<uint64_t>(plan.pictures * plan.height * plan.width * 3));
    zip_.append(std::as_bytes(std::span(header)));
    file_.check();
  }

  void put(int64_t, image::Image picture) override {
    zip_.append(std::as_bytes(std::span(picture.rgb)));
    file_.check();
    ++written_.pictures;
  }

  Written finish() override {
    zip_.end();
    if (!plan_.classes.empty()) {
      const std::span<const char> labels(reinterpret_cast<const char*>(plan_.classes.data()),
                                         plan_.classes.size() * sizeof(int64_t));
      zip_.add("arr_1.npy",
               npy_header("<i8", concat("(", plan_.classes.size(), ",)")) + std::string(labels.begin(), labels.end()));
    }
    zip_.finish();
    file_.commit();
    return written_;
  }

 private:
  OutputPlan plan_;
  Destination destination_;
  AtomicFile file_;
  checkpoint::ZipWriter zip_;
  Written written_;
};

}  // namespace

std::unique_ptr<PictureOutput> open_npz(const std::filesystem::path& path, const OutputPlan& plan) {
  return std::make_unique<NpzOutput>(path, plan);
}

}  // namespace pixnerd::sample
