#include "store/operations/digest.hpp"

#include <algorithm>
#include <iterator>

#include "base/ids.hpp"
#include "model/codec.hpp"
#include "store/operations/steps.hpp"

namespace belfry::store::operations {
namespace {

// Moves members of a digest to a new digest, which waits behind it.
DeliveryRow part_of(Tables& tables, const DeliveryRow& digest, const std::vector<RowId>& members, QueueRow& queue, base::Timestamp now) {
  const auto& whole = digest.delivery;
  DeliveryRow part{.notification = members.front(),
                   .queue = digest.queue,
                   .email = digest.email,
                   .joins_at = digest.joins_at,
                   .time_of_day = digest.time_of_day};
  part.delivery = {.id = base::new_id(now),
                   .kind = whole.kind,
                   .note = whole.note,
                   .notification_id = whole.notification_id,
                   .sink = whole.sink,
                   .destination = whole.destination,
                   .overrides = whole.overrides,
                   .route = whole.route,
                   .fallback = whole.fallback,
                   .sensitive = whole.sensitive,
                   .allow_sensitive = whole.allow_sensitive,
                   .created_at = whole.created_at,
                   .due_at = whole.due_at,
                   .expires_at = whole.expires_at,
                   // An attempt of the whole digest may have delivered these members too.
                   .possible_duplicate = whole.possible_duplicate || digest.open_attempt != 0,
                   .fallback_of = whole.fallback_of};
  if (const auto first = tables.notification(members.front())) {
    part.delivery.notification_id = first->id;
    part.event = first->event;
  }
  part.delivery.sequence = static_cast<std::uint64_t>(tables.add(part));
  for (const auto member : members) tables.move_member(digest.row(), member, part.row());
  ++queue.deliveries;
  return part;
}

// Reads a digest, member by member, up to the limits of one message.
class DigestReader {
 public:
  DigestReader(Tables& tables, const DeliveryRow& row, base::Timestamp now) : tables_(tables), row_(row), now_(now) {}

  base::Result<Contents> read(QueueRow& queue) {
    const auto members = tables_.members(row_.row());
    if (members.empty()) return base::fail("the digest has no notification");
    auto member = members.begin();
    for (; member != members.end(); ++member) {
      if (!read_member(*member)) break;
    }
    const std::vector<RowId> rest(member, members.end());
    // The first member identifies the digest: it stays and fails with it, and the readable members move to new digests.
    if (!broken_.empty() && broken_.front() == members.front()) {
      std::erase_if(broken_, [&](RowId id) { return id == members.front(); });
      std::vector<RowId> others(std::next(members.begin()), members.end());
      std::erase_if(others, [&](RowId id) { return std::ranges::find(broken_, id) != broken_.end(); });
      split_rest(others, queue);
      return base::fail(why_);
    }
    if (!broken_.empty()) {
      auto part = part_of(tables_, row_, broken_, queue, now_);
      make_dead_letter(tables_, part, why_, now_);
    }
    split_rest(rest, queue);
    return std::move(contents_);
  }

 private:
  // False: the member does not fit.
  bool read_member(RowId id) {
    const auto text = tables_.text(id);
    if (!fits_digest(contents_.items.size(), contents_.bytes, text.size())) return false;
    auto item = model::decode_notification(text);
    if (item) {
      contents_.items.push_back(std::move(*item));
      contents_.bytes += text.size();
    } else {
      broken_.push_back(id);
      why_ = std::move(item.error().message);
    }
    return true;
  }

  // Makes as few digests as the limits allow.
  void split_rest(const std::vector<RowId>& members, QueueRow& queue) {
    std::vector<RowId> part;
    std::size_t bytes = 0;
    const auto close = [&] {
      if (part.empty()) return;
      const auto row = part_of(tables_, row_, part, queue, now_);
      add_decision(tables_, row, "digested", "carries the notifications that did not fit into digest " + row_.delivery.id, now_);
      part.clear();
      bytes = 0;
    };
    for (const auto member : members) {
      const auto added = tables_.text_bytes(member);
      if (!fits_digest(part.size(), bytes, added)) close();
      part.push_back(member);
      bytes += added;
    }
    close();
  }

  Tables& tables_;
  const DeliveryRow& row_;
  const base::Timestamp now_;
  Contents contents_;
  std::vector<RowId> broken_;
  std::string why_;
};

}  // namespace

base::Result<Contents> read_contents(Tables& tables, const DeliveryRow& row, QueueRow& queue, base::Timestamp now) {
  if (row.delivery.kind == model::DeliveryKind::digest) return DigestReader(tables, row, now).read(queue);
  const auto text = tables.text(row.notification);
  auto item = model::decode_notification(text);
  if (!item) return std::unexpected(std::move(item.error()));
  Contents contents{.bytes = text.size()};
  contents.items.push_back(std::move(*item));
  return contents;
}

}  // namespace belfry::store::operations
