-- Where the figures of a reply can come from: what was sent to the model of the chat, the facts, the booking, what the model was told of
-- the owner's text, today's and tomorrow's weekday and date.
local figures = require "language.guards.figures"
local CURRENCY = require("language.guards.money").CURRENCY
local placeholders = require "language.placeholders"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

-- Opening hours are no reason to name a day or hour for a visit: they are a source where a reply speaks of them, or of a range.
local OPEN = text.set [[open opens opened close closes closed hours office reach available operate business
  ouvert ouverts ouverte ferme fermes heures horaire horaires abierto abiertos cerrado horario aberto abertos fechado]]

local function add(keys, s)
  s = tokens.text_of(s)
  if not figures.possible(s) then return end
  local t = tokens.read(s)
  t.source = true
  for _, figure in ipairs(figures.read(t)) do
    if not CURRENCY[t.word[figure.from - 1]] and not CURRENCY[t.word[figure.to + 1]] then -- an amount of money is the source of none
      for _, key in ipairs(figure.give) do keys[key] = true end
    end
  end
end

local function add_all(keys, value)
  if type(value) == "string" or type(value) == "number" then
    add(keys, tostring(value))
  elseif type(value) == "table" then
    for _, inner in pairs(value) do add_all(keys, inner) end
  end
end

local function add_date(keys, at)
  for _, key in ipairs { "w" .. at.wday, ("m%d-%d"):format(at.month, at.day), "d" .. at.day, "y" .. at.month, "n" .. at.year } do
    keys[key] = true
  end
end

local function add_time(keys, minutes)
  keys["t" .. minutes % 1440], keys["h" .. minutes % 720] = true, true
end

-- The keys of the owner's text, read once for all replies.
function M.owner(system, business)
  local keys, hours = {}, {}
  add_all(keys, { system.identity or "", system.business_rules or {}, system.workflow or "", business.links or {}, business.phones or {},
    business.serves or {}, business.not_served or {}, business.answers or {} })
  for i, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do
    local span = (business.hours or {})[day]
    if span then hours["w" .. i] = true end
    for _, clock in ipairs(span or {}) do
      local hour, minute = clock:match("^(%d+):(%d+)$")
      if hour then add_time(hours, hour * 60 + minute) end
    end
  end
  return { keys = keys, hours = hours }
end

---@param given {messages?: table[], facts?: table, visit?: table, today?: table, tomorrow?: table, phone?: string} messages: all that were
---  sent to the model; visit: {state=, at={year=, month=, day=, wday=, hour=, min=}}; today, tomorrow: {year=, month=, day=, wday=};
---  phone: the customer's number where they wrote it; kept: {value=} of an earlier request, to be confirmed
---@return table sources for `guards.check`
function M.gather(given)
  local keys, texts = {}, {}
  for _, message in ipairs(given.messages or {}) do
    local s = message.role ~= "system" and message.content:lower()
    if s then texts[#texts + 1] = s:sub(1, (s:find(placeholders.DATA, 1, true) or #s + 1) - 1) end
  end
  for _, value in pairs(given.facts or {}) do texts[#texts + 1] = tostring(value):lower() end
  if given.kept then texts[#texts + 1] = given.kept.value:lower() end
  for _, day in ipairs { given.today, given.tomorrow } do
    add_date(keys, day)
    keys["y" .. day.month % 12 + 1] = true
  end
  local at = given.visit and given.visit.at
  if at then
    add_date(keys, at)
    add_time(keys, at.hour * 60 + at.min)
  end
  return { keys = keys, texts = texts, own = given.phone, visit = given.visit, today = given.today, tomorrow = given.tomorrow }
end

local function any(keys, list)
  for _, key in ipairs(list) do
    if keys[key] then return true end
  end
  return false
end

local function holds(keys, figure)
  if any(keys, figure.need) then return true end
  for _, key in ipairs(figure.all or {}) do
    if not keys[key] then return false end
  end
  return figure.all ~= nil
end

-- Is the figure in the chat? Its texts are read only when needed, first those that hold the figure's first word.
local function said(sources, figure, word)
  for _, wanted in ipairs { word, "" } do
    for i, s in ipairs(sources.texts) do
      if holds(sources.keys, figure) then return true end
      if s and s:find(wanted, 1, true) then
        sources.texts[i] = false
        add(sources.keys, s)
      end
    end
  end
  return holds(sources.keys, figure)
end

-- Is the figure one end of a range of opening hours: "8 am to 6 pm", "Monday-Saturday"?
local function ranged(list, i, hours)
  local figure = list[i]
  for _, other in ipairs { list[i - 1] or figure, list[i + 1] } do
    if other.kind == figure.kind and other.need and other ~= figure and holds(hours, other)
      and math.max(other.from, figure.from) - math.min(other.to, figure.to) <= 2 then
      return true
    end
  end
end

-- Does the reply speak of opening hours there: in the sentence, or in the lines under such a sentence, or with a range of them?
local function of_hours(t, list, i, sentences, hours)
  local figure, following = list[i], list[i + 1]
  local beside = following and following.from == figure.to + 1 and following.kind == "time" -- "Monday 8:00-18:00"
  if ranged(list, i, hours) or beside and ranged(list, i + 1, hours) then return true end
  local open = false
  for _, sentence in ipairs(sentences) do
    local speaks = not sentence.question and tokens.any(t, sentence.from, sentence.to, OPEN)
    open = speaks or open and t.gap[sentence.from]:find("\n", 1, true)
    if sentence.to >= figure.from then return open end
  end
end

-- The first figure of a reply that comes from nowhere, or nil. `list` is figures.read(t), `owner` from M.owner.
---@param t table
---@param list table[]
---@param sources table
---@param owner table
function M.missing(t, list, sources, owner)
  local sentences
  for i, figure in ipairs(list) do
    if figure.need and not holds(owner.keys, figure) and not said(sources, figure, t.word[figure.from]) then
      sentences = sentences or tokens.clauses(t)
      if not (holds(owner.hours, figure) and of_hours(t, list, i, sentences, owner.hours)) then return figure end
    end
  end
end

return M
