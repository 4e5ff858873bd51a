-- Do we come there? An address is judged by the lists `serves` and `not_served` of business.yaml: "in", "out", or nil when we cannot
-- know. "Out only where a recognised town or postal code lies elsewhere." Pure.
local towns = require "language.towns"
local understand = require "language.understand"

local M = {}

local covered, lies_in, touches = towns.covered, towns.lies_in, towns.touches

-- ---- the owner's lists ---------------------------------------------------------------------------------------------

local function read(entries, own)
  local list = { empty = true, codes = {}, named = {}, places = {} }
  for _, entry in ipairs(entries or {}) do
    local code, place = towns.entry(entry)
    list.empty = false
    if code then
      list.codes[#list.codes + 1] = code
    else
      list.named[place.key] = true
      list.places[#list.places + 1], own[#own + 1] = place, place
    end
  end
  return list
end

-- The two lists made ready, once for all chats.
---@param business {serves?: string[], not_served?: string[]}
function M.prepare(business)
  local own = {}
  local lists = { serves = read(business.serves, own), not_served = read(business.not_served, own) }
  lists.own = towns.own(own)
  lists.empty = lists.serves.empty and lists.not_served.empty
  return lists
end

-- ---- one place -----------------------------------------------------------------------------------------------------

local BY_NAME = 10 -- a place that is named beats the beginning of its postal codes; of two beginnings the longer one wins

local function listed(place, list) return list.named[place.key] and BY_NAME or covered(place.codes, list.codes) end

-- "in", "out", "unclear", or "elsewhere": in neither list, nor is what it lies in. What is nearest decides: with Toronto in `serves`
-- and Scarborough in `not_served`, Scarborough is out. Thornhill lies in two towns: they must agree.
local function find(place, lists)
  local served, refused = listed(place, lists.serves) or 0, listed(place, lists.not_served) or 0
  if served ~= refused then return served > refused and "in" or "out" end
  if served > 0 then return "unclear" end
  local found
  for _, parent in ipairs(place.parents) do
    local one = find(parent, lists)
    if found and found ~= one then return "unclear" end
    found = one
  end
  return found or "elsewhere"
end

-- Can a part that we serve lie in this place? We serve only Streetsville, and the address says Mississauga.
local function holds_served(place, serves)
  local whole = place.code and place.parents[1] or place
  for _, part in ipairs(serves.places) do
    if part.own and part.region then return true end -- "Simcoe and area": only the owner knows what lies in it
    local apart = place.code and not whole.region and #part.codes > 0 and not touches(place.codes, part.codes)
    if lies_in(part, whole) and not apart then return true end
  end
  return touches(place.codes, serves.codes)
end

local function judge_place(place, lists)
  local found = find(place, lists)
  if found == "in" or found == "out" then return found end
  if found == "elsewhere" and not lists.serves.empty and not holds_served(place, lists.serves) then return "out" end
  return nil
end

-- ---- an address, and what somebody says ------------------------------------------------------------------------------

-- What all these places are. "Scarborough, Toronto" is Scarborough, when we know about Scarborough.
local function agree(places, lists)
  if not places or #places == 0 then return nil end
  local known = {}
  for _, place in ipairs(places) do
    if judge_place(place, lists) then known[#known + 1] = place end
  end
  local verdict, name
  for _, place in ipairs(known) do
    local wider = false
    for _, other in ipairs(known) do wider = wider or other ~= place and lies_in(other, place) end
    local one = not wider and judge_place(place, lists)
    if one and verdict and one ~= verdict then return nil end
    if one then verdict, name = one, name or place.name end
  end
  return verdict, name
end

-- "The postal code wins over words when both speak."
local function decide(codes, named, lists)
  local verdict, name = agree(codes, lists)
  if verdict then return verdict, name end
  return agree(named, lists)
end

local function address_of(address, lists)
  local codes, named = towns.named(address, lists.own)
  return decide(codes, named, lists)
end

-- Two lists as one.
local function appended(list, more) return list and #list > 0 and table.move(more, 1, #more, #list + 1, list) or more end

local function said_in(texts, lists)
  local codes, named, others
  for _, message in ipairs(texts) do
    local more, names, besides = towns.said(message, lists.own)
    codes, named, others = appended(codes, more), appended(named, names), appended(others, besides)
  end
  local verdict, name = decide(codes, named, lists)
  if verdict == "out" and agree(others, lists) == "in" then return nil end -- "I live in Hamilton, the couch is at 5 Bay St, Toronto"
  return verdict, name
end

local last = { [address_of] = {}, [said_in] = {} }

-- What a judge says of a text. The last judgement is kept, because a turn asks twice.
local function once(judge, s, lists, said)
  local kept = last[judge]
  if kept.s ~= s or kept.lists ~= lists then
    kept.verdict, kept.place = judge(said, lists)
    kept.s, kept.lists = s, lists
  end
  return kept.verdict, kept.place
end

---@param address? string
---@param lists? table from prepare
---@return "in"|"out"|nil verdict
---@return string? place its name
function M.judge(address, lists)
  if not address or not lists or lists.empty then return nil end
  return once(address_of, address, lists, address)
end

-- The same for what a customer writes, where no address was asked for: "im in Hamilton do u come here", "do you serve Barrie?".
---@param texts string[]
---@param lists? table
function M.judge_said(texts, lists)
  if not lists or lists.empty or #texts == 0 then return nil end
  return once(said_in, table.concat(texts, "\0"), lists, texts)
end

-- Where the chat's pickup lies. The address decides; when it does not say where it is, the newest place that the customer named.
---@param data table<string, string> what is known
---@param fields string[]
---@param remembered? string the place that the customer named in an earlier turn
---@param texts string[] what the customer wrote in this turn
---@param lists? table
---@return {verdict?: "in"|"out", place?: string, said?: string, corrected?: boolean} said: the place to remember; corrected: the known
---  address is outside, and what the customer writes now is inside
function M.of_chat(data, fields, remembered, texts, lists)
  for _, field in ipairs(fields) do
    local verdict, place = M.judge(data[field] and understand.kind_of(field) == "address" and data[field] or nil, lists)
    if verdict then
      return { verdict = verdict, place = place, said = remembered,
        corrected = verdict == "out" and M.judge_said(texts, lists) == "in" or nil }
    end
  end
  local now, named = M.judge_said(texts, lists)
  if now then return { verdict = now, place = named, said = named } end
  local verdict, place = M.judge(remembered and remembered .. ", Canada", lists)
  return { verdict = verdict, place = place, said = remembered }
end

return M
