#include "dist/group.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <unistd.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <cstring>
#include <exception>

#include "core/failure.h"
#include "core/log.h"
#include "core/text.h"
#include "core/uncommitted_file.h"
#include "dist/connection.h"

namespace pixnerd::dist {
namespace {

constexpr std::chrono::minutes kMeeting{5};
constexpr int kFailure = 1;  // exit status

c10::intrusive_ptr<c10d::Store> meet(const Launch& launch) {
  c10d::TCPStoreOptions options;
  options.port = launch.port;
  options.isServer = launch.rank == 0 && !launch.has_agent;
  if (!launch.has_agent) options.numWorkers = static_cast<size_t>(launch.size);
  options.timeout = kMeeting;
  try {
    return c10::make_intrusive<c10d::TCPStore>(launch.address, options);
  } catch (const std::exception& error) {
    throw RequestError(concat("rank ", launch.rank, " of ", launch.size, " did not meet the others at ",
                              quoted(launch.address), ", port ", launch.port, " (", message_of(error),
                              "); see that all were started, and that MASTER_ADDR and MASTER_PORT are rank 0's and "
                              "free"));
  }
}

std::string name_of_process(const Launch& launch) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return concat("rank ", launch.rank, " of ", launch.size, " (process ", getpid(), " on ", printable(host), ")");
}

// Where the work does not come to its end by itself, in a product of minutes or a connection that hangs.
void end_now(const std::string& verdict) {
  log_warning(concat("this process ends at once: ", verdict));
  remove_uncommitted_files();
  _exit(kFailure);
}

}  // namespace

Group::Group(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Group::~Group() = default;

std::shared_ptr<Group> Group::alone() {
  return std::shared_ptr<Group>(new Group(nullptr));
}

std::shared_ptr<Group> Group::join(const Launch& launch, const at::Device& device) {
  if (launch.size == 1) return alone();
  const auto tcp = meet(launch);
  const auto prefixed = [&](const c10::intrusive_ptr<c10d::Store>& store, const char* what) {
    return c10::make_intrusive<c10d::PrefixStore>(concat("pixnerd/", launch.attempt, "/", what), store);
  };
  auto connection = std::make_unique<Connection>();
  connection->launch = launch;
  connection->device = device;
  try {
    connection->watch = std::make_unique<Watch>(prefixed(tcp->clone(), "watch"), launch.rank, launch.size,
                                                name_of_process(launch), end_now);
    connection->processes = connect(launch, device, prefixed(tcp, "group"));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw RequestError(concat("rank ", launch.rank, " of ", launch.size, " cannot be connected with the others: ",
                              message_of(error), "; GLOO_SOCKET_IFNAME names the network to use"));
  }
  std::shared_ptr<Group> group(new Group(std::move(connection)));
  group->barrier();
  return group;
}

int64_t Group::rank() const {
  return connection_ ? connection_->launch.rank : 0;
}

int64_t Group::size() const {
  return connection_ ? connection_->launch.size : 1;
}

int64_t Group::local_size() const {
  return connection_ ? connection_->launch.local_size : 1;
}

at::Tensor Group::gather(const at::Tensor& values) const {
  at::Tensor mine = values.contiguous().reshape(-1);
  if (!connection_) return values.unsqueeze(0);
  at::Tensor all = at::empty({size() * mine.numel()}, mine.options());
  wait_for(*this, connection_->processes->all_gather_single(all, mine));
  std::vector<int64_t> shape = values.sizes().vec();
  shape.insert(shape.begin(), size());
  return all.view(shape);
}

bool Group::any(bool here) const {
  if (!connection_) return here;
  check();
  return gather(at::full({1}, here ? 1 : 0, at::kByte)).any().item<bool>();
}

void Group::broadcast(at::Tensor& tensor) const {
  if (!connection_) return;
  std::vector<at::Tensor> tensors{tensor};
  wait_for(*this, connection_->processes->broadcast(tensors));
}

std::string Group::broadcast(const std::string& text) const {
  if (!connection_) return text;
  at::Tensor length = at::full({1}, static_cast<int64_t>(text.size()), at::kLong);
  broadcast(length);
  at::Tensor bytes = at::empty({length.item<int64_t>()}, at::kByte);
  if (is_first() && !text.empty()) std::memcpy(bytes.mutable_data_ptr(), text.data(), text.size());
  if (bytes.numel() > 0) broadcast(bytes);
  return {static_cast<const char*>(bytes.const_data_ptr()), static_cast<size_t>(bytes.numel())};
}

void Group::barrier() const {
  gather(at::full({1}, 0, at::kByte));
}

void Group::finish() {
  if (!connection_ || std::exchange(connection_->has_finished, true)) return;
  barrier();
  connection_->watch->leave();
  barrier();  // rank 0 keeps the meeting place until nobody asks there any more
}

void Group::fail(const std::string& reason) noexcept {
  if (connection_ && !connection_->has_finished) connection_->watch->fail(reason);
}

void Group::check() const {
  if (!connection_) return;
  if (const auto lost = connection_->watch->lost()) throw PeerError(*lost);
}

void Group::explain(const std::exception& error) const {
  if (!connection_ || dynamic_cast<const Error*>(&error) != nullptr || is_out_of_memory(error)) throw;
  if (const auto lost = connection_->watch->wait_until_lost()) throw PeerError(*lost);
  throw PeerError(concat("the connection to another process broke (", message_of(error), ")"));
}

double Group::waited() const {
  return connection_ ? connection_->waited.load() : 0.0;
}

void Group::add_wait(double seconds) const {
  if (connection_) connection_->waited += seconds;
}

}  // namespace pixnerd::dist
