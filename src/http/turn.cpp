#include "http/turn.h"

#include <exception>
#include <utility>

#include "core/log.h"
#include "core/text.h"
#include "http/connection.h"

namespace pixnerd::http {
namespace {

void call_safely(const std::function<void()>& call) {
  try {
    if (call) call();
  } catch (const std::exception& error) {
    log_warning(concat("what follows from a client's going has failed: ", printable(error.what())));
  }
}

class TurnExchange : public Exchange {
 public:
  TurnExchange(std::shared_ptr<Loop> loop, std::shared_ptr<Turn> turn, std::weak_ptr<Connection> connection)
      : loop_(std::move(loop)), turn_(std::move(turn)), connection_(std::move(connection)) {}

  ~TurnExchange() override {
    post([](Connection& connection, const std::shared_ptr<Turn>& turn) {
      connection.fail(turn, "the request was left without an answer");
    });
  }

  const Request& request() const override { return turn_->request; }

  void answer(Response response) override {
    post([response = std::move(response)](Connection& connection, const std::shared_ptr<Turn>& turn) mutable {
      connection.answer(turn, std::move(response));
    });
  }

  void stream(Response head, Source source, std::string heartbeat) override {
    post([head = std::move(head), source = std::move(source), heartbeat = std::move(heartbeat)](
             Connection& connection, const std::shared_ptr<Turn>& turn) mutable {
      connection.stream(turn, std::move(head), std::move(source), std::move(heartbeat));
    });
  }

  void wake() override {
    if (turn_->is_wake_posted.exchange(true)) return;
    post([](Connection& connection, const std::shared_ptr<Turn>& turn) {
      turn->is_wake_posted = false;
      connection.wake(turn);
    });
  }

  void when_gone(std::function<void()> call) override {
    loop_->post([turn = turn_, call = std::move(call)]() mutable { turn->when_gone(std::move(call)); });
  }

 private:
  template <class Call>
  void post(Call call) {
    loop_->post([call = std::move(call), turn = turn_, weak = connection_]() mutable {
      if (const auto connection = weak.lock()) call(*connection, turn);
    });
  }

  std::shared_ptr<Loop> loop_;
  std::shared_ptr<Turn> turn_;
  std::weak_ptr<Connection> connection_;
};

}  // namespace

void Turn::end(bool is_gone) {
  if (is_over()) return;
  state_ = is_gone ? State::gone : State::over;
  const std::function<void()> call = std::exchange(when_gone_, nullptr);
  if (is_gone) call_safely(call);
}

void Turn::when_gone(std::function<void()> call) {
  if (state_ == State::gone) call_safely(call);
  if (!is_over()) when_gone_ = std::move(call);
}

std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Loop> loop, std::shared_ptr<Turn> turn,
                                        std::weak_ptr<Connection> connection) {
  return std::make_shared<TurnExchange>(std::move(loop), std::move(turn), std::move(connection));
}

}  // namespace pixnerd::http
