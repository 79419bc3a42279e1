#include "train/label_teacher.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>

#include "checkpoint/safetensors.h"
#include "core/errors.h"
#include "sample/model_file.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"
#include "train/alignment.h"

namespace pixnerd::train {
namespace {

// Two foxes and an owl; the second fox has no style.
class Zoo : public data::PictureSet {
 public:
  const std::filesystem::path& root() const override { return root_; }
  int64_t size() const override { return 3; }
  int64_t label(int64_t index) const override { return index == 2 ? 1 : 0; }
  int64_t style(int64_t index) const override { return index == 1 ? -1 : 0; }
  std::string name(int64_t index) const override { return std::to_string(index); }
  data::Picture open(int64_t) const override { return {}; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<std::string>& styles() const override { return styles_; }

 private:
  std::filesystem::path root_ = "zoo";
  std::vector<std::string> classes_{"fox", "owl"}, styles_{"flat"};
};

class LabelTeachers : public testing::Test {
 protected:
  // A network that knows these classes, and the styles "3D" and "flat", but for what `change` does to its tensors.
  void write(
      const std::vector<std::string>& classes,
      const std::function<void(checkpoint::NamedTensors&)>& change = [](auto&) {}) {
    sample::ModelDescription description;
    description.model = models::tiny_config();
    description.model.num_classes = std::ssize(classes);
    description.model.num_styles = 2;
    description.classes = classes;
    description.styles = {"3D", "flat"};
    const auto network = models::random_network(description.model, 5);
    for (const auto& [name, tensor] : network->parameters()) {
      if (name == "y_embedder.embedding_table.weight") classes_ = tensor.detach();
      if (name == "y_embedder.style_table.weight") styles_ = tensor.detach();
    }
    width_ = description.model.hidden_size;
    checkpoint::NamedTensors tensors = network->parameters();
    change(tensors);
    checkpoint::save_safetensors(path_, tensors, describe(description, 7));
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "teacher.safetensors";
  at::Tensor classes_, styles_;
  int64_t width_ = 0;
  Zoo zoo_;
};

TEST_F(LabelTeachers, GiveTheVectorsOfNamesakes) {
  write({"owl", "cat", "fox"});
  const at::Tensor labels = LabelTeacher(path_, zoo_, width_).of(zoo_, {2, 0, 1});
  EXPECT_TRUE(at::equal(labels[0], classes_[0] + styles_[1]));
  EXPECT_TRUE(at::equal(labels[1], classes_[2] + styles_[1]));
  EXPECT_TRUE(at::equal(labels[2], classes_[2] + styles_[2]));  // no style
}

TEST_F(LabelTeachers, ThatCannotTeachAreRefused) {
  write({"owl", "cat"});
  EXPECT_NE(thrown<ConfigError>([&] { LabelTeacher(path_, zoo_, width_); }).find("has no class 'fox'"),
            std::string::npos);
  write({"owl", "fox"});
  EXPECT_NE(thrown<ConfigError>([&] { LabelTeacher(path_, zoo_, width_ + 8); }).find("model.hidden_size"),
            std::string::npos);
  write({"owl", "fox"}, [](checkpoint::NamedTensors& tensors) {
    for (auto& [name, tensor] : tensors) {
      if (name == "y_embedder.style_table.weight") tensor = tensor.narrow(0, 0, 2).contiguous();
    }
  });
  EXPECT_THROW(LabelTeacher(path_, zoo_, width_), std::runtime_error);
  const auto network = models::random_network(models::tiny_byte_config(), 3);
  checkpoint::save_safetensors(path_, network->parameters(), {});
  EXPECT_NE(thrown<ConfigError>([&] { LabelTeacher(path_, zoo_, width_); }).find("no class-conditional network"),
            std::string::npos);
}

TEST(TeacherLoss, IsTheDistanceInTheLabelsMeanSquare) {
  const at::Tensor labels = at::zeros({2, 4}).fill_(2);
  EXPECT_EQ(teacher_loss(labels, labels).item<float>(), 0);
  EXPECT_EQ(teacher_loss(at::zeros({2, 4}), labels).item<float>(), 1);
  EXPECT_EQ(teacher_loss(3 * labels, labels).item<float>(), 4);
}

}  // namespace
}  // namespace pixnerd::train
