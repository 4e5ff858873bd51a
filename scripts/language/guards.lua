-- Checks what a model wrote, and nothing else, for what a customer must not read. prompts/business.yaml switches each guard off.
local figures = require "language.figures"
local fit = require "language.fit"
local leak = require "language.guards.leak"
local links = require "language.guards.links"
local money = require "language.guards.money"
local phone_numbers = require "language.phone_numbers"
local promises = require "language.guards.promises"
local sources = require "language.guards.sources"
local text = require "language.text"
local tokens = require "language.token_row"
local visits = require "language.guards.visits"
local watched = require "language.watched"

local M = {}

-- Which guards must look at a text: the sum of what its words say. PRICE counts beside a figure alone.
local MONEY, HAZARD, PLACE, TIME, LEAK, PRICE, DIGIT = 1, 2, 4, 8, 16, 32, 64
local ANY = MONEY | HAZARD | PLACE | TIME

local WATCHED = {}
for bits, words in pairs { [MONEY] = money.WATCHED, [PRICE] = money.PRICE, [HAZARD] = promises.WATCHED, [TIME] = visits.WATCHED } do
  watched.add(WATCHED, text.sorted_names(words), bits)
end
WATCHED[""] = nil -- signs and other scripts are looked for apart

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

-- Prepares what all checks of one context need, so that it is done once. `check` calls it when the caller did not.
function M.prepare(context)
  local business, system = context.business or {}, context.system or {}
  local on, switches = {}, business.guards or {}
  for name in pairs(SAY) do on[name] = switches[name] ~= false and switches[name .. "s"] ~= false end
  on.visit = on.number
  local places, first = promises.places(business.not_served or {})
  local secret = leak.prepare(system)
  local owner, words = sources.owner(system, business), {}
  for word, bits in pairs(WATCHED) do words[word] = bits end
  watched.add(words, first, PLACE)
  watched.add(words, secret.words, LEAK)
  return { business = business, on = on, places = places, words = watched.ready(words), leak = secret, owner = owner }
end

-- The first word that is too long to be one, in folded text. A letter of three bytes ends a word: its script uses no spaces.
local function long_word(folded)
  if #folded <= text.WORD then return nil end
  for at = text.WORD, #folded, text.WORD do -- a word longer than WORD covers one of these positions
    local _, last = folded:find("^[^%s\224-\244]*", at)
    if last >= at then
      local from = math.max(1, at - text.WORD)
      local word = folded:sub(from + (folded:sub(from, at - 1):match("^.*[%s\224-\244]()") or 1) - 1, last)
      if #word > text.WORD and text.length(word) > text.WORD then return word end
    end
  end
end

local BUT = text.set "but only if unless when dry dried except mais solo pero"

-- "Yes, we do!": what it says yes to stands in the customer's question.
local function find_in_yes(rest, ready, from)
  local yes = text.list(rest:match("^[^.!?\n]*"))
  local short = promises.SURE[yes[1]] and #yes <= 5 and not text.word_in(table.concat(yes, " "), BUT)
  local asked = text.fold(short and sources.asked(from) or "")
  local bits = watched.look(asked, ready.words)
  if bits & (HAZARD | PLACE) == 0 then return nil end
  local plain = promises.plain_yes(asked .. " " .. table.concat(yes, " ") .. ".")
  local t = tokens.read(plain)
  local kind = ready.on.hazard and bits & HAZARD > 0 and promises.hazard(t) and "hazard"
    or ready.on.area and bits & PLACE > 0 and promises.place(t, plain, ready.places) and "area" or nil
  return kind, kind and table.concat(yes, " ")
end

local MOST_NUMBERS = 500 -- no message about furniture holds more

-- What the guards that read words find in a text without links and phone numbers: a kind and a text, or nil.
local function find_in_words(rest, bits, ready, from)
  if bits & (ANY | DIGIT) == 0 or bits & (ANY | PRICE) == 0 and from and sources.named(from, rest) then return nil end
  local on, plain = ready.on, promises.plain_yes(rest)
  local t = tokens.read(plain)
  local list = bits & (TIME | DIGIT) > 0 and figures.read(t) or {}
  local price = on.money and (bits & MONEY > 0 or bits & PRICE > 0 and list[1]) and money.find(t, list)
  local hazard = on.hazard and bits & HAZARD > 0 and promises.hazard(t)
  local area = on.area and bits & PLACE > 0 and promises.place(t, plain, ready.places)
  if price or hazard or area then return price and "money" or hazard and "hazard" or "area", price or hazard or area end
  if not from or not on.number then return nil end
  local figure = sources.missing(t, list, from, ready.owner)
  if figure then return "number", tokens.text(t, figure.from, figure.to) end
  local visit = visits.find(t, list, from)
  return visit and "visit", visit
end

-- nil when the reply passes, else {kind="long"|"money"|"link"|"phone"|"hazard"|"area"|"leak"|"number"|"visit", found=, say=}.
-- `context` is {system=, business=}, or the result of `prepare`. `from` is of `sources`; without it figures and visits are not looked at.
function M.check(reply, context, from)
  local ready = context.on and context or M.prepare(context)
  local business, on = ready.business, ready.on
  local seen, more = text.first(reply, text.REPLY)
  local folded = text.fold(seen)
  local many = #folded > MOST_NUMBERS and text.has_digits(folded, MOST_NUMBERS) and select(2, folded:gsub("%d+", "")) > MOST_NUMBERS
  local long = (more or many) and folded or long_word(folded) -- refused, because the other guards see only the first part
  if long then return caught("long", text.clip(long, 80)) end
  local foreign, rest = links.find(folded, business.links, on.link)
  if foreign and on.link then return caught("link", foreign) end
  foreign, rest = phone_numbers.find(tokens.text_of(rest), business.phones, from and from.own or nil,
    from and function(digits) return sources.dialled(from, digits) end)
  if foreign and on.phone then return caught("phone", foreign) end
  local bits = watched.look(rest, ready.words) | (rest:find("$", 1, true) and PRICE or 0) | (text.has_digits(rest, 1) and DIGIT or 0)
  if rest:find("\224\168", 1, true) or rest:find("\224\169", 1, true) then bits = bits | ANY end -- Punjabi
  local kind, found = find_in_words(rest, bits, ready, from)
  if not kind and from then kind, found = find_in_yes(rest, ready, from) end
  if kind then return caught(kind, found) end
  found = on.leak and leak.find(folded, ready.leak, bits & LEAK > 0 or rest ~= folded)
  return found and caught("leak", found) or nil
end

-- The text without links that the owner does not list. A text that `check` refuses anyway (too long a word) is not changed.
function M.strip_links(s, allowed)
  return #s > text.WORD and long_word(text.fold(s)) and s or links.strip(s, allowed)
end

-- The reply as WhatsApp shows it, in at most three parts (the second result says whether the end was cut off); see sources.gather.
M.fit, M.sources = fit.fit, sources.gather

return M
