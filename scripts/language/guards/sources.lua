-- Where the figures of a reply can come from: the chat as the model got it, facts, booking, the owner's text, today's and tomorrow's date.
local dates = require "language.dates"
local figures = require "language.figures"
local money = require "language.guards.money"
local placeholders = require "language.placeholders"
local text = require "language.text"
local tokens = require "language.token_row"

local M = {}

-- Opening hours are no reason to name a day or hour for a visit: they are a source where a reply speaks of them, or of a range.
local OPEN = text.set [[open opens opened close closes closed hours office reach available operate business
  ouvert ouverts ouverte ouvrons ferme fermes fermons heures horaires abrimos abierto cerramos cerrado horario aberto fechamos fechado]]
local OR, NEXT = text.set "or ou o y e", text.set "next prochain proximo proxima" -- "next Wednesday" is a day

-- Adds what a text gives: one, or all in a table.
local function add(keys, value)
  if type(value) == "table" then
    for _, inner in pairs(value) do add(keys, inner) end
    return
  end
  local s = tokens.text_of(tostring(value))
  for whole, part, of in s:gmatch("%f[%d](%d%d?)[ -](%d)/([1-9])%f[%D]") do
    keys[("n%g"):format(whole + part / of)] = true -- "2 1/2" is 2.5
  end
  local t = tokens.read(figures.possible(s) and s or "")
  t.source = true
  for _, figure in ipairs(figures.read(t)) do
    local amount = money.CURRENCY[t.word[figure.from - 1]] or money.CURRENCY[t.word[figure.to + 1]] -- a price gives none
    for _, key in ipairs(amount and {} or figure.give) do keys[key] = true end
  end
end

local function add_date(keys, at)
  keys["w" .. at.wday], keys[("m%d-%d"):format(at.month, at.day)], keys["d" .. at.day] = true, true, true
  keys["y" .. at.month], keys["n" .. at.year] = true, true
end

-- The keys of the owner's text, read once for all replies.
function M.owner(system, business)
  local keys, hours = {}, {}
  for _, key in ipairs { "identity", "business_rules", "workflow" } do add(keys, system[key] or {}) end
  for _, key in ipairs { "links", "phones", "serves", "not_served", "answers" } do add(keys, business[key] or {}) end
  for i, day in ipairs(dates.KEYS) do
    local span = (business.hours or {})[day]
    hours["w" .. i] = span ~= nil or nil
    add(hours, span or {})
  end
  return { keys = keys, hours = hours }
end

---@param given table messages= all that were sent to the model; facts=; visit= {state=, at={year=, month=, day=, wday=, hour=, min=}};
---  kept= {value=} of an earlier quote, to be confirmed; today=, tomorrow= {year=, month=, day=, wday=}, or days= a
---  function that returns both;
---  phone= the customer's number where they wrote it
---@return table sources for `guards.check`
function M.gather(given)
  return { given = given, own = given.phone }
end

-- The keys of the days and of the visit, and of what was read of the chat. Nothing is read before a figure asks for it.
local function keys_of(sources)
  if sources.keys then return sources.keys end
  local given, keys, booked = sources.given, {}, nil
  local today, tomorrow = given.today, given.tomorrow
  if given.days then today, tomorrow = given.days() end
  for _, day in ipairs { today, tomorrow } do
    add_date(keys, day)
    keys["y" .. day.month % 12 + 1] = true
  end
  local visit = given.visit
  if visit then
    local own = { today = visit.at.day == (today or {}).day, tomorrow = visit.at.day == (tomorrow or {}).day }
    add_date(own, visit.at)
    add(own, ("%02d:%02d"):format(visit.at.hour, visit.at.min))
    for key in pairs(own) do keys[key] = true end
    booked = visit.state == "booked" and own or nil
  end
  sources.keys, sources.booked = keys, booked
  return keys
end

-- The visit that is booked, as keys; or nil.
function M.booked(sources)
  return keys_of(sources) and sources.booked
end

-- What was said and what is known, the newest last. Each is made small when it is looked at (lowered).
local function texts_of(sources)
  if sources.texts then return sources.texts end
  local texts, messages = {}, sources.given.messages or {}
  for _, value in pairs(sources.given.facts or {}) do texts[#texts + 1] = tostring(value) end
  if sources.given.kept then texts[#texts + 1] = sources.given.kept.value end
  for i, message in ipairs(messages) do
    local content = message.content
    local stop = not messages[i + 1] and content:find(placeholders.DATA, 1, true) -- it ends the last one
    if message.role ~= "system" then texts[#texts + 1] = stop and content:sub(1, stop - 1) or content end
  end
  sources.texts, sources.small = texts, {}
  return texts
end

-- The text with this place, in small letters; false: it was read already.
local function lowered(sources, i)
  local texts, small = sources.texts, sources.small
  if not small[i] and texts[i] then texts[i], small[i] = texts[i]:lower(), true end
  return texts[i]
end

-- The last question of the customer's newest message, or nil.
function M.asked(sources)
  local last = (sources.given.messages or {})[#(sources.given.messages or {})]
  local said = last and last.role == "user" and last.content or ""
  said = text.clip(said:sub(1, (said:find(placeholders.DATA, 1, true) or 0) - 1), 1000)
  local before, from, stop = 1, nil, nil -- of the sentences
  for sign, after in said:gmatch("([.!?\n])()") do
    if sign == "?" then from, stop = before, after - 1 end
    before = after
  end
  return from and said:sub(from, stop)
end

-- Did the customer write this phone number? Its digits stand in a message of theirs, whatever is between them.
function M.dialled(sources, digits)
  for _, message in ipairs(sources.given.messages or {}) do
    local own = message.role == "user" and message.content:sub(1, (message.content:find(placeholders.DATA, 1, true) or 0) - 1)
    if own and own:gsub("%D", ""):find(digits, 1, true) then return true end
  end
end

-- Is the name a word of the text, before a sign that ends no part of a number?
local function stands_in(s, name)
  local from, to = s:find(name, 1, true)
  while from do
    if not s:find("^%w", from - 1 > 0 and from - 1 or #s + 1) and not s:find("^[%w.,:/-]", to + 1) then return true end
    from, to = s:find(name, from + 1, true)
  end
  return false
end

-- Is the only figure of a reply without words for time or money a name like "b12" before a sign, which stands so in the chat?
function M.named(sources, rest)
  local at = rest:find("%d")
  local name, last = rest:match("^(%l%d+)()[)!?]", at - 1)
  if not name or rest:find("^[%w']", at - 2) or text.has_digits(rest:sub(last), 1) then return false end
  local texts = texts_of(sources)
  for i = #texts, 1, -1 do
    local s = lowered(sources, i)
    if s and stands_in(s, name) then return true end
  end
  return false
end

---Does one of the keys that a figure needs stand there, or all of another way to say it?
function M.holds(keys, figure)
  for _, key in ipairs(figure.need) do
    if keys[key] then return true end
  end
  for _, key in ipairs(figure.all or {}) do
    if not keys[key] then return false end
  end
  return figure.all ~= nil
end

-- Is the figure in the chat? Its texts are read only when needed, first those that hold the figure's first word.
local function said(sources, figure, word)
  local texts, keys = texts_of(sources), keys_of(sources)
  for _, wanted in ipairs { word, "" } do
    for i = #texts, 1, -1 do
      if M.holds(keys, figure) then return true end
      local s = lowered(sources, i)
      if s and s:find(wanted, 1, true) then
        texts[i] = false
        add(keys, s)
      end
    end
  end
  return M.holds(keys, figure)
end

-- Is the figure one end of a range of opening hours: "8 am to 6 pm", "Monday-Saturday"?
local function ranged(t, list, i, hours)
  for _, j in ipairs { i - 1, i + 1 } do
    local one, other = list[math.min(i, j)], list[math.max(i, j)]
    local near = one and other and one.kind == other.kind and other.from - one.to <= 2 and not OR[t.word[other.from - 1]]
    if near and list[j].need and M.holds(hours, list[j]) then return true end
  end
end

-- Does the reply speak of opening hours there: in the sentence, or in the lines under such a sentence, or with a range of them?
local function of_hours(t, list, i, hours)
  local figure, following, open = list[i], list[i + 1], false
  if NEXT[t.word[figure.from - 1]] or NEXT[t.word[figure.to + 1]] then return false end
  local beside = following and following.from == figure.to + 1 and following.kind == "time" -- "Monday 8:00-18:00"
  if ranged(t, list, i, hours) or beside and ranged(t, list, i + 1, hours) then return true end
  for _, clause in ipairs(tokens.clauses(t)) do
    open = not clause.question and tokens.any(t, clause.from, clause.to, OPEN) or open and t.gap[clause.from]:find("\n", 1, true)
    if clause.to >= figure.from then return open end
  end
end

-- The first figure of a reply that comes from nowhere, or nil. `list` is figures.read(t), `owner` from M.owner.
function M.missing(t, list, sources, owner)
  for i, figure in ipairs(list) do
    if figure.need and not M.holds(owner.keys, figure) and not said(sources, figure, t.word[figure.from])
      and not (M.holds(owner.hours, figure) and of_hours(t, list, i, owner.hours)) then
      return figure
    end
  end
end

return M
