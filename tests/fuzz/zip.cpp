// Zip files end in a CheckpointError, or in members that lie inside the file, apart from each other, under names that
// are unique and lead nowhere else.
#include <algorithm>
#include <functional>
#include <set>

#include "checkpoint/zip_file.h"
#include "tests/fuzz/checks.h"

namespace {

using namespace pixnerd;
using namespace pixnerd::checkpoint;
using fuzz::require;

void check_name(std::string_view name) {
  require(!name.empty() && name.front() != '/', "a name is relative");
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    require(name.substr(begin, end - begin) != "..", "a name leads nowhere else");
    begin = end + 1;
  }
}

// Unlike <, this orders pointers into whatever arrays.
bool is_before(const std::byte* a, const std::byte* b) {
  return !std::less<>()(b, a);
}

void check_members(std::vector<ZipMember> members, std::span<const std::byte> file) {
  std::set<std::string_view> names;
  for (const ZipMember& member : members) {
    check_name(member.name);
    require(names.insert(member.name).second, "names are unique");
  }
  std::sort(members.begin(), members.end(),
            [](const ZipMember& a, const ZipMember& b) { return std::less<>()(a.data.data(), b.data.data()); });
  const std::byte* covered = file.data();
  for (const ZipMember& member : members) {
    require(is_before(covered, member.data.data()), "members lie apart from each other");
    covered = member.data.data() + member.data.size();
    require(is_before(covered, file.data() + file.size()), "members lie inside the file");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file = fuzz::as_bytes(data, size);
  std::vector<ZipMember> members;
  if (fuzz::accepts<CheckpointError>([&] { members = parse_zip(file, "x.ckpt"); })) check_members(members, file);
  return 0;
}
