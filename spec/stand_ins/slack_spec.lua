-- The stand-in for Slack as a process of its own. The spec plays the assistant that it posts to.

local crypto = require "host.crypto"
local form = require "channels.slack.form"
local json = require "host.json"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

local TOKEN = "xoxb-right"
local stand_ins, assistant

setup(function()
  assistant = wire.listen()
  stand_ins = standins.new { env = { SLACK_BOT_TOKEN = TOKEN, SLACK_CHANNEL_ID = "C0QUOTES", SANDBOX_TARGET = "http://127.0.0.1:" .. assistant.port } }
end)
teardown(function()
  assistant:close()
  process.close_all()
end)
before_each(function() stand_ins:reset() end)

local function api(method, arguments, options) return (stand_ins:slack_api(method, arguments, options)) end

local function post(fields)
  local message = { channel = "C0QUOTES", text = "x" }
  for name, value in pairs(fields or {}) do message[name] = value end
  return api("chat.postMessage", message)
end

-- The next request that Slack posts; the form's payload or the event is decoded.
local function heard(answer)
  local peer = assert(assistant:accept(5), "Slack posted nothing")
  local request = assert(peer:request(5))
  if answer == false then
    peer:close()
  else
    peer:answer(answer and answer.status or 200, answer and answer.body or "", answer and answer.headers)
    peer:close()
  end
  local stamp = request.headers["x-slack-request-timestamp"]
  request.signed = request.headers["x-slack-signature"] == "v0=" .. crypto.hex(crypto.hmac_sha256(stand_ins.signing_secret, "v0:" .. stamp .. ":" .. request.body))
  local fields = request.path ~= "/slack/events" and form.decode(request.body)
  request.fields = fields
  request.json = json.decode(fields and fields.payload or request.body, { null_as_nil = true })
  return request
end

-- A control that waits for the assistant: the answer is given meanwhile. Returns what it said and what was heard.
local function during(path, wish, answer)
  local peer = wire.dial(stand_ins.port)
  local body = json.encode(wish)
  peer:send(("POST /sandbox/slack/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"):format(path, #body, body))
  local request = heard(answer)
  local said = assert(peer:read(1, 8)[1])
  peer:close()
  return json.decode(said.body, { null_as_nil = true }), request
end

local function box(block_id)
  return { type = "input", block_id = block_id, label = { type = "plain_text", text = "Write" }, optional = true,
    element = { type = "plain_text_input", action_id = "reply_text", multiline = true } }
end
local function section(length) return { type = "section", text = { type = "mrkdwn", text = ("a"):rep(length) } } end
local function buttons(...) return { type = "actions", elements = { ... } } end
local function button(id, fields)
  local out = { type = "button", text = { type = "plain_text", text = id }, action_id = id, value = "1416" }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end
local reasons = { type = "static_select", action_id = "close_reason", options = { { text = { type = "plain_text", text = "Done" }, value = "done" },
  { text = { type = "plain_text", text = "Too far" }, value = "too far" } } }

describe("the Web API of the stand-in for Slack", function()
  before_each(function() stand_ins:workspace { own_events = 0 } end)

  it("refuses with Slack's own error", function()
    local ts = post().ts
    local said = stand_ins:say { text = "by staff" }
    heard()
    local person = "UMARIA"
    for _, case in ipairs {
      { "not_authed", "chat.postMessage", { channel = "C0QUOTES", text = "x" }, { token = "" } },
      { "invalid_auth", "chat.postMessage", { channel = "C0QUOTES", text = "x" }, { token = "xoxb-wrong" } },
      { "unknown_method", "chat.shout", {} },
      { "channel_not_found", "chat.postMessage", { text = "x" } }, { "channel_not_found", "chat.postMessage", { channel = "quotes", text = "x" } },
      { "channel_not_found", "chat.postMessage", { channel = "C0OTHER", text = "x" } }, { "no_text", "chat.postMessage", { channel = "C0QUOTES" } },
      { "invalid_blocks_format", "chat.postMessage", { channel = "C0QUOTES", blocks = "[" }, { form = true } },
      { "msg_too_long", "chat.postMessage", { channel = "C0QUOTES", text = ("a"):rep(40001) } },
      { "msg_blocks_too_long", "chat.postMessage", { channel = "C0QUOTES", blocks = { section(2900), section(2900), section(2900), section(2900), section(2900) } } },
      { "cant_update_message", "chat.update", { channel = "C0QUOTES", ts = said, text = "y" } },
      { "message_not_found", "chat.update", { channel = "C0QUOTES", ts = "1.1", text = "y" } },
      { "cant_delete_message", "chat.delete", { channel = "C0QUOTES", ts = said } },
      { "user_not_in_channel", "chat.postEphemeral", { channel = "C0QUOTES", text = "x", user = "UNOBODY" } },
      { "message_not_found", "chat.getPermalink", { channel = "C0QUOTES", message_ts = "1.1" }, { get = true } },
      { "invalid_name", "reactions.add", { channel = "C0QUOTES", timestamp = ts, name = "no_such_sign" } },
      { "no_item_specified", "reactions.add", { channel = "C0QUOTES", name = "eyes" } },
      { "bad_timestamp", "reactions.add", { channel = "C0QUOTES", timestamp = "x", name = "eyes" } },
      { "message_not_found", "reactions.add", { channel = "C0QUOTES", timestamp = "1.1", name = "eyes" } },
      { "no_reaction", "reactions.remove", { channel = "C0QUOTES", timestamp = ts, name = "eyes" } },
      { "thread_not_found", "conversations.replies", { channel = "C0QUOTES", ts = "1.1" }, { get = true } },
      { "channel_not_found", "conversations.info", { channel = "C0QUOTES" } }, -- it reads forms, not JSON
      { "user_not_found", "users.info", { user = "UNOBODY" }, { form = true } },
      { "invalid_arguments", "files.getUploadURLExternal", { filename = "a.txt", length = 3 } }, -- it reads forms, not JSON
      { "invalid_arguments", "files.getUploadURLExternal", { filename = "a.txt" }, { form = true } },
      { "file_not_found", "files.completeUploadExternal", { files = { { id = "F1" } } } }, { "file_not_found", "files.info", { file = "F1" }, { get = true } },
      { "invalid_trigger_id", "views.open", { trigger_id = "1.2.3", view = { type = "modal", title = { type = "plain_text", text = "x" }, blocks = {} } } },
      { "invalid_arguments", "views.open", { trigger_id = "1.2.3", view = { type = "modal" } } }, { "not_found", "views.update", { view_id = "V1", view = {} } },
    } do
      local answer = api(case[2], case[3], case[4])
      assert.same({ false, case[1] }, { answer.ok, answer.error }, case[2])
    end
    assert.equal("maria", api("users.info", { user = person }, { form = true }).user.name)
    assert.equal("invalid_json", json.decode(wire.http(stand_ins.port, "POST", "/sandbox/slack/api/chat.postMessage",
      { headers = { { "Content-Type", "application/json" }, { "Authorization", "Bearer " .. TOKEN } }, body = "{" }).body).error)
  end)

  it("says where blocks are wrong", function()
    local answer = post { blocks = { { type = "section", text = { type = "mrkdwn", text = ("a"):rep(3001) } } } }
    assert.equal("invalid_blocks", answer.error)
    assert.same({ "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]" }, answer.response_metadata.messages)
    assert.same({ "must be less than 3001 characters [json-pointer:/blocks/0/text/text]" }, answer.errors)
  end)

  it("knows of revoked tokens, missing scopes, and what a token may, from its headers", function()
    local answer, response = stand_ins:slack_api("auth.test", {})
    assert.same({ true, "UASSISTANT" }, { answer.ok, answer.user_id })
    assert.truthy(response.headers["x-oauth-scopes"]:find("chat:write", 1, true))
    stand_ins:workspace { scopes = "channels:read" }
    answer = post()
    assert.same({ "missing_scope", "chat:write", "channels:read" }, { answer.error, answer.needed, answer.provided })
    assert.equal("channels:read", select(2, stand_ins:slack_api("auth.test", {})).headers["x-oauth-scopes"])
    for state, error in pairs { revoked = "token_revoked", expired = "token_expired", inactive = "account_inactive" } do
      stand_ins:workspace { token = state }
      assert.equal(error, post().error)
    end
  end)

  it("keeps out of channels that are archived, not joined, private or gone", function()
    local ts = post().ts
    stand_ins:slack_channel { is_member = false }
    assert.equal("not_in_channel", post().error)
    assert.is_true(api("conversations.join", { channel = "C0QUOTES" }).ok)
    assert.equal("already_in_channel", api("conversations.join", { channel = "C0QUOTES" }).warning)
    assert.is_true(post().ok)
    stand_ins:slack_channel { is_archived = true }
    assert.equal("is_archived", post().error)
    assert.equal("is_archived", api("chat.update", { channel = "C0QUOTES", ts = ts, text = "y" }).error)
    assert.equal("is_archived", api("reactions.add", { channel = "C0QUOTES", timestamp = ts, name = "eyes" }).error)
    assert.is_true(api("conversations.info", { channel = "C0QUOTES" }, { get = true }).channel.is_archived)
    stand_ins:slack_channel { is_archived = false, is_private = true, is_member = false }
    assert.equal("channel_not_found", post().error)
    assert.equal("channel_not_found", api("conversations.join", { channel = "C0QUOTES" }).error)
    stand_ins:slack_channel { is_private = false, gone = true }
    assert.equal("channel_not_found", post().error)
  end)

  it("paces: one message a second to a channel, 20 or 50 calls a minute of a method, and says how long to wait", function()
    stand_ins:workspace { rates = 1, burst = 2 }
    local ts = post().ts
    assert.is_true(post().ok)
    local answer, response = stand_ins:slack_api("chat.postMessage", { channel = "C0QUOTES", text = "x" })
    assert.same({ 429, "ratelimited", "1" }, { response.status, answer.error, response.headers["retry-after"] })
    local status
    for _ = 1, 51 do status = select(2, stand_ins:slack_api("chat.update", { channel = "C0QUOTES", ts = ts, text = "y" })).status end
    assert.equal(429, status)
    assert.is_true(api("chat.getPermalink", { channel = "C0QUOTES", message_ts = ts }, { get = true }).ok)
    shell.until_(function() return post().ok end, 3, "the second to pass")
    local hook = wire.http(stand_ins.port, "POST", "/sandbox/slack/webhook", { body = '{"text":"x"}' })
    assert.same({ 429, "rate_limited" }, { hook.status, hook.body })
  end)

  it("threads: answers belong to their parent; in a thread that is gone they stand in the channel, without a word", function()
    local parent = post { text = "card" }.ts
    local reply = post { text = "one", thread_ts = parent }
    assert.equal(parent, reply.message.thread_ts)
    assert.equal("cannot_reply_to_message", post { thread_ts = reply.ts }.error)
    post { text = "two", thread_ts = parent, reply_broadcast = true }
    local replies = api("conversations.replies", { channel = "C0QUOTES", ts = parent, limit = 2 }, { get = true })
    assert.same({ "card", "one", true }, { replies.messages[1].text, replies.messages[2].text, replies.has_more })
    replies = api("conversations.replies", { channel = "C0QUOTES", ts = parent, limit = 2, cursor = replies.response_metadata.next_cursor }, { get = true })
    assert.same({ "two", "thread_broadcast", false }, { replies.messages[1].text, replies.messages[1].subtype, replies.has_more })
    assert.equal(2, #stand_ins:thread(parent))
    -- A parent with answers leaves a stone; one without is gone.
    assert.is_true(stand_ins:delete { ts = parent }.stone)
    assert.equal(parent, post { thread_ts = parent }.message.thread_ts)
    assert.equal("message_not_found", api("chat.update", { channel = "C0QUOTES", ts = parent, text = "y" }).error)
    local alone = post { text = "alone" }.ts
    assert.is_false(stand_ins:delete { ts = alone }.stone)
    local lost = post { text = "lost", thread_ts = alone }
    assert.same({ true, nil }, { lost.ok, lost.message.thread_ts })
  end)

  it("keeps the blocks of a message that is updated without any, and removes them for an empty list", function()
    local ts = post { blocks = { buttons(button "go") } }.ts
    api("chat.update", { channel = "C0QUOTES", ts = ts, text = "new" })
    assert.same({ "new", 1 }, { stand_ins:message(ts).text, #stand_ins:message(ts).blocks })
    api("chat.update", { channel = "C0QUOTES", ts = ts, text = "new", blocks = json.array() })
    assert.is_nil(stand_ins:message(ts).blocks)
  end)

  it("reacts once, and takes it off", function()
    local ts = post().ts
    local wish = { channel = "C0QUOTES", timestamp = ts, name = "white_check_mark" }
    assert.is_true(api("reactions.add", wish).ok)
    assert.equal("already_reacted", api("reactions.add", wish).error)
    assert.same({ name = "white_check_mark", sign = "✅", users = { "UASSISTANT" }, count = 1 }, stand_ins:message(ts).reactions[1])
    assert.is_true(api("reactions.remove", wish).ok)
    assert.is_nil(stand_ins:message(ts).reactions)
  end)

  it("takes files in three steps, and gives their bytes only for the token", function()
    local parent = post().ts
    local asked = api("files.getUploadURLExternal", { filename = "photo.jpg", length = 5 }, { form = true })
    local path = asked.upload_url:match "^http://[^/]*(/.*)$"
    assert.equal("file_not_found", api("files.completeUploadExternal", { files = { { id = asked.file_id } } }).error)
    assert.equal(400, wire.http(stand_ins.port, "POST", path, { body = "1234" }).status)
    local sent = wire.http(stand_ins.port, "POST", path, { body = "1\0\25545", headers = { { "Content-Type", "application/octet-stream" } } })
    assert.same({ 200, "OK - 5" }, { sent.status, sent.body })
    assert.same({ true, "The back room" }, (function()
      local done = api("files.completeUploadExternal", { files = { { id = asked.file_id, title = "The back room" } }, channel_id = "C0QUOTES", thread_ts = parent })
      return { done.ok, done.files[1].title }
    end)())
    local shared = stand_ins:thread(parent)[1]
    assert.same({ asked.file_id, "image/jpeg", 5 }, { shared.files[1].id, shared.files[1].mimetype, shared.files[1].size })
    local file = api("files.info", { file = asked.file_id }, { get = true }).file
    assert.same({ shared.ts, parent }, { file.shares.public.C0QUOTES[1].ts, file.shares.public.C0QUOTES[1].thread_ts })
    local private = file.url_private_download:match "^http://[^/]*(/.*)$"
    local function get(token) return wire.http(stand_ins.port, "GET", private, { headers = { { "Authorization", "Bearer " .. token } } }) end
    assert.same({ 200, "1\0\25545", "image/jpeg" }, { get(TOKEN).status, get(TOKEN).body, get(TOKEN).headers["content-type"] })
    assert.same({ 302, true }, { get("xoxb-wrong").status, get("xoxb-wrong").headers.location:find "signin" ~= nil })
    stand_ins:workspace { scopes = "chat:write" }
    assert.equal(302, get(TOKEN).status)
  end)

  it("fails on purpose: by name, by method, down, and after it took the message", function()
    stand_ins:fault { slack = { kind = "error", error = "fatal_error", contains = "chat.update", times = 1 } }
    local ts = post().ts
    assert.equal("fatal_error", api("chat.update", { channel = "C0QUOTES", ts = ts, text = "y" }).error)
    assert.is_true(api("chat.update", { channel = "C0QUOTES", ts = ts, text = "y" }).ok)
    stand_ins:fault { slack = "down" }
    assert.equal(503, select(2, stand_ins:slack_api("auth.test", {})).status)
    stand_ins:fault { slack = { kind = "429", retry_after = "30" } }
    assert.equal("30", select(2, stand_ins:slack_api("auth.test", {})).headers["retry-after"])
    stand_ins:fault { slack = { kind = "lost", delay_ms = 10, times = 1 } }
    post { text = "taken" }
    assert.truthy(stand_ins:message "taken")
    stand_ins:fault { slack = { kind = "error", error = "channel_is_archived" } }
    local hook = wire.http(stand_ins.port, "POST", "/sandbox/slack/webhook", { body = '{"text":"x"}' })
    assert.same({ 410, "channel_is_archived" }, { hook.status, hook.body })
    stand_ins:calm()
  end)
end)

describe("the incoming webhook of the stand-in for Slack", function()
  before_each(function() stand_ins:workspace { own_events = 0 } end)
  local function hook(message)
    local answer = wire.http(stand_ins.port, "POST", "/sandbox/slack/webhook", { body = type(message) == "string" and message or json.encode(message) })
    return answer.status .. " " .. answer.body
  end

  it("answers as Slack does", function()
    assert.equal("200 ok", hook { text = "x" })
    assert.equal("400 invalid_payload", hook "[")
    assert.equal("400 no_text", hook {})
    assert.equal("400 invalid_blocks", hook { blocks = { { type = "nothing" } } })
    assert.equal("200 ok", hook { text = "x", blocks = { box "b" } })
    stand_ins:workspace { boxes = "api" }
    assert.equal("400 invalid_blocks", hook { text = "x", blocks = { box "b" } })
    stand_ins:slack_channel { is_archived = true }
    assert.equal("410 channel_is_archived", hook { text = "x" })
    stand_ins:slack_channel { gone = true }
    assert.equal("404 channel_not_found", hook { text = "x" })
  end)
end)

describe("staff in the stand-in for Slack", function()
  before_each(function() stand_ins:workspace { own_events = 0 } end)

  it("click: Slack posts it signed, with what each person has typed in the boxes", function()
    local ts = post { text = "card", blocks = { box "b1", buttons(button "send_reply", reasons), buttons(button("block_customer", { confirm = {
      title = { type = "plain_text", text = "Block?" }, text = { type = "plain_text", text = "x" }, confirm = { type = "plain_text", text = "Yes" },
      deny = { type = "plain_text", text = "No" } } })) } }.ts
    local said, request = during("press", { action_id = "send_reply", user = "Ana", words = { reply_text = "We come at 2", close_reason = "Too far" } })
    assert.same({ 200, false }, { said.status, said.warning })
    assert.same({ true, "/slack/interactive", "application/x-www-form-urlencoded" }, { request.signed, request.path, request.headers["content-type"] })
    local click = request.json
    assert.same({ "block_actions", "UANA", "ana", ts, "C0QUOTES" }, { click.type, click.user.id, click.user.name, click.container.message_ts, click.channel.id })
    assert.same({ "send_reply", "1416", "button" }, { click.actions[1].action_id, click.actions[1].value, click.actions[1].type })
    assert.same({ type = "plain_text_input", value = "We come at 2" }, click.state.values.b1.reply_text)
    local block_id = click.actions[1].block_id
    assert.equal("too far", click.state.values[block_id].close_reason.selected_option.value)
    assert.equal("card", click.message.text)
    -- Her words stay in her box, and he sees his own.
    assert.is_nil(select(2, during("press", { action_id = "send_reply", user = "Bo" })).json.state.values.b1.reply_text.value)
    assert.equal("We come at 2", select(2, during("press", { action_id = "send_reply", user = "Ana" })).json.state.values.b1.reply_text.value)
    -- A menu among buttons is a click of its own; a question is asked first.
    local _, choice = during("press", { action_id = "close_reason", option = "done" })
    assert.same({ "static_select", "done" }, { choice.json.actions[1].type, choice.json.actions[1].selected_option.value })
    local body = json.encode { action_id = "block_customer" }
    assert.equal(409, wire.http(stand_ins.port, "POST", "/sandbox/slack/press", { body = body }).status)
    assert.equal("block_customer", select(2, during("press", { action_id = "block_customer", confirm = true })).json.actions[1].action_id)
    assert.is_true(during("press", { action_id = "send_reply" }, { status = 500 }).warning)
    body = json.encode { action_id = "reply_text", option = "Enter" }
    assert.equal(400, wire.http(stand_ins.port, "POST", "/sandbox/slack/press", { body = body }).status)
  end)

  it("keep their words when the card changes only in a box with the same id", function()
    local ts = post { blocks = { box "b1", box(nil), buttons(button "send_reply") } }.ts
    stand_ins:type { words = { reply_text = "half a sen" }, ts = ts }
    local function typed()
      local of = stand_ins:message(ts).boxes
      return of and of.maria.b1 and of.maria.b1.reply_text.value
    end
    assert.equal("half a sen", typed())
    local first = stand_ins:message(ts).blocks
    api("chat.update", { channel = "C0QUOTES", ts = ts, text = "y", blocks = { box "b1", box(nil), buttons(button "send_reply") } })
    assert.equal("half a sen", typed())
    assert.not_equal(first[2].block_id, stand_ins:message(ts).blocks[2].block_id)
    api("chat.update", { channel = "C0QUOTES", ts = ts, text = "y", blocks = { box "b2", buttons(button "send_reply") } })
    assert.is_nil(typed())
    local refused = wire.http(stand_ins.port, "POST", "/sandbox/slack/type", { body = json.encode { words = { reply_text = ("a"):rep(3001) }, ts = ts } })
    assert.equal(400, refused.status)
  end)

  it("get answers by response_url: five, within thirty minutes, seen by the clicker alone unless it replaces", function()
    local ts = post { text = "card", blocks = { buttons(button "go") } }.ts
    local _, request = during("press", { action_id = "go", user = "ana" })
    local path = request.json.response_url:match "^http://[^/]*(/.*)$"
    local function respond(message)
      local answer = wire.http(stand_ins.port, "POST", path, { body = json.encode(message) })
      return answer.status .. " " .. answer.body
    end
    assert.equal("200 ok", respond { text = "for you", response_type = "ephemeral", replace_original = false })
    assert.same({ true, "ana", "response" }, { stand_ins:message("for you").ephemeral, stand_ins:message("for you").user, stand_ins:message("for you").via })
    assert.equal("200 ok", respond { text = "new card", replace_original = true })
    assert.same({ "new card", 1 }, { stand_ins:message(ts).text, stand_ins:message(ts).updates })
    assert.equal("200 ok", respond { text = "for all", response_type = "in_channel" })
    assert.is_false(stand_ins:message("for all").ephemeral)
    assert.equal("400 invalid_blocks", respond { text = "x", blocks = { { type = "nothing" } } })
    assert.equal("200 ok", respond { delete_original = true })
    assert.is_nil(stand_ins:message(ts))
    assert.equal("404 used_url", respond { text = "sixth" })
  end)

  it("run a command: signed, with the answer shown to them alone", function()
    local said, request = during("command", { text = "find 1416", user = "ana" },
      { body = json.encode { response_type = "ephemeral", text = "Nobody." }, headers = { ["Content-Type"] = "application/json" } })
    assert.same({ true, "/slack/commands", "/assistant", "find 1416", "ana" },
      { request.signed, request.path, request.fields.command, request.fields.text, request.fields.user_name })
    assert.is_false(said.warning)
    assert.same({ true, "ana" }, { stand_ins:message("Nobody.").ephemeral, stand_ins:message("Nobody.").user })
    said = during("command", { text = "x" }, { body = json.encode { blocks = { { type = "nothing" } } }, headers = { ["Content-Type"] = "application/json" } })
    assert.same({ true, "invalid_blocks" }, { said.warning, said.error })
  end)

  it("write: the event is signed, escaped, and comes again up to three times when it is not answered with 200", function()
    stand_ins:workspace { minute_ms = 1 }
    local card = post().ts
    local ts = stand_ins:say { text = "We can <b> come & go", thread_ts = card, user = "ana" }
    local first = heard { status = 500 }
    assert.same({ true, "event_callback", "message", "We can &lt;b&gt; come &amp; go", ts, card, "UANA", "channel" },
      { first.signed, first.json.type, first.json.event.type, first.json.event.text, first.json.event.ts, first.json.event.thread_ts, first.json.event.user,
        first.json.event.channel_type })
    assert.is_nil(first.headers["x-slack-retry-num"])
    local second = heard(false)
    assert.same({ "1", "http_error", first.body }, { second.headers["x-slack-retry-num"], second.headers["x-slack-retry-reason"], second.body })
    assert.equal("2", heard({ status = 500 }).headers["x-slack-retry-num"])
    assert.equal("3", heard({ status = 500 }).headers["x-slack-retry-num"])
    -- No fourth time: the next thing heard is another message; and X-Slack-No-Retry ends it at once.
    stand_ins:say { text = "next" }
    assert.equal("next", heard({ status = 500, headers = { ["X-Slack-No-Retry"] = "1" } }).json.event.text)
    stand_ins:say { text = "last" }
    assert.equal("last", heard().json.event.text)
  end)

  it("can be heard eleven times, with one event_id or with eleven", function()
    stand_ins:say { text = "again", copies = 11 }
    local ids = {}
    for _ = 1, 11 do ids[heard().json.event_id] = true end
    local count = 0
    for _ in pairs(ids) do count = count + 1 end
    assert.equal(1, count)
    ids, count = {}, 0
    local ts = stand_ins:say { text = "again", copies = 3, new_ids = true }
    for _ = 1, 3 do
      local event = heard().json
      assert.equal(ts, event.event.ts)
      ids[event.event_id] = true
    end
    for _ in pairs(ids) do count = count + 1 end
    assert.equal(3, count)
  end)

  it("edit, delete, react, share and broadcast: each is the event that Slack posts", function()
    local card = post().ts
    local ts = stand_ins:say { text = "tomorow", thread_ts = card }
    heard()
    stand_ins:edit { ts = ts, text = "tomorrow" }
    local changed = heard().json.event
    assert.same({ "message_changed", "tomorrow", "tomorow", ts, "UMARIA" },
      { changed.subtype, changed.message.text, changed.previous_message.text, changed.message.ts, changed.message.edited.user })
    assert.not_equal(ts, changed.ts)
    stand_ins:edit { ts = stand_ins:say { text = "https://example.com/" }, unfurl = true }
    heard()
    local unfurled = heard().json.event
    assert.same({ "message_changed", unfurled.previous_message.text, nil }, { unfurled.subtype, unfurled.message.text, unfurled.message.edited })
    stand_ins:delete { ts = ts }
    local gone = heard().json.event
    assert.same({ "message_deleted", ts, "tomorrow" }, { gone.subtype, gone.deleted_ts, gone.previous_message.text })
    stand_ins:react { ts = card, name = "eyes" }
    local reaction = heard().json.event
    assert.same({ "reaction_added", "eyes", card, "UASSISTANT" }, { reaction.type, reaction.reaction, reaction.item.ts, reaction.item_user })
    local _, ids = stand_ins:share { name = "room.png", text = "look", thread_ts = card }
    local shared = heard().json.event
    assert.same({ "file_share", ids[1], "image/png", "look", card },
      { shared.subtype, shared.files[1].id, shared.files[1].mimetype, shared.text, shared.thread_ts })
    assert.equal(shared.files[1].size, #stand_ins:file(ids[1]))
    stand_ins:say { text = "to all", thread_ts = card, broadcast = true }
    assert.equal("thread_broadcast", heard().json.event.subtype)
    stand_ins:say { text = "I am a bot", bot = true }
    local other = heard().json.event
    assert.same({ "bot_message", "BSOMEOTHER" }, { other.subtype, other.bot_id })
  end)

  it("let the assistant hear its own messages, as every bot does", function()
    stand_ins:workspace { own_events = 1 }
    local ts = post { text = "mine" }.ts
    local own = heard().json.event
    assert.same({ ts, "BASSISTANT", "UASSISTANT", "A0SANDBOX" }, { own.ts, own.bot_id, own.user, own.app_id })
    api("chat.update", { channel = "C0QUOTES", ts = ts, text = "mine, changed" })
    assert.equal("message_changed", heard().json.event.subtype)
  end)

  it("check the address of the events by a challenge", function()
    local peer = wire.dial(stand_ins.port)
    peer:send "POST /sandbox/slack/verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    local there = assert(assistant:accept(5))
    local challenge = json.decode(there:request(5).body).challenge
    there:answer(200, json.encode { challenge = challenge })
    assert.is_true(json.decode(peer:read(1, 5)[1].body).verified)
    there:close()
    peer:close()
  end)
end)

describe("modals in the stand-in for Slack", function()
  before_each(function() stand_ins:workspace { own_events = 0 } end)

  local function view(fields)
    local out = { type = "modal", callback_id = "edit", title = { type = "plain_text", text = "Edit" }, submit = { type = "plain_text", text = "Save" },
      private_metadata = "1416", blocks = { { type = "input", block_id = "amount", label = { type = "plain_text", text = "Amount" },
        element = { type = "plain_text_input", action_id = "quote_amount", initial_value = "300" } } } }
    for name, value in pairs(fields or {}) do out[name] = value end
    return out
  end
  local function trigger()
    post { blocks = { buttons(button "edit") } }
    return select(2, during("press", { action_id = "edit", ts = stand_ins:message("edit").ts })).json.trigger_id
  end
  local function answer(value) return { body = json.encode(value), headers = { ["Content-Type"] = "application/json" } } end

  it("open by a click, for three seconds, once; and are submitted with what is in their boxes", function()
    local id = trigger()
    local opened = api("views.open", { trigger_id = id, view = view() })
    assert.is_true(opened.ok)
    assert.equal("exchanged_trigger_id", api("views.open", { trigger_id = id, view = view() }).error)
    assert.equal(opened.view.id, stand_ins:views()[1].view.id)
    assert.truthy(stand_ins:submit({ words = { quote_amount = "" } }).unfilled.amount)
    local said, request = during("submit", { words = { quote_amount = "abc" } }, answer { response_action = "errors", errors = { amount = "No amount." } })
    assert.same({ amount = "No amount." }, said.errors)
    local submitted = request.json
    assert.same({ true, "view_submission", "edit", "1416", "UMARIA" },
      { request.signed, submitted.type, submitted.view.callback_id, submitted.view.private_metadata, submitted.user.id })
    assert.same({ type = "plain_text_input", value = "abc" }, submitted.view.state.values.amount.quote_amount)
    assert.is_true(during("submit", { words = {} }, answer { response_action = "errors", errors = { other = "x" } }).warning)
    assert.is_true(during("submit", { words = { quote_amount = "350" } }).closed)
    assert.same({}, stand_ins:views())
  end)

  it("are refused when the trigger is old or the view is none", function()
    local id = trigger()
    local answered = api("views.open", { trigger_id = id, view = view { title = { type = "plain_text", text = ("a"):rep(25) } } })
    assert.same({ "invalid_arguments", "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]" },
      { answered.error, answered.response_metadata.messages[1] })
    assert.equal("view_too_large", api("views.open", { trigger_id = id, view = view { blocks = { { type = "section", text = { type = "mrkdwn",
      text = ("a"):rep(260 * 1024) } } } } }).error)
    stand_ins:workspace { trigger_ms = -1 }
    assert.equal("expired_trigger_id", api("views.open", { trigger_id = id, view = view() }).error)
  end)

  it("are updated and pushed, three deep, and closed", function()
    local opened = api("views.open", { trigger_id = trigger(), view = view { external_id = "one" } }).view
    assert.equal("hash_conflict", api("views.update", { view_id = opened.id, hash = "old", view = view() }).error)
    local changed = api("views.update", { external_id = "one", hash = opened.hash, view = view { external_id = "one", callback_id = "second" } }).view
    assert.same({ opened.id, "second" }, { changed.id, changed.callback_id })
    local said = during("submit", { words = {} }, answer { response_action = "push", view = view { callback_id = "third" } })
    assert.same({ "third", opened.id, opened.id }, { said.view.callback_id, said.view.root_view_id, said.view.previous_view_id })
    assert.equal("fourth", during("submit", { words = {} }, answer { response_action = "update", view = view { callback_id = "fourth" } }).view.callback_id)
    assert.equal("fifth", during("submit", { words = {} }, answer { response_action = "push", view = view { callback_id = "fifth", notify_on_close = true } }).view.callback_id)
    assert.equal("push_limit_reached", during("submit", { words = {} }, answer { response_action = "push", view = view() }).error)
    local _, closed = during("close", {})
    assert.same({ "view_closed", "fifth" }, { closed.json.type, closed.json.view.callback_id })
    assert.is_true(during("submit", { words = {} }, answer { response_action = "clear" }).cleared)
    assert.same({}, stand_ins:views())
  end)

  it("hold buttons, whose clicks name the modal", function()
    api("views.open", { trigger_id = trigger(), view = view { blocks = { buttons(button "more"), view().blocks[1] } } })
    local _, request = during("press", { action_id = "more", words = { quote_amount = "12" } })
    assert.same({ "12", nil }, { request.json.view.state.values.amount.quote_amount.value, request.json.state })
    assert.same({ "view", "more", nil }, { request.json.container.type, request.json.actions[1].action_id, request.json.response_url })
    assert.equal("edit", request.json.view.callback_id)
  end)
end)
