-- The table quote_data: what is known for a quote, as one JSON object a chat.

local answers = require "language.answers"
local conversations = require "records.conversations"
local db = require "host.db"
local json = require "host.json"
local photos = require "language.photos"
local plain = require "language.text"
local time = require "host.time"

local M = {}

-- The values that are text. Another program may have written a number or a boolean: it becomes text. Anything else is no value.
local function texts(stored)
  local data = {}
  for name, value in pairs(type(stored) == "table" and stored or {}) do
    if type(value) == "number" or type(value) == "boolean" then value = tostring(value) end
    if type(name) == "string" and type(value) == "string" then data[name] = value end
  end
  return data
end

---@return table<string, string> data what is known
---@return table locked names of fields that staff corrected, name → true
---@return boolean stored false: there is no row yet
function M.get(conversation_id)
  local row = db.one("SELECT json_dump, locked FROM quote_data WHERE conversation_id = ?", conversation_id)
  local data = row and row.json_dump and json.decode(row.json_dump, { null_as_nil = true })
  local locked = {}
  local names = row and row.locked and json.decode(row.locked)
  if type(names) == "table" then
    for _, name in ipairs(names) do locked[name] = true end
  end
  return texts(data), locked, row ~= nil
end

---Staff corrected a field: the model does not change it any more. value nil: it is unknown again, and the model may fill it.
---@param conversation_id string
---@param field string
---@param value? string
---@return string? before
function M.correct(conversation_id, field, value)
  local data, locked = M.get(conversation_id)
  local before = data[field]
  data[field], locked[field] = value, value and true or nil
  M.put(conversation_id, data)
  local names = json.array(plain.sorted_names(locked))
  db.run("UPDATE quote_data SET locked = ? WHERE conversation_id = ?", #names > 0 and json.encode(names) or nil, conversation_id)
  return before
end

---@param conversation_id string
---@param data table<string, string>
---@param anew? boolean a new quote begins, so nothing is locked
function M.put(conversation_id, data, anew)
  db.run([[INSERT INTO quote_data(conversation_id, json_dump, updated_at) VALUES(?1, ?2, ?3)
    ON CONFLICT(conversation_id) DO UPDATE SET json_dump = excluded.json_dump, updated_at = excluded.updated_at,
      locked = CASE WHEN ?4 THEN NULL ELSE quote_data.locked END]],
    conversation_id, json.encode(data), time.stamp(time.now_ms()), anew and 1 or 0)
end

---A photo is refused or deleted. Where it counted as an answer already, there is one photo fewer; a turn that answers it now runs again.
---What staff corrected stays. Call it before the photo's rows change.
---@param message_id string
function M.photo_gone(message_id)
  local counted = db.one([[SELECT c.id, CASE WHEN m.seq > c.answered_seq THEN 1 ELSE 0 END AS waits
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE m.id = ?1 AND m.kind = 'image' AND NOT EXISTS (SELECT 1 FROM media WHERE message_id = ?1 AND state = 'refused')]], message_id)
  if not counted then return end
  if counted.waits == 1 then return conversations.edited(counted.id) end
  local data, locked = M.get(counted.id)
  for field, value in pairs(data) do
    local fewer = photos.fewer(value)
    if fewer ~= value and not locked[field] and answers.kind_of(field) == "inventory" then
      data[field] = fewer
      return M.put(counted.id, data)
    end
  end
end

return M
