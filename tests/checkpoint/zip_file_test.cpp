#include "checkpoint/zip_file.h"

#include <cstring>
#include <sstream>

#include "checkpoint/zip_writer.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

constexpr size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22;

std::string zip_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::ostringstream out;
  ZipWriter zip(out);
  for (const auto& [name, text] : members) zip.add(name, text);
  zip.finish();
  return out.str();
}

std::string text_of(const ZipMember& member) {
  return {reinterpret_cast<const char*>(member.data.data()), member.data.size()};
}

std::string zip_error(const std::string& zip) {
  return thrown<CheckpointError>([&] { parse_zip(bytes_of_text(zip), "x.zip"); });
}

template <class Number>
std::string with(std::string zip, size_t offset, Number number) {
  std::memcpy(zip.data() + offset, &number, sizeof(number));
  return zip;
}

// Where the directory of a zip file without a comment begins.
size_t directory_of(const std::string& zip) {
  uint32_t offset = 0;
  std::memcpy(&offset, zip.data() + zip.size() - kEndBytes + 16, sizeof(offset));
  return offset;
}

TEST(ZipFile, FindsMembersWhereTheyLie) {
  const std::string zip = zip_of({{"a/data.pkl", "first"}, {"a/empty", ""}, {"größe", "third"}});
  const std::vector<ZipMember> members = parse_zip(bytes_of_text(zip), "x.zip");
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].name, "a/data.pkl");
  EXPECT_EQ(text_of(members[0]), "first");
  EXPECT_EQ(text_of(members[1]), "");
  EXPECT_EQ(members[2].name, "größe");
  EXPECT_EQ(text_of(members[2]), "third");
  EXPECT_EQ((reinterpret_cast<const char*>(members[2].data.data()) - zip.data()) % 64, 0);
}

TEST(ZipWriter, AMemberWhoseBytesArePutThereIsTheSameAsInOne) {
  const std::string rest = "and what the caller writes";
  std::ostringstream out;
  ZipWriter zip(out);
  zip.add_around("a", "first!", rest.size(), checksum_of(std::as_bytes(std::span(rest))));
  const size_t place = out.str().size();
  zip.add_around("empty", "", 0, checksum_of({}));
  zip.add("b", "second");
  zip.finish();
  std::string whole = out.str();
  whole.insert(place, rest);
  EXPECT_EQ(whole, zip_of({{"a", "first!" + rest}, {"empty", ""}, {"b", "second"}}));
}

TEST(ZipWriter, ChecksumsOfPiecesJoin) {
  const std::string first = "one piece", second = "and another";
  const auto sum = [](const std::string& text) { return checksum_of(std::as_bytes(std::span(text))); };
  EXPECT_EQ(joined_checksum(sum(first), sum(second), second.size()), sum(first + second));
  EXPECT_EQ(joined_checksum(sum(""), sum(first), first.size()), sum(first));
  EXPECT_EQ(sum("123456789"), 0xcbf43926U);  // the check value of CRC-32
}

TEST(ZipFile, AnEmptyZipHasNoMembers) {
  EXPECT_TRUE(parse_zip(bytes_of_text(zip_of({})), "x.zip").empty());
}

TEST(ZipFile, MoreMembersThanSixteenBitsCount) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 70'000; ++i) many.emplace_back("d/" + std::to_string(i), "");
  EXPECT_EQ(parse_zip(bytes_of_text(zip_of(many)), "x.zip").size(), many.size());
}

TEST(ZipFile, ACommentAtTheEndIsPassedOver) {
  std::string zip = zip_of({{"a", "1"}});
  zip = with<uint16_t>(zip, zip.size() - 2, 5) + "words";
  EXPECT_EQ(parse_zip(bytes_of_text(zip), "x.zip").size(), 1U);
}

TEST(ZipFile, NamesThatLeadElsewhereAreRefused) {
  for (const char* name : {"../a", "a/../../b", "/tmp/a", "a\\b", "a/..", ".", "", "a\nb"}) {
    expect_contains(zip_error(zip_of({{name, "1"}})), "has a name");
  }
  EXPECT_EQ(parse_zip(bytes_of_text(zip_of({{"a/.data/..b", "1"}})), "x.zip").size(), 1U);
}

TEST(ZipFile, ANameTwiceIsRefused) {
  expect_contains(zip_error(zip_of({{"a", "1"}, {"b", "2"}, {"a", "3"}})), "'a' is there twice");
}

TEST(ZipFile, EveryCutIsRefused) {
  const std::string zip = zip_of({{"a/data.pkl", "first"}, {"b", "second"}});
  for (size_t size = 0; size < zip.size(); ++size) {
    EXPECT_THROW(parse_zip(bytes_of_text(zip.substr(0, size)), "x.zip"), CheckpointError) << size;
  }
}

TEST(ZipFile, CompressedAndEncryptedMembersAreRefused) {
  const std::string zip = zip_of({{"a", "12345"}});
  const size_t entry = directory_of(zip);
  expect_contains(zip_error(with<uint16_t>(zip, entry + 10, 8)), "is compressed");
  expect_contains(zip_error(with<uint32_t>(zip, entry + 24, 500'000'000)), "is compressed");
  expect_contains(zip_error(with<uint16_t>(zip, entry + 8, 1)), "is encrypted");
}

TEST(ZipFile, MembersOutsideOfTheFileOrInEachOtherAreRefused) {
  const std::string zip = zip_of({{"a", "12345"}, {"b", "67890"}});
  const size_t first = directory_of(zip), second = first + kCentralBytes + 1;
  expect_contains(zip_error(with<uint32_t>(zip, first + 42, 0xfffffff0)), "'a' would begin");
  expect_contains(zip_error(with<uint32_t>(zip, first + 42, 1)), "'a' is not at byte 1");
  std::string big = with<uint32_t>(with<uint32_t>(zip, first + 20, 200), first + 24, 200);
  expect_contains(zip_error(big), "'a' has 200 bytes");
  const auto reach = static_cast<uint32_t>(first - 64);  // into the second member's header, before the directory
  big = with<uint32_t>(with<uint32_t>(zip, first + 20, reach), first + 24, reach);
  expect_contains(zip_error(big), "'b' overlaps");
  std::string same = with<uint32_t>(zip, second + 42, 0);
  same[second + kCentralBytes] = 'b';
  expect_contains(zip_error(same), "'b' is not at byte 0");
}

TEST(ZipFile, TheLocalHeaderMustHaveTheSameName) {
  std::string zip = zip_of({{"a", "12345"}});
  zip[kLocalBytes] = 'x';
  expect_contains(zip_error(zip), "'a' is not at byte 0");
}

TEST(ZipFile, ADirectoryThatIsNotThereIsRefused) {
  const std::string zip = zip_of({{"a", "12345"}});
  const size_t end = zip.size() - kEndBytes;
  expect_contains(zip_error(with<uint32_t>(zip, end + 16, static_cast<uint32_t>(end))), "central directory");
  expect_contains(zip_error(with<uint32_t>(zip, end + 12, 7)), "too few for 1 members");
  expect_contains(zip_error(with<uint16_t>(with<uint16_t>(zip, end + 8, 2), end + 10, 2)), "too few for 2 members");
  expect_contains(zip_error(with<uint16_t>(zip, end + 4, 1)), "several");
  expect_contains(zip_error(with<uint32_t>(zip, end + 16, 0xffffffff)), "zip64");
  expect_contains(zip_error(with<uint32_t>(zip, directory_of(zip), 0)), "no entry 0");
}

TEST(ZipFile, NoChangeOfAByteCrashes) {
  const std::string zip = zip_of({{"a/data.pkl", "first"}, {"b", "second"}});
  for (size_t i = 0; i < zip.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string changed = zip;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      try {
        for (const ZipMember& member : parse_zip(bytes_of_text(changed), "x.zip")) text_of(member);
      } catch (const CheckpointError&) {
      }
    }
  }
}

}  // namespace
}  // namespace pixnerd::checkpoint
