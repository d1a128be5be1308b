#include "plugin/contract/message_view.hpp"

#include "model/codec.hpp"
#include "plugin/contract/abi.hpp"

namespace belfry::plugin {

namespace {

// The message holds gateway time; plugins and readers expect wall-clock time.
std::string document(const model::Message& message, base::Millis wall_offset) {
  if (wall_offset.count() == 0) return model::message_document(message);
  auto shown = message;
  for (auto& item : shown.items) item.received_at += wall_offset;
  return model::message_document(shown);
}

}  // namespace

MessageView::MessageView(const SendRequest& send, belfry_ticket ticket, base::SteadyTime deadline, base::Millis wall_offset)
    : body_(document(*send.message, wall_offset)) {
  const auto& delivery = send.message->delivery;
  const bool sensitive = delivery.sensitive || std::ranges::any_of(send.message->items, &model::Notification::sensitive);
  table_.size = sizeof(belfry_message);
  table_.attempt = send.attempt;
  table_.flags = (delivery.possible_duplicate ? BELFRY_MESSAGE_POSSIBLE_DUPLICATE : 0U) | (sensitive ? BELFRY_MESSAGE_SENSITIVE : 0U);
  table_.ticket = ticket;
  table_.deadline_ms = to_monotonic_ms(deadline);
  table_.delivery_id = str(delivery.id);
  table_.body_json = str(body_);
}

InboundView::InboundView(const net::ServerRequest& request, base::SteadyTime deadline) : headers_(header_tables(request.headers)) {
  table_.size = sizeof(belfry_inbound_request);
  table_.header_count = static_cast<std::uint32_t>(headers_.size());
  table_.method = str(request.method);
  table_.path = str(request.path);
  table_.query = str(request.query);
  table_.headers = headers_.data();
  table_.body = str(request.body);
  table_.deadline_ms = to_monotonic_ms(deadline);
}

std::vector<belfry_http_header> header_tables(const net::Headers& headers) {
  std::vector<belfry_http_header> tables;
  for (const auto& [name, value] : headers.list()) tables.push_back({str(name), str(value)});
  return tables;
}

}  // namespace belfry::plugin
