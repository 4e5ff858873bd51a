-- Settings of the stand-ins when they run alone. Beside the business they use scripts/settings.lua.

return {
  { name = "SANDBOX_TARGET", type = "url", required = true,
    help = "where the assistant under test listens, like http://127.0.0.1:8080" },
  { name = "META_APP_SECRET", type = "list", secret = true, default = "sandbox-app-secret",
    help = "signs what the stand-in for Meta posts" },
  { name = "META_ACCESS_TOKEN", type = "secret", default = "sandbox-token", help = "the token that the stand-in for the Graph API wants" },
  { name = "META_PHONE_NUMBER_ID", type = "text", default = "106540352242922", help = "the id of the business's number" },
  { name = "DEEPSEEK_API_KEY", type = "secret", default = "sandbox-key", help = "the key that the stand-in for the model wants" },
  { name = "TRANSCRIBE_API_KEY", type = "secret", help = "the key that the stand-in for the transcriber wants; unset: any" },
  { name = "SLACK_SIGNING_SECRET", type = "list", secret = true, default = "sandbox-signing",
    help = "signs what the stand-in for Slack posts" },
  { name = "SLACK_BOT_TOKEN", type = "secret", help = "the token that the stand-in for Slack's Web API wants" },
  { name = "SLACK_CHANNEL_ID", type = "text", help = "the channel of the stand-in for Slack; with it no other channel exists" },
  { name = "CALCOM_WEBHOOK_SECRET", type = "list", secret = true, help = "signs what the stand-in for Cal.com posts" },
}
