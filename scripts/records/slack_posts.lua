-- The table slack_posts: messages of Slack that stand for messages of a chat: those that the bot posted in the case's thread, and those
-- that staff wrote there. Nothing here waits.

local db = require "host.db"

local M = {}

---@class records.SlackPost
---@field channel string
---@field ts string
---@field conversation_id string
---@field message_id? string the message that it is or became
---@field staff integer 1: staff wrote it
---@field held? string JSON: what staff wrote while the assistant has the chat, until they decide
---@field sign? string the reaction that shows the state

---@param post {channel: string, ts: string, conversation: string, message?: string, staff: boolean}
---@return boolean fresh false: it is known already
function M.add(post)
  return db.run("INSERT INTO slack_posts(channel, ts, conversation_id, message_id, staff) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    post.channel, post.ts, post.conversation, post.message, post.staff and 1 or 0) == 1
end

---@return records.SlackPost?
function M.get(channel, ts)
  return db.one("SELECT * FROM slack_posts WHERE channel = ? AND ts = ?", channel, ts)
end

---@return records.SlackPost?
function M.of_message(message_id)
  return db.one("SELECT * FROM slack_posts WHERE message_id = ? ORDER BY staff DESC LIMIT 1", message_id)
end

---What staff wrote there became this message.
function M.became(channel, ts, message_id)
  db.run("UPDATE slack_posts SET message_id = ?, held = NULL WHERE channel = ? AND ts = ?", message_id, channel, ts)
end

---@param held? string JSON
function M.hold(channel, ts, held)
  db.run("UPDATE slack_posts SET held = ? WHERE channel = ? AND ts = ?", held, channel, ts)
end

---@param sign? string
function M.signed(channel, ts, sign)
  db.run("UPDATE slack_posts SET sign = ? WHERE channel = ? AND ts = ?", sign, channel, ts)
end

return M
