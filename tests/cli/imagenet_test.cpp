// docs/imagenet.md from its beginning to its end, with a small network in the form in which the large ones are
// published: no configuration, PixNerd's names, a thousand classes.
#include <nlohmann/json.hpp>

#include "checkpoint/tensors.h"
#include "tests/cli/program.h"
#include "tests/models/dinov2_weights.h"
#include "tests/sample/tiny_model.h"

namespace pixnerd::cli {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

class ImagenetTest : public testing::Test {
 protected:
  ImagenetTest() {
    models::ModelConfig config = models::tiny_config();
    config.num_classes = 1000;
    config.num_styles = 0;
    const auto parameters = models::random_network(config, 1)->parameters();
    checkpoint::NamedTensors tensors = sample::prefixed(sample::kEmaPrefix, parameters);
    for (auto& each : sample::prefixed("denoiser.", parameters)) tensors.push_back(each);
    checkpoint::save_safetensors(folder_ / "imagenet256.safetensors", tensors);
    const auto small = models::dinov2_weights();
    checkpoint::save_safetensors(folder_ / "dinov2.safetensors", {small.begin(), small.end()});
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Outcome sample(const std::string& out, const Arguments& more) const {
    Arguments all{
        "sample", "--checkpoint", path("imagenet256.safetensors"), "--size", "16x16", "--steps", "1", "--threads", "1",
        "--out",  path(out)};
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  }

  Outcome eval(const Arguments& more) const {
    Arguments all{"eval", "--dinov2", path("dinov2.safetensors"), "--resamples", "0", "--threads", "1", "--json"};
    all.insert(all.end(), more.begin(), more.end());
    return program_(all);
  }

  TemporaryFolder folder_;
  Program program_;
};

TEST_F(ImagenetTest, FromTheFileToJudgedPictures) {
  const Outcome info = program_({"info", path("imagenet256.safetensors"), "--json"});
  ASSERT_EQ(info.code, 0) << info.err;
  const json facts = json::parse(info.out);
  EXPECT_EQ(facts.at("guessed"), true);
  EXPECT_EQ(facts.at("step"), nullptr);
  EXPECT_EQ(facts.at("classes").size(), 1000U);
  EXPECT_EQ(facts.at("classes")[207], "Golden Retriever");

  const Outcome named =
      sample("dogs", {"--class", "golden retriever", "--class", "n01440764", "--class", "tabby", "--json"});
  ASSERT_EQ(named.code, 0) << named.err;
  std::vector<int> labels;
  const json drawn_dogs = json::parse(named.out);
  for (const json& picture : drawn_dogs.at("pictures")) labels.push_back(picture.at("label"));
  EXPECT_EQ(labels, std::vector<int>({207, 0, 281}));
  const std::string manifest = checkpoint::read_whole(path("dogs/manifest.jsonl"));
  EXPECT_NE(manifest.find(R"("class_name":"Golden Retriever")"), std::string::npos) << manifest;
  EXPECT_EQ(manifest.find(R"("step":)"), std::string::npos) << manifest;

  const Outcome all = sample("all.npz", {"--classes", "all", "--batch", "100", "--resume", "--json"});
  ASSERT_EQ(all.code, 0) << all.err;
  EXPECT_TRUE(all.complains("1000 pictures of 16x16, such as 100 at a time: about ")) << all.err;
  EXPECT_TRUE(all.complains("KB on the disk") || all.complains("kB on the disk")) << all.err;
  EXPECT_EQ(json::parse(all.out).at("pictures")[999].at("label"), 999);

  ASSERT_EQ(sample("few.npz", {"--classes", "0-39", "--seed", "5"}).code, 0);
  ASSERT_EQ(sample("reference.npz", {"--classes", "0-39", "--seed", "77"}).code, 0);
  const Outcome saved =
      eval({"--reference", path("reference.npz"), "--save-statistics", path("reference.safetensors")});
  ASSERT_EQ(saved.code, 0) << saved.err;
  const Arguments against{"--reference", path("reference.safetensors"), "--metrics", "fd,precision"};
  Arguments stored = against, drawn = against;
  stored.insert(stored.end(), {"--images", path("few.npz")});
  drawn.insert(drawn.end(), {"--checkpoint", path("imagenet256.safetensors"), "--classes", "0-39", "--count", "40",
                             "--seed", "5", "--size", "16x16", "--steps", "1"});
  const Outcome judged = eval(stored);
  ASSERT_EQ(judged.code, 0) << judged.err;
  EXPECT_EQ(json::parse(judged.out).at("pictures"), 40);
  EXPECT_EQ(judged.out, eval(drawn).out);
}

}  // namespace
}  // namespace pixnerd::cli
