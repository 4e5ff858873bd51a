-- Runs one service with its stand-ins, and lets a spec chat with it in few calls.
--
--   local scene = chat.open{env = {…} | function(stand_ins) → {…}, files = {…}, …}      as process.new; scene.service, scene.stand_ins;   scene:close()
--   scene:plan(answer | reply, text) → word    what the model answers when this word comes up: a reply (text; the word is added), or
--                                              a whole plan without `contains`
--   scene:ask(phone, reply | plan, text) → word     the customer writes `text` and a word of its own, the model answers as planned
--   scene:sent(phone, text, count, timeout) → list  waits until count (1) sends with this text were answered with 200
--   scene:tries(phone, text) → list                 all sends with this text, also refused and unanswered ones
--   scene:marker(timeout)                           another customer is asked and answered by the model: what was due before has run
--   scene:message(text) → row of messages           what we said with this text; scene:state(text, state, timeout) waits for its state
--   scene:posts(text, count) → list                 waits for count (1) accepted posts to Slack that hold this text
--   scene:column(phone, name)                       of the conversation

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

local M = {}
local Scene = {}
Scene.__index = Scene

function M.open(options)
  options = options or {}
  local scene = setmetatable({ stand_ins = options.stand_ins or standins.new() }, Scene)
  options.stand_ins = scene.stand_ins
  local env = options.env
  options.env = type(env) == "function" and env(scene.stand_ins) or env or {}
  options.env.TURN_QUIET_MS = options.env.TURN_QUIET_MS or 30
  scene.service = process.new(options)
  return scene
end

M.close_all = process.close_all

function Scene:close()
  self.service:close()
  self.stand_ins:close()
end

function Scene:plan(wish, word)
  word = word or meta.word()
  if type(wish) ~= "table" then wish = { answer = { reply_to_user = (wish or "Thanks! Are there any stairs involved?") .. " " .. word } } end
  wish.contains = word
  self.stand_ins:plan(wish)
  return word
end

function Scene:ask(phone, wish, text)
  local word = self:plan(wish)
  self.service:say(phone, (text or "I have a couch") .. " " .. word)
  return word
end

function Scene:tries(phone, text) return self.stand_ins:sends(phone, text) end

function Scene:sent(phone, text, count, timeout)
  return shell.until_(function()
    local list = {}
    for _, one in ipairs(self:tries(phone, text)) do
      if one.status == 200 then list[#list + 1] = one end
    end
    return #list >= (count or 1) and list
  end, timeout or 6, ("%d sends with '%s'"):format(count or 1, text or ""))
end

function Scene:marker(timeout)
  local phone = meta.phone()
  self:sent(phone, self:ask(phone), 1, timeout)
end

local function quoted(text) return "'" .. text:gsub("'", "''") .. "'" end

function Scene:message(text)
  return self.service:rows("SELECT * FROM messages WHERE role = 'assistant' AND instr(content, " .. quoted(text) .. ") > 0 ORDER BY rowid DESC LIMIT 1")[1]
end

function Scene:state(text, state, timeout)
  local row
  return shell.until_(function()
    row = self:message(text)
    return row and row.state == state and row
  end, timeout or 6, "the message '" .. text .. "' in state " .. state)
end

function Scene:posts(text, count, timeout)
  return shell.until_(function()
    local list = {}
    for _, post in ipairs(self.stand_ins:posts(text)) do
      if post.status == 200 then list[#list + 1] = post end
    end
    return #list >= (count or 1) and list
  end, timeout or 6, ("%d posts in Slack with '%s'"):format(count or 1, text))
end

function Scene:column(phone, name) return self.service:value("SELECT " .. name .. " FROM conversations WHERE id = " .. quoted(phone)) end

function Scene:known(phone)
  local text = self.service:value("SELECT json_dump FROM quote_data WHERE conversation_id = " .. quoted(phone))
  return text and json.decode(text) or {}
end

return M
