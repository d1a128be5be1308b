#include "app/scrapes.hpp"

#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kScrapesApart{100};

}  // namespace

Scrapes::Scrapes(net::Runtime& net, const base::Clock& clock, std::function<std::string()> render)
    : clock_(clock), render_(std::move(render)), strand_(net), timer_(strand_) {}

void Scrapes::ask(Answer answer) {
  strand_.post([this, answer = std::move(answer)]() mutable {
    waiting_.push_back(std::move(answer));
    if (armed_) return;
    const auto now = clock_.steady();
    if (now >= next_) return answer_all();
    armed_ = true;
    timer_.arm(std::chrono::ceil<base::Millis>(next_ - now), [this] {
      armed_ = false;
      answer_all();
    });
  });
}

void Scrapes::answer_all() {
  const auto text = render_();
  next_ = clock_.steady() + kScrapesApart;
  for (auto& answer : std::exchange(waiting_, {})) answer(text);
}

}  // namespace belfry::app
