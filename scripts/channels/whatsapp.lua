-- WhatsApp's routes. whatsapp/inbound checks what Meta posts, read goes through it, hear stores a message, statuses deliveries, say stores
-- what we say, send is the job that sends it, answers stores what came of it, pace says how fast, access what to do while we are refused,
-- codes explains Meta's errors.

local asks = require "channels.whatsapp.asks"
local block = require "channels.whatsapp.block"
local crypto = require "host.crypto"
local fetch = require "channels.whatsapp.fetch"
local hear = require "channels.whatsapp.hear"
local forms = require "channels.whatsapp.forms"
local inbox = require "host.inbox"
local nudge = require "channels.whatsapp.nudge"
local read = require "channels.whatsapp.read"
local say = require "channels.whatsapp.say"
local send = require "channels.whatsapp.send"
local settings = require "host.settings"
local signature = require "channels.signature"
local templates = require "channels.whatsapp.templates"
local strip = require "channels.whatsapp.strip"
local typing = require "channels.whatsapp.typing"
local voice = require "channels.whatsapp.voice"

local M = {
  read = read.run,
  say = say.say,
  form = asks.form, quoted = asks.quoted,
  template = templates.form, file = forms.of_file,
  draft = say.draft,
  recall = say.recall,
  hush = say.hush,
  block = block.run, blocked = block.list,
  send = send.run,
  nudge = nudge.run, plan_nudge = nudge.plan,
  fetch = fetch.run, media_word = fetch.word, media_sweep = fetch.sweep,
  words_due = voice.due, unheard = voice.unheard,
  typing = send.typing, keep_typing = typing.keep,
  raw = { without = strip.person, parts = strip.parts }, -- finds a person in the bytes of a webhook (person/)
}

function M.transcribe(job) return voice.run(job, hear.said) end

function M.start()
  send.start()
  voice.start()
end

local CHALLENGE_BYTES = 1024
local SIGNATURE = "x-hub-signature-256"
local SIGNATURE_BYTES = 71 -- "sha256=" and 64 hex digits
local OK = { status = 200, headers = { ["Content-Type"] = "text/plain" }, body = "" }
local FORBIDDEN = { status = 403, headers = { ["Content-Type"] = "application/json" }, body = '{"error":"forbidden"}' }

-- Did Meta sign these bytes? The header must be there exactly once. The comparison takes constant time, with each secret while one is
-- rotated.
local function authentic(request)
  local header, twice = request:header(SIGNATURE)
  if not header or twice then return false end
  local hex = #header == SIGNATURE_BYTES and header:sub(1, 7) == "sha256=" and header:sub(8)
    or header:match("^sha256=(%x+)[ \t]*$")
  if not hex or #hex ~= 64 then return false end
  return signature.any(settings.get("META_APP_SECRET"), request.body, hex)
end

---POST /whatsapp/webhook: stores signed bytes unchanged, and answers 200 when they are durable. They are read afterwards.
---@param request host.Request
---@return host.Response
function M.receive(request)
  if not authentic(request) then return signature.UNAUTHORIZED end
  inbox.put("whatsapp", request.body)
  return OK
end

---GET /whatsapp/webhook: Meta asks once whether this address is ours.
---@param request host.Request
---@return host.Response
function M.verify(request)
  local query, repeated = request.query, request.repeated
  local mode, token, challenge = query["hub.mode"], query["hub.verify_token"], query["hub.challenge"]
  if repeated["hub.mode"] or repeated["hub.verify_token"] or repeated["hub.challenge"] then return FORBIDDEN end
  if mode ~= "subscribe" or not token or not crypto.equal(token, settings.get("META_VERIFY_TOKEN")) then return FORBIDDEN end
  if not challenge or challenge == "" or #challenge > CHALLENGE_BYTES or challenge:find("[%c\127]") then return FORBIDDEN end
  return { status = 200, headers = { ["Content-Type"] = "text/plain; charset=utf-8" }, body = challenge }
end

return M
