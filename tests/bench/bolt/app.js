// The Bolt application from Coder's guide: looks up the user and posts the message within the webhook request.
// PORT, SLACK_API_URL, SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET come from the environment.
import bolt from "@slack/bolt";

const { App, ExpressReceiver } = bolt;
const receiver = new ExpressReceiver({ signingSecret: process.env.SLACK_SIGNING_SECRET });
const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  receiver,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

receiver.router.use((await import("express")).default.json());
receiver.router.post("/v1/webhook", async (request, response) => {
  try {
    const { title, body, payload } = request.body;
    if (!title || !body || !payload?.user_email || !payload?.actions) {
      response.status(400).send("missing field");
      return;
    }
    const found = await app.client.users.lookupByEmail({ email: payload.user_email });
    const blocks = [
      { type: "header", text: { type: "plain_text", text: title } },
      { type: "section", text: { type: "mrkdwn", text: body } },
    ];
    if (payload.actions.length > 0) {
      blocks.push({
        type: "actions",
        elements: payload.actions.map((action) => ({
          type: "button",
          text: { type: "plain_text", text: action.label },
          url: action.url,
        })),
      });
    }
    await app.client.chat.postMessage({ channel: found.user.id, text: body, blocks });
    response.status(204).send();
  } catch (error) {
    console.error("webhook failed", error);
    response.status(500).send("failed");
  }
});
app.action("button_click", async ({ ack }) => ack());

await app.start(Number(process.env.PORT));
