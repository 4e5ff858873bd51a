-- Checks a reply of the model for what it must not tell a customer: prices, links, promises. Texts of staff and fixed texts
-- are not checked. The owner can switch each guard off in prompts/business.yaml.
local area = require "language.guards.area"
local figures = require "language.guards.figures"
local fit = require "language.fit"
local free = require "language.guards.free"
local hazard = require "language.guards.hazard"
local leak = require "language.guards.leak"
local links = require "language.guards.links"
local money = require "language.guards.money"
local promises = require "language.guards.promises"
local screen = require "language.guards.screen"
local sources = require "language.guards.sources"
local text = require "language.text"
local tokens = require "language.guards.tokens"
local visits = require "language.guards.visits"

local M = {}

-- For the model's second try, after "Your first answer could not be used: ".
local SAY = {
  money = "the reply promises a price or a free service (\"%s\"). Never write amounts, price ranges or that a pickup is free;"
    .. " say that the team will review the details to provide a quote.",
  link = "the reply contains a link or an e-mail address (\"%s\"). Write none.",
  phone = "the reply contains a phone number (\"%s\"). Write none.",
  hazard = "the reply promises to take hazardous waste or wet paint (\"%s\"). These are never taken; say so politely.",
  area = "the reply promises service in a place that is not served (\"%s\"). Say that we do not serve it.",
  long = "the reply is longer than " .. text.REPLY .. " characters, or holds a word of more than " .. text.WORD
    .. " or hundreds of numbers (\"%s\"). Write less.",
  number = "the reply names \"%s\", which nobody gave. Use only numbers, times, dates and weekdays that the customer wrote or that you were"
    .. " told; leave it out, or say that the team will confirm it.",
  visit = "the reply confirms a visit that is not booked (\"%s\"). Say that the team will confirm the time, or that they can book a visit.",
  leak = "the reply repeats internal instructions (\"%s\"). Write only what the customer should read.",
}

local function caught(kind, found)
  found = text.clip(text.valid(found):gsub("%s+", " "), 80)
  return { kind = kind, found = found, say = SAY[kind]:format(found) }
end

-- The guards that are on, by name: all except those that the owner switched off. Singular and plural names both count.
local function switched_on(switches)
  local on = {}
  for name in pairs(SAY) do
    on[name] = not switches or switches[name] ~= false and switches[name .. "s"] ~= false
  end
  on.visit = on.number
  return on
end

-- The words of all guards, for the one walk that decides which guards look at a reply.
local function watched_words(ready)
  local lists = {}
  local function watch(guard, sets)
    for _, set in ipairs(sets) do
      lists[#lists + 1] = { set, guard }
    end
  end
  watch(screen.MONEY, money.WATCHED)
  watch(screen.FREE, free.WATCHED)
  watch(screen.PICKUP, free.MOVING)
  watch(screen.HAZARD, hazard.WATCHED)
  watch(screen.LEAK, { ready.leak.marks })
  watch(screen.SCHEMA, { leak.SCHEMA_WORDS })
  return screen.prepare(lists)
end

-- Prepares what all checks of one context need, so that it is done once. `check` calls it when the caller did not.
function M.prepare(context)
  local business = context.business or {}
  local ready = {
    system = context.system, business = business, owner = sources.owner(context.system or {}, business), on = switched_on(business.guards),
    leak = leak.prepare(context.system or {}), places = area.prepare(business.not_served or business.places_not_served or {}),
  }
  ready.watched = watched_words(ready)
  return ready
end

-- Looks for figures that come from nowhere, and for visits that are not booked.
local function find_figures(rest, ready, from)
  if not figures.possible(rest, visits.WATCHED) then
    return nil
  end
  local t = tokens.read(rest)
  local list = figures.read(t)
  local figure = sources.missing(t, list, from, ready.owner)
  if figure then
    return "number", tokens.text(t, figure.from, figure.to)
  end
  local visit = visits.find(t, list, from)
  return visit and "visit", visit
end

-- Looks for promises and leaks. `rest` is the text without links, numbers and markup, `folded` is the whole text.
local function find_in_words(folded, rest, ready)
  local on, needed = ready.on, screen.read(rest, ready.watched)
  local free_pickup = screen.FREE | screen.PICKUP
  local priced = on.money and (needed & screen.MONEY ~= 0 or needed & free_pickup == free_pickup)
  local leaky = on.leak and (needed & screen.SCHEMA ~= 0 or rest ~= folded or leak.suspicious(folded, ready.leak)
    or needed & screen.LEAK ~= 0 and leak.possible(rest, ready.leak))
  local t = (priced or leaky) and tokens.read(rest) or nil
  local found = priced and (money.find(t) or free.find(t))
  if found then
    return "money", found
  end
  local hazardous = on.hazard and needed & screen.HAZARD ~= 0 and hazard.named(rest)
  local places = on.area and area.named(rest, ready.places)
  if hazardous or places then
    local plain = promises.plain_yes(rest)
    local said = plain == rest and t or tokens.read(plain)
    found = hazardous and hazard.find(said)
    if found then
      return "hazard", found
    end
    found = places and area.find(said, places)
    if found then
      return "area", found
    end
  end
  found = leaky and leak.find(folded, t, ready.leak)
  return found and "leak", found
end

-- The first word that is too long to be one, in folded text. Scripts with three bytes per letter use no spaces, so each of
-- their letters ends a word.
local function long_word(folded)
  if #folded <= text.WORD then
    return nil
  end
  for at = text.WORD, #folded, text.WORD do -- a word longer than WORD covers one of these positions
    local _, last = folded:find("^[^%s\224-\244]*", at)
    if last >= at then
      local from = math.max(1, at - text.WORD)
      local word = folded:sub(from + (folded:sub(from, at - 1):match("^.*[%s\224-\244]()") or 1) - 1, last)
      if #word > text.WORD and text.length(word) > text.WORD then
        return word
      end
    end
  end
  return nil
end

-- No message about furniture holds more numbers than this.
local MOST_NUMBERS = 500

local function too_many_numbers(folded)
  return text.has_digits(folded, MOST_NUMBERS) and select(2, folded:gsub("%d+", "")) > MOST_NUMBERS and folded
end

-- Where the figures of a reply can come from; see sources.gather.
M.sources = sources.gather

-- nil when the reply passes, else {kind="long"|"money"|"link"|"phone"|"hazard"|"area"|"leak"|"number"|"visit", found=, say=}.
-- `context` is {system=, business=}, or the result of `prepare`. `from` is of `sources`; without it figures and visits are not looked at.
---@param reply string
---@param context table
---@param from? table
function M.check(reply, context, from)
  local ready = context.watched and context or M.prepare(context)
  local business, on = ready.business, ready.on
  local seen, more = text.first(reply, text.REPLY)
  local folded = text.fold(seen)
  local long = more and folded or long_word(folded) or too_many_numbers(folded) -- refused, because the other guards see only the first part
  if long then
    return caught("long", text.clip(long, 80))
  end
  local foreign, rest = links.find(folded, business.links, on.link)
  if foreign and on.link then
    return caught("link", foreign)
  end
  foreign, rest = links.phone(rest:gsub("[*_~`]", ""), business.phones, from and from.own)
  if foreign and on.phone then
    return caught("phone", foreign)
  end
  local kind, found = find_in_words(folded, rest, ready)
  if not kind and from and on.number then
    kind, found = find_figures(rest, ready, from)
  end
  return kind and caught(kind, found) or nil
end

-- The text without links that the owner does not list. A text that `check` refuses anyway (too long a word) is not changed.
function M.strip_links(s, allowed)
  return long_word(text.fold(s)) and s or links.strip(s, allowed)
end

-- The reply as WhatsApp shows it, in at most three parts. The second result says whether the end was cut off.
M.fit = fit.fit

return M
