-- What a model must not say to a customer, in code and not only in the prompt. For what a model wrote
-- only, never for staff's or canned texts. Each guard may be switched off in prompts/business.yaml.
local area = require "language.guards.area"
local fit = require "language.fit"
local free = require "language.guards.free"
local hazard = require "language.guards.hazard"
local leak = require "language.guards.leak"
local links = require "language.guards.links"
local money = require "language.guards.money"
local promises = require "language.guards.promises"
local screen = require "language.guards.screen"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

-- For the repair try: "Your first answer could not be used: " and then this.
local SAY = {
  money = "the reply promises a price or a free service (\"%s\"). Never write amounts, price ranges or that a pickup is free;"
    .. " say that the team will review the details to provide a quote.",
  link = "the reply contains a link or an e-mail address (\"%s\"). Write none.",
  phone = "the reply contains a phone number (\"%s\"). Write none.",
  hazard = "the reply promises to take hazardous waste or wet paint (\"%s\"). These are never taken; say so politely.",
  area = "the reply promises service in a place that is not served (\"%s\"). Say that we do not serve it.",
  long = "the reply is longer than " .. text.REPLY .. " characters, or holds a word of more than " .. text.WORD
    .. " or hundreds of numbers (\"%s\"). Write less.",
  leak = "the reply repeats internal instructions (\"%s\"). Write only what the customer should read.",
}

local function caught(kind, found)
  found = text.clip(text.valid(found):gsub("%s+", " "), 80)
  return { kind = kind, found = found, say = SAY[kind]:format(found) }
end

-- The guards that are on, by name: all, but for those that the owner switched off; both the plural and the singular name count.
local function switched_on(switches)
  local on = {}
  for name in pairs(SAY) do
    on[name] = not switches or switches[name] ~= false and switches[name .. "s"] ~= false
  end
  return on
end

-- Each guard's words, for the one walk that says which of them has to look.
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

-- What a context gives once and every check uses: the prompt's text made comparable. Optional; check does it when it was not done.
function M.prepare(context)
  local business = context.business or {}
  local ready = {
    system = context.system, business = business, on = switched_on(business.guards),
    leak = leak.prepare(context.system or {}), places = area.prepare(business.not_served or business.places_not_served or {}),
  }
  ready.watched = watched_words(ready)
  return ready
end

local MARKUP = "[*_~`]"
-- Letters, digits and everyday signs, none of them markup. The letters come first: they are found first.
local EVERYDAY = "^[a-z !-)+-?\n]*$"

-- What a promise or a leak is looked for in: the text without links, numbers and markup (rest), and as it came (folded).
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

-- The first word that nobody writes, in folded text. Scripts of three bytes a letter do without blanks, so their letters end a word.
local function long_word(folded)
  if #folded <= text.WORD then
    return nil
  end
  for at = text.WORD, #folded, text.WORD do -- one of them holds every word that is longer
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

-- More numbers than a message about furniture holds.
local MOST_NUMBERS = 500

local function too_many_numbers(folded)
  return text.has_digits(folded, MOST_NUMBERS) and select(2, folded:gsub("%d+", "")) > MOST_NUMBERS and folded
end

-- nil when the reply is fine, else {kind="long"|"money"|"link"|"phone"|"hazard"|"area"|"leak", found=, say=}.
-- `context` is {system=, business=} or what prepare made of it.
function M.check(reply, context)
  local ready = context.watched and context or M.prepare(context)
  local business, on = ready.business, ready.on
  local seen, more = text.first(reply, text.REPLY)
  local folded = text.fold(seen)
  local long = more and folded or long_word(folded) or too_many_numbers(folded) -- what the other guards do not see is not sent
  if long then
    return caught("long", text.clip(long, 80))
  end
  local foreign, rest = links.find(folded, business.links, on.link)
  if foreign and on.link then
    return caught("link", foreign)
  end
  if not rest:find(EVERYDAY) then
    rest = rest:gsub(MARKUP, "")
  end
  foreign, rest = links.phone(rest, business.phones)
  if foreign and on.phone then
    return caught("phone", foreign)
  end
  local kind, found = find_in_words(folded, rest, ready)
  return kind and caught(kind, found) or nil
end

-- The text without the links that are not listed. One with a word that is refused anyway is left for check.
function M.strip_links(s, allowed)
  return long_word(text.fold(s)) and s or links.strip(s, allowed)
end

-- The reply as WhatsApp shows it, in at most three parts; the second result says that the rest was cut.
M.fit = fit.fit

return M
