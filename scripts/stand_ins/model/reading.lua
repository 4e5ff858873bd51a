-- Reads the system prompt that the stand-in model is sent, and answers from it: who it is, a rule, hours, places, the owner's answers. So
-- a change of these is visible in the sandbox. It is no real model: it finds words, and understands nothing. Pure.

local plain = require "language.text"

local M = {}

local LISTS = { "serves", "not_served", "links", "phones" }

---@class stand_ins.Prompt
---@field identity string
---@field rules string[]
---@field fields string[]
---@field workflow string
---@field serves string[]
---@field not_served string[]
---@field links string[]
---@field phones string[]
---@field hours? string
---@field answers {words: string, text: string}[]

local function listed(s)
  local list = {}
  for item in s:gmatch("[^,]+") do list[#list + 1] = plain.trim(item) end
  return list
end

-- The lines of a prompt by their heads. A line without one goes on with the text before it.
local HEADS = {
  { "^Identity: (.*)$", "identity" }, { "^Business Rules:()$", "rules" }, { "^Quote Fields Needed: (.*)$", "fields" },
  { "^Workflow: (.*)$", "workflow" }, { "^Places We Serve[^:]*: (.*)$", "serves" }, { "^Places We Do Not Serve: (.*)$", "not_served" },
  { "^Business Hours: (.*)$", "hours" }, { "^Our Links: (.*)$", "links" }, { "^Our Phones: (.*)$", "phones" },
  { "^Answer To (.*)$", "answer" }, { "^Output STRICT()", "form" },
}

local function head_of(line)
  for _, head in ipairs(HEADS) do
    local value = line:match(head[1])
    if value then return head[2], type(value) == "string" and value or "" end
  end
end

---@param text string the system prompt
---@return stand_ins.Prompt? prompt nil: it is not in our form
function M.read(text)
  local found, rules, answers, last = {}, {}, {}, nil
  for line in plain.lines(text) do
    local name, value = head_of(line)
    if name == "form" then break end
    if name == "answer" then
      local words, said = value:match('^"([^"]*)": (.*)$')
      if words then answers[#answers + 1] = { words = words, text = said } end
    elseif name then
      found[name] = found[name] or value
    elseif last == "rules" and line:find("^%- ") then
      rules[#rules + 1] = line:sub(3)
    elseif last == "rules" and #rules > 0 then
      rules[#rules] = rules[#rules] .. " " .. line
    elseif last == "answer" and #answers > 0 then
      answers[#answers].text = answers[#answers].text .. "\n" .. line
    elseif last then
      found[last] = found[last] .. " " .. line
    end
    last = name or last
  end
  if not (found.identity and found.rules and found.fields and found.workflow) then return nil end
  local prompt = { identity = found.identity, rules = rules, answers = answers, fields = listed(found.fields), workflow = found.workflow,
    hours = found.hours }
  for _, name in ipairs(LISTS) do prompt[name] = listed(found[name] or "") end
  return prompt
end

-- ---- answers -----------------------------------------------------------------------------------------------------------

local MOST_WORDS = 6 -- of the identity: a longer piece of it is the prompt's own text, which no customer may read

-- "You are Max, the helper of Junk Kings. Be brief." → "I'm Max, the helper of Junk Kings, an automated assistant."
local function in_first_person(identity)
  local said = identity:match("^%s*[Yy]ou are ([^.!?\n]+)") or identity:match("^%s*[Yy]ou're ([^.!?\n]+)")
  local words = plain.split(said or "")
  if #words == 0 then return nil end
  local name = table.concat(words, " ", 1, math.min(#words, MOST_WORDS)) .. (#words > MOST_WORDS and " …" or "")
  return "I'm " .. name .. (name:lower():find("assistant", 1, true) and "." or ", an automated assistant.")
end

local COMMON = plain.set [[your what with have will this that from about take does could would should remove haul pick accept collect rules
  rule policy when where their there them they some also any old and the for are our not can dispose take]]

-- The rule that shares most telling words with the question.
local function rule_about(prompt, asked)
  local best, most
  for _, rule in ipairs(prompt.rules) do
    local count, words = 0, " " .. plain.words(rule) .. " "
    for word in asked:gmatch("%S+") do
      local stem = #word > 4 and word:sub(-1) == "s" and word:sub(1, -2) or word
      if #stem > 2 and not COMMON[word] and words:find(" " .. stem, 1, true) then count = count + 1 end
    end
    if count > (most or 0) then best, most = rule, count end
  end
  return best
end

local WHO = { " who are you ", " what are you ", " your name ", " are you a bot ", " are you a robot ",
  " are you an ai ", " qui etes vous " }
local RULES = { " rule", " policy", " allowed", " allow " }
local TAKES = { " do you take ", " do u take ", " can you take ", " will you take ", " do you accept ", " do you remove ", " do you haul ",
  " can you remove ", " do you pick up ", " can you haul ", " can you dispose ", " do you dispose " }
local OPEN = { " open ", " opening ", " hours ", " closed ", " close at ", " horaire ", " heures d ouverture " }
local PLACES = { " come to ", " do you serve ", " do you service ", " do you go to ", " where do you work ", " which areas ",
  " what areas ", " your area ", " service area ", " do u come ", " do you cover ", " where do you go " }
local SITE, PHONE = { " website ", " web site ", " your link ", " web page " }, { " your phone ", " your number ", " call you " }

local function has(asked, list) return plain.found_in(asked, list) ~= nil end

local function place_in(asked, list)
  for _, place in ipairs(list) do
    if asked:find(" " .. plain.words(place) .. " ", 1, true) then return place end
  end
end

local function about_places(prompt, asked)
  local place, foreign = place_in(asked, prompt.serves), place_in(asked, prompt.not_served)
  if foreign then return "Sorry, we do not come to " .. foreign .. "." end
  if place then return "Yes, we come to " .. place .. "." end
  return #prompt.serves > 0 and "We come to " .. table.concat(prompt.serves, ", ") .. "." or nil
end

---What the prompt says about a question; nil: nothing that words alone can find.
---@param prompt stand_ins.Prompt
---@param text string what the customer wrote
---@return string?
function M.answer(prompt, text)
  local asked = " " .. plain.words(text) .. " "
  for _, answer in ipairs(prompt.answers) do
    if asked:find(" " .. plain.words(answer.words) .. " ", 1, true) then return answer.text end
  end
  if has(asked, WHO) then return in_first_person(prompt.identity) end
  if has(asked, RULES) or has(asked, TAKES) then
    local rule = rule_about(prompt, asked) or has(asked, RULES) and prompt.rules[1]
    return rule and ("Our rule: \"%s\""):format(rule) or nil
  end
  if prompt.hours and has(asked, OPEN) then return "Our hours: " .. prompt.hours .. "." end
  if has(asked, PLACES) then return about_places(prompt, asked) end
  if has(asked, SITE) and prompt.links[1] then return "Our website: " .. prompt.links[1] end
  if has(asked, PHONE) and prompt.phones[1] then return "Our phone number: " .. prompt.phones[1] end
end

---What the workflow says to do when all fields are known; nil: it does not say.
---@param prompt stand_ins.Prompt
---@return string?
function M.final_action(prompt)
  return prompt.workflow:match("action to ['\"]?(%l+)")
end

return M
