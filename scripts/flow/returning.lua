-- People who come back. "A new request of a customer who comes back (the last case closed 14 days ago or more) starts a new quote: the
-- address is kept and asked to be confirmed, the rest begins empty." Pure.

local quote = require "flow.quote"
local text = require "language.text"
local understand = require "language.understand"

local M = {}

local AFTER_MS = 14 * 24 * 3600000
local NOT_CONFIRMED = " (from an earlier request, not confirmed)"

---Does this turn begin a new quote?
---@param case? {state: string, closed_at?: integer} the newest
---@param visit? table a visit is requested or booked
---@param quote_from? integer ms, when the present quote began
---@param now integer ms
---@return boolean
function M.begins(case, visit, quote_from, now)
  return case ~= nil and case.state == "closed" and case.closed_at ~= nil and not visit and now - case.closed_at >= AFTER_MS
    and (quote_from or 0) < case.closed_at
end

local function address_of(fields)
  for _, field in ipairs(fields) do
    if understand.kind_of(field) == "address" then return field end
  end
end

---@class flow.Kept a value of an earlier quote that the customer is asked to confirm
---@field field string
---@field value string
---@field new boolean this turn begins the new quote, so nobody has asked yet

---What a turn starts from: what is known for this quote, and the value to be confirmed, which counts as missing.
---@param data table<string, string>
---@param fields string[]
---@param begins boolean
---@param field? string whose value is to be confirmed since an earlier turn
---@return table<string, string> data
---@return flow.Kept?
function M.set_aside(data, fields, begins, field)
  if begins then field = address_of(fields) end
  local value, rest = field and data[field], {}
  for name, one in pairs(begins and {} or data) do rest[name] = name ~= field and one or nil end
  if not quote.known(value) or value == understand.NOT_SURE then return rest, nil end
  return rest, { field = field, value = value, new = begins }
end

-- "yes", "same place" / "no, I moved". Of several messages the newest counts.
local SAME = text.set "same still right correct meme exact exacte mismo misma mesmo mesma"
local MOST_WORDS = 8

local function answer_of(ready, said)
  local list = text.split(text.words(text.first(said, 200)))
  if ready.yes[list[1] or ""] then return "yes" elseif ready.no[list[1] or ""] then return "no" end
  for i = 1, #list <= MOST_WORDS and #list or 0 do
    if SAME[list[i]] then return "yes" end
  end
end

---The fixed questions asked for the kept value: adds it to what was understood when the customer confirms it.
---@param kept flow.Kept
---@param read table of understand.read
---@param texts string[]
---@param ready table the words for yes and no, of language/yes_no
---@return boolean refused
function M.confirm(kept, read, texts, ready)
  if read.data[kept.field] then return false end
  for i = #texts, 1, -1 do
    local answer = answer_of(ready, texts[i])
    if answer == "yes" then
      read.data[kept.field], read.took = read.unit and kept.value .. ", " .. read.unit or kept.value, true
      return false
    elseif answer == "no" and not read.took then
      read.took = true
      return true
    end
  end
  return false
end

---Makes what was proposed for the field fit. A model that was only told the value may repeat it: that confirms nothing before anybody has
---asked. A value that was asked for in vain stays, with a note for staff.
---@param kept flow.Kept
---@param data table<string, string> of the decision; it is changed
---@param texts string[]
function M.settle(kept, data, texts)
  local value = data[kept.field]
  if value == understand.NOT_SURE then
    data[kept.field] = (text.first(kept.value, quote.MAX_CHARACTERS - #NOT_CONFIRMED)) .. NOT_CONFIRMED
  elseif kept.new and value and text.words(value) == text.words(kept.value)
    and not text.words(table.concat(texts, "\n")):find(text.words(value), 1, true) then
    data[kept.field] = nil
  end
end

---What is stored: with the kept value until it is confirmed, replaced or refused. Returns also the field that is still to be confirmed.
---@param merged table<string, string>
---@param kept? flow.Kept
---@param refused? boolean
---@return table<string, string> data
---@return string? field
function M.stored(merged, kept, refused)
  if not kept or refused or quote.known(merged[kept.field]) then return merged, nil end
  local data = {}
  for name, value in pairs(merged) do data[name] = value end
  data[kept.field] = kept.value
  return data, kept.field
end

---For staff: the value that is not confirmed is marked.
---@param data table<string, string> it is changed
---@param field? string
function M.mark(data, field)
  if field and quote.known(data[field]) then data[field] = data[field] .. NOT_CONFIRMED end
end

return M
