#include "dist/parcels.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <array>
#include <utility>

#include "core/errors.h"
#include "dist/connection.h"

namespace pixnerd::dist {
namespace {

constexpr int kHeaderTag = 1, kBytesTag = 2;
constexpr int64_t kLast = -1;          // in place of a number
constexpr int64_t kHeaderNumbers = 4;  // number, width, height, bytes

}  // namespace

Parcels::Parcels(std::shared_ptr<const Group> group, std::function<void(Parcel)> take)
    : group_(std::move(group)), take_(std::move(take)) {
  if (!group_->is_alone() && group_->is_first()) thread_ = std::thread([this] { receive(); });
}

Parcels::~Parcels() {
  if (thread_.joinable()) thread_.join();
}

void Parcels::send(const Parcel& parcel) {
  try {
    auto& processes = *group_->connection()->processes;
    std::array<int64_t, kHeaderNumbers> header{parcel.number, parcel.width, parcel.height, std::ssize(parcel.bytes)};
    std::vector<at::Tensor> head{at::from_blob(header.data(), {kHeaderNumbers}, at::kLong)};
    processes.send(head, 0, kHeaderTag)->wait();
    if (parcel.bytes.empty()) return;
    std::vector<at::Tensor> bytes{
        at::from_blob(const_cast<uint8_t*>(parcel.bytes.data()), {std::ssize(parcel.bytes)}, at::kByte)};
    processes.send(bytes, 0, kBytesTag)->wait();
  } catch (const std::exception& error) {
    group_->explain(error);
  }
}

void Parcels::finish() {
  if (group_->is_alone() || std::exchange(has_finished_, true)) return;
  if (!group_->is_first()) return send({kLast, 0, 0, {}});
  thread_.join();
  if (error_) std::rethrow_exception(error_);
}

void Parcels::receive() {
  try {
    auto& processes = *group_->connection()->processes;
    for (int64_t open = group_->size() - 1; open > 0;) {
      std::vector<at::Tensor> head{at::empty({kHeaderNumbers}, at::kLong)};
      const auto work = processes.recvAnysource(head, kHeaderTag);
      work->wait();
      const int64_t* const header = head[0].const_data_ptr<int64_t>();
      if (header[0] == kLast) {
        --open;
        continue;
      }
      Parcel parcel{header[0], header[1], header[2], std::vector<uint8_t>(static_cast<size_t>(header[3]))};
      if (!parcel.bytes.empty()) {
        std::vector<at::Tensor> bytes{at::from_blob(parcel.bytes.data(), {header[3]}, at::kByte)};
        processes.recv(bytes, work->sourceRank(), kBytesTag)->wait();
      }
      take_(std::move(parcel));
    }
  } catch (const std::exception& error) {
    try {
      group_->explain(error);
    } catch (...) {
      error_ = std::current_exception();
    }
  }
}

}  // namespace pixnerd::dist
