#include "checkpoint/content_hash.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

namespace fs = std::filesystem;

class ContentHash : public testing::Test {
 protected:
  std::string of(const std::string& name) const { return content_hash(folder_ / name); }
  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    write_whole(folder_ / name, content);
  }

  TemporaryFolder folder_;
};

TEST_F(ContentHash, IsOfTheContentAndNotTheName) {
  write("a", "weights");
  write("x/b", "weights");
  write("c", "weights!");
  EXPECT_EQ(of("a").size(), 16U);
  EXPECT_EQ(of("a"), of("x/b"));
  EXPECT_NE(of("a"), of("c"));
  EXPECT_EQ(of("absent"), "");
}

TEST_F(ContentHash, OfALargeFileSeesItsBeginningItsEndAndPlacesBetween) {
  std::string content(5 << 20, 'a');
  write("a", content);
  for (const size_t at : {size_t{0}, size_t{1} << 20, content.size() - 1}) {
    std::string other = content;
    other[at] = 'b';
    write("b", other);
    EXPECT_NE(of("a"), of("b")) << at;
  }
  std::string trained = content;
  for (size_t i = size_t{2} << 20; i < size_t{3} << 20; ++i) trained[i] = 'b';
  write("b", trained);
  EXPECT_NE(of("a"), of("b"));
}

TEST_F(ContentHash, OfAFolderIsThatOfItsFiles) {
  for (const char* folder : {"one", "two"}) {
    write(concat(folder, "/config.json"), "{}");
    write(concat(folder, "/model.safetensors"), "weights");
  }
  write("two/README.md", "more");
  EXPECT_EQ(of("one"), of("two"));
  write("two/model.safetensors", "others");
  EXPECT_NE(of("one"), of("two"));
}

TEST_F(ContentHash, OfAnIndexIsThatOfItsFilesToo) {
  for (const char* folder : {"one", "two"}) {
    write(concat(folder, "/x.safetensors.index.json"), R"({"weight_map": {"a": "x-1.safetensors"}})");
    write(concat(folder, "/x-1.safetensors"), "weights");
  }
  EXPECT_EQ(of("one/x.safetensors.index.json"), of("two/x.safetensors.index.json"));
  write("two/x-1.safetensors", "others");
  EXPECT_NE(of("one/x.safetensors.index.json"), of("two/x.safetensors.index.json"));
  write("two/x.safetensors.index.json", "{");
  EXPECT_EQ(of("two/x.safetensors.index.json"), "");
}

}  // namespace
}  // namespace pixnerd::checkpoint
