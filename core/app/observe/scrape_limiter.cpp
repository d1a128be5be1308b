#include "app/observe/scrape_limiter.hpp"

#include <utility>

namespace belfry::app {
namespace {

constexpr base::Millis kMinScrapeInterval{100};

}  // namespace

ScrapeLimiter::ScrapeLimiter(net::Runtime& net, const base::Clock& clock, std::function<std::string()> render)
    : clock_(clock), render_(std::move(render)), strand_(net), timer_(strand_) {}

void ScrapeLimiter::request(Answer answer) {
  strand_.post([this, answer = std::move(answer)]() mutable {
    waiting_.push_back(std::move(answer));
    if (armed_) return;
    const auto now = clock_.steady();
    if (now >= next_) return answer_all();
    timer_.arm(std::chrono::ceil<base::Millis>(next_ - now), [this] {
      armed_ = false;
      answer_all();
    });
    armed_ = true;  // after arm(), which may throw
  });
}

void ScrapeLimiter::answer_all() {
  const auto text = render_();
  next_ = clock_.steady() + kMinScrapeInterval;
  for (auto& answer : std::exchange(waiting_, {})) answer(text);
}

}  // namespace belfry::app
