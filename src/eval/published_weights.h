// Whether a file is the one of Inception's weights that figures are published with. Its address is in
// docs/evaluation.md.
#pragma once

#include <filesystem>

namespace pixnerd::eval {

// SHA-256 of pt_inception-2015-12-05-6726825d.pth of pytorch-fid, which torch-fidelity has as
// weights-inception-2015-12-05-6726825d.pth.
inline constexpr const char* kInceptionSha256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2";

// By its content, whatever it is called. CheckpointError if its name says that it is (the name ends in the beginning of
// the hash) and it is not: it was cut short or changed. DataError if it cannot be read.
bool is_published_inception(const std::filesystem::path& path);

}  // namespace pixnerd::eval
