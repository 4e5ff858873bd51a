-- People who come back. "A new request of a customer who comes back (the last case closed 14 days ago or more) starts a new quote: the
-- address is kept and asked to be confirmed, the rest begins empty." Pure.

local quote = require "flow.quote"
local same_again = require "language.same_again"
local text = require "language.text"
local understand = require "language.understand"

local M = {}

local AFTER_MS = 14 * 24 * 3600000
local NOT_CONFIRMED = " (from an earlier request, not confirmed)"

---Does this turn begin a new quote? case: the newest; visit: one that is to come; quote_from: ms, when the present quote began.
function M.begins(case, visit, quote_from, now)
  return case ~= nil and case.state == "closed" and case.closed_at ~= nil and not visit and now - case.closed_at >= AFTER_MS
    and (quote_from or 0) < case.closed_at
end

---@class flow.Kept a value of an earlier quote that the customer is asked to confirm
---@field field string
---@field value string
---@field new boolean this turn begins the new quote, so nobody has asked yet

---What is known for this quote, and the value to be confirmed, which counts as missing. field: of that value, since an earlier turn.
---@return table<string, string> data
---@return flow.Kept?
function M.set_aside(data, fields, begins, field)
  for i = #fields, 1, -1 do
    if begins and understand.kind_of(fields[i]) == "address" then field = fields[i] end
  end
  local value, rest = field and data[field], {}
  for name, one in pairs(begins and {} or data) do rest[name] = name ~= field and one or nil end
  if not quote.known(value) or value == understand.NOT_SURE then return rest, nil end
  return rest, { field = field, value = value, new = begins }
end

---The fixed questions asked for the kept value: adds it to what was understood when the customer confirms it. Of several messages the
---newest counts. Returns true when it is not right any more.
---@param kept flow.Kept
function M.confirm(kept, read, texts, ready)
  for i = #texts, 1, -1 do
    local answer = not read.data[kept.field] and same_again.answer(texts[i], ready)
    if answer == "yes" then
      read.data[kept.field], read.took = same_again.confirmed(kept.value, texts[i], read.unit), true
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
function M.settle(kept, data, texts)
  local value = data[kept.field]
  if value == understand.NOT_SURE then
    data[kept.field] = (text.first(kept.value, text.FIELD - #NOT_CONFIRMED)) .. NOT_CONFIRMED
  elseif kept.new and value and text.words(value) == text.words(kept.value)
    and not text.words(table.concat(texts, "\n")):find(text.words(value), 1, true) then
    data[kept.field] = nil
  end
end

---What is stored: with the kept value until it is confirmed, replaced or refused. Returns also the field that is still to be confirmed.
---@param kept? flow.Kept
function M.stored(merged, kept, refused)
  if not kept or refused or quote.known(merged[kept.field]) then return merged, nil end
  local data = { [kept.field] = kept.value }
  for name, value in pairs(merged) do data[name] = value end
  return data, kept.field
end

---For staff: the value of this field is not confirmed.
function M.mark(data, field)
  if field and quote.known(data[field]) then data[field] = data[field] .. NOT_CONFIRMED end
end

return M
