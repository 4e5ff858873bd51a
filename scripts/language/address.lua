-- Finds a street address in what a customer wrote: a number, a street, and the unit or town that follows.
local text = require "language.text"
local things = require "language.things"

local M = {}

local set = text.set

local STREET = set [[st street ave avenue av rd road dr drive blvd boulevard cres crescent crt ct court lane ln way place pl
  square sq pkwy parkway hwy highway trail terrace ter gate circle cir row mews grove heights path quay walk gardens park line
  sideroad concession promenade chemin]]
local STREET_BEFORE = set "rue avenue boulevard boul chemin place route rang impasse allee cote"
local DIRECTION = set "n s e w north south east west ne nw se sw nord sud est ouest"
local UNIT = set "unit apt apartment suite ste app appt appartement unite #"

-- Words with their places: {text=, plain=, from=, to=, comma=}. `comma` is true when a comma follows the word.
local function spans(s)
  local list = {}
  for from, word, after in s:gmatch("()([%w\128-\255#][%w\128-\255'.#-]*)()") do
    local core = text.trim_end(word, "[.'-]")
    list[#list + 1] = { text = core, plain = text.fold(core):gsub("[.']", ""), from = from, to = from + #core - 1,
      comma = s:sub(after, after):find("[,;]") ~= nil, stop = s:find("^[!?\n]", after) ~= nil
        or word:find("%.$") ~= nil and not STREET[text.fold(core)] and #core > 2 }
  end
  return list
end

local function is_house_number(word)
  return word:find("^%d+%a?$") ~= nil and #word <= 6 or word:find("^%d+%-%d+$") ~= nil
end

local function is_postal(list, i)
  local a, b = list[i] and list[i].plain or "", list[i + 1] and list[i + 1].plain or ""
  if a:find("^%a%d%a%d%a%d$") then
    return i
  end
  return a:find("^%a%d%a$") and b:find("^%d%a%d$") and i + 1 or nil
end

local NOT_PLACE = set "i we there no it and with the my is a an elevator stairs please need have thanks"

-- What may follow the street: a direction, a unit, a town, a postal code.
local function address_tail(list, i)
  local last = i
  while list[last + 1] and not list[last].stop do
    local nxt = list[last + 1]
    local postal = is_postal(list, last + 1)
    if DIRECTION[nxt.plain] and not list[last].comma then
      last = last + 1
    elseif UNIT[nxt.plain] and list[last + 2] and #list[last + 2].text <= 6 then
      last = last + 2
    elseif nxt.text:find("^#%w") then
      last = last + 1
    elseif postal then
      last = postal
    elseif nxt.text:find("^%u%a") and not NOT_PLACE[nxt.plain] and not things.find(nxt.plain) then
      last = last + 1 -- a town: "Toronto", "North York", "ON"
    else
      break
    end
  end
  return last
end

-- Can the text hold an address at all? Most texts have no number, or no word for a street.
local function hinted(s)
  if not text.has_digits(s, 1) then
    return false
  end
  local folded = text.fold(s)
  return text.word_in(folded, STREET) ~= nil or text.word_in(folded, STREET_BEFORE) ~= nil
end

-- First and last byte of an address with a number and a street, or nil.
function M.find(s)
  if not hinted(s) then
    return nil
  end
  local list = spans(s)
  for i, word in ipairs(list) do
    if is_house_number(word.plain) and list[i + 1] and not word.comma and not word.stop then
      local last
      if STREET_BEFORE[list[i + 1].plain] and list[i + 2] then
        last = math.min(i + 2, #list)
        while list[last + 1] and not list[last].comma and not list[last].stop and last - i < 5
          and (list[last].plain == "de" or list[last].plain == "du" or list[last].plain == "des" or list[last].plain == "la"
            or list[last].plain == "saint" or list[last].plain == "sainte" or list[last + 1].text:find("^%u")) do
          last = last + 1
        end
      else
        for j = i + 2, math.min(#list, i + 5) do
          if list[j - 1].stop or list[j - 1].comma then
            break
          elseif list[j].plain == "at" and list[j + 1] and is_house_number(list[j + 1].plain) then
            break -- "2 mattresses at 12 Main St"
          elseif STREET[list[j].plain] and not (list[j].plain == "st" and list[j + 1] and list[j + 1].text:find("^%u")
            and list[j + 2] and STREET[list[j + 2].plain]) then
            last = j
            break
          elseif things.find(list[j].plain) and not list[j].text:find("^%u") then
            break
          end
        end
      end
      if last then
        local first = i
        if i > 2 and UNIT[list[i - 2].plain] then
          first = i - 2 -- "Apt 1200, 350 King St W"
        elseif i > 1 and list[i - 1].text:find("^#") then
          first = i - 1
        end
        return list[first].from, list[address_tail(list, last)].to
      end
    end
  end
  return nil
end

return M
