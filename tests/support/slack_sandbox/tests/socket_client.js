// Runs the official client (npm @slack/socket-mode) against the sandbox and prints one line of JSON per event.
// socket_client.js API_URL APP_TOKEN [PING_TIMEOUT_MS]: acknowledges everything except actions whose action_id is "ignored".
const { SocketModeClient, LogLevel } = require("@slack/socket-mode");

const [apiUrl, appToken, pingTimeout] = process.argv.slice(2);
const emit = (event, more = {}) => process.stdout.write(JSON.stringify({ event, ...more }) + "\n");
const client = new SocketModeClient({
  appToken,
  logLevel: LogLevel.ERROR,
  clientPingTimeout: Number(pingTimeout ?? 5000),
  clientOptions: { slackApiUrl: apiUrl },
});

for (const event of ["connecting", "authenticated", "connected", "reconnecting", "disconnecting", "disconnected", "close"]) {
  client.on(event, () => emit(event));
}
client.on("interactive", async ({ ack, body, envelope_id, accepts_response_payload }) => {
  const action_id = body.actions[0].action_id;
  if (action_id !== "ignored") await ack();
  emit("interactive", { action_id, envelope_id, accepts_response_payload, size: JSON.stringify(body).length });
});
client.start().catch((error) => {
  emit("failed", { error: error?.data?.error ?? String(error) });
  process.exit(1);
});
process.stdin.resume();
process.stdin.on("end", () => client.disconnect().then(() => process.exit(0)));
